/**
 * SMART App Launch with nothing but fetch: discovery, authorization code with PKCE, token, refresh. For a public client in a browser.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
 */
const STATE = 'my-record';

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

export const kept = () => JSON.parse(sessionStorage.getItem(STATE) ?? 'null');
const keep = (state) => sessionStorage.setItem(STATE, JSON.stringify(state));
export const forget = () => sessionStorage.removeItem(STATE);

async function asJson(response) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const why = body.error_description ?? body.error ?? body.issue?.[0]?.diagnostics ?? response.statusText;
  throw new Error(`${response.status}: ${why}`);
}

/** Leaves the page for the authorization server of `iss`; it comes back to `redirectUri` with `code` and `state`. */
export async function authorize({ iss, clientId, scope, redirectUri, launch }) {
  const endpoints = await asJson(
    await fetch(`${iss}/.well-known/smart-configuration`, { headers: { accept: 'application/json' } }),
  );
  const [state, verifier] = [random(), random()];
  const challenge = base64url(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)));
  keep({ iss, clientId, redirectUri, state, verifier, tokenEndpoint: endpoints.token_endpoint });
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    state,
    aud: iss,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...(launch && { launch }),
  });
  location.assign(`${endpoints.authorization_endpoint}?${query}`);
}

/** The way back: the code becomes tokens. Gives the token response (`access_token`, `patient`, …). */
export async function finish(parameters) {
  const begun = kept();
  history.replaceState(null, '', location.pathname);
  if (parameters.has('error'))
    throw new Error(parameters.get('error_description') ?? parameters.get('error'));
  if (!begun || parameters.get('state') !== begun.state)
    throw new Error('this answer belongs to another launch: start again');
  return tokens(begun, {
    grant_type: 'authorization_code',
    code: parameters.get('code'),
    redirect_uri: begun.redirectUri,
    code_verifier: begun.verifier,
  });
}

/** A new access token for the refresh token; the server gives a new refresh token each time and takes the old one only once. */
export function refresh() {
  const state = kept();
  return tokens(state, { grant_type: 'refresh_token', refresh_token: state.token.refresh_token });
}

async function tokens(state, fields) {
  const body = new URLSearchParams({ ...fields, client_id: state.clientId });
  const token = await asJson(await fetch(state.tokenEndpoint, { method: 'POST', body }));
  keep({ ...state, token: { ...state.token, ...token }, expires: Date.now() + token.expires_in * 1000 });
  return token;
}

/** Reads from the FHIR server; refreshes first when the access token is about to end. */
export async function read(path) {
  if (kept().expires - Date.now() < 10_000 && kept().token.refresh_token) await refresh();
  const { iss, token } = kept();
  const url = path.startsWith('http') ? path : `${iss}/${path}`;
  return asJson(
    await fetch(url, {
      headers: { accept: 'application/fhir+json', authorization: `Bearer ${token.access_token}` },
    }),
  );
}

/** All resources of a search, page after page. */
export async function readAll(path) {
  const found = [];
  for (let next = path; next;) {
    const page = await read(next);
    found.push(
      ...(page.entry ?? []).filter(({ search }) => search?.mode === 'match').map(({ resource }) => resource),
    );
    next = page.link?.find(({ relation }) => relation === 'next')?.url;
  }
  return found;
}
