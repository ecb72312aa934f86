/**
 * Names of cookies that browsers themselves keep to https, and, where a cookie is for the whole origin, to this very host: no other host of the domain can
 * set one under such a name. On plain http, which is this machine alone, they have no prefix. https://www.rfc-editor.org/rfc/rfc6265#section-4.1.3,
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3
 */

/** For a cookie with `Path=/`. */
export const hostCookie = (origin: string, name: string): string =>
  origin.startsWith('https:') ? `__Host-${name}` : name;

/** For a cookie of some paths only. */
export const pathCookie = (origin: string, name: string): string =>
  origin.startsWith('https:') ? `__Secure-${name}` : name;
