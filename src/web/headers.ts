/**
 * What a browser is told of our pages: nothing but our own origin is loaded, no script or style stands in a page, and no one frames a page on which
 * a person decides something. https://www.w3.org/TR/CSP3/ and RFC 9700 section 4.16 (clickjacking)
 */

const POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'";

const ALWAYS = {
  'content-type': 'text/html; charset=utf-8',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
} as const;

/**
 * Pages of a launch: personal, kept by no cache, framed by no one. Their forms may end, by redirects, at any app, which `form-action` would
 * forbid in Chromium, so it is not set. An app opens the sign-in in a window of its own and waits for it: no opener policy here.
 */
export const LAUNCH_PAGE: Readonly<Record<string, string>> = {
  ...ALWAYS,
  'content-security-policy': `${POLICY}; frame-ancestors 'none'`,
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'unsafe-none',
  'cache-control': 'no-store',
};

/** Pages that are the same for everyone. */
export const PUBLIC_PAGE: Readonly<Record<string, string>> = {
  ...ALWAYS,
  'content-security-policy': `${POLICY}; form-action 'self'; frame-ancestors 'none'`,
  'x-frame-options': 'DENY',
  'cache-control': 'no-cache',
};

/** Pages that name a person. */
export const PERSONAL_PAGE: Readonly<Record<string, string>> = {
  ...PUBLIC_PAGE,
  'cache-control': 'no-store',
};

/** Its forms launch apps, which may be at home elsewhere: Chromium would hold `form-action` against the redirect to them. */
export const GALLERY_PAGE: Readonly<Record<string, string>> = {
  ...PERSONAL_PAGE,
  'content-security-policy': `${POLICY}; frame-ancestors 'none'`,
};

/** What is no page and does not say otherwise: nothing in it runs, and nobody frames it. */
export const NO_PAGE: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** Who came by https comes by https for a year. https://www.rfc-editor.org/rfc/rfc6797 */
export const STAY_SECURE = ['strict-transport-security', 'max-age=31536000'] as const;

/** Files of the sample apps: they run on our origin, speak with us alone, and are framed by our chart alone. */
export const APP_FILE: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': `${POLICY}; frame-ancestors 'self'`,
  'x-frame-options': 'SAMEORIGIN',
  'cache-control': 'no-cache',
};
