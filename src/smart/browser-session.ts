/**
 * The session of a browser, which the library keeps for launches, as our own pages use it: who is signed in, how strongly and since when; signing in
 * without an app. https://openid.net/specs/openid-connect-core-1_0.html#Authenticates
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { acrOf, amrOf, methodsOf, type Method } from './acr.ts';
import { endSession } from './grant.ts';
import { SESSION_SECONDS } from './provider.ts';
import type { SmartTenant } from './tenant.ts';

export interface BrowserSession {
  readonly uid: string;
  readonly accountId: string;
  /** seconds since 1970 */
  readonly authTime: number;
  readonly acr: string;
  readonly amr: readonly string[];
}

/** undefined: nobody is signed in. Whether the account is still good is not looked at. */
export async function browserSession(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<BrowserSession | undefined> {
  const { uid, accountId, loginTs, acr, amr } = await provider.Session.get(
    provider.createContext(request, response),
  );
  if (accountId === undefined || loginTs === undefined) return undefined;
  return { uid, accountId, authTime: loginTs, acr: acr ?? acrOf(amr ?? []), amr: amr ?? [] };
}

/** Signs an account in. Another person's session in this browser ends; one's own goes on under another name. */
export async function openSession(
  tenant: SmartTenant,
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  signedIn: { readonly accountId: string; readonly methods: readonly Method[] },
): Promise<BrowserSession> {
  const { accountId, methods } = signedIn;
  const ctx = provider.createContext(request, response);
  let session = await provider.Session.get(ctx);
  if (session.accountId !== undefined && session.accountId !== accountId) {
    await endSession(tenant.tokens, session.uid);
    session = new provider.Session();
  }
  const [acr, amr] = [acrOf(methods), [...amrOf(methods)]];
  session.loginAccount({ accountId, acr, amr });
  session.resetIdentifier();
  await session.save(SESSION_SECONDS);
  setSessionCookie(provider, ctx, session.jti);
  return { uid: session.uid, accountId, authTime: session.loginTs!, acr, amr };
}

/** Another proof in the same session: what was shown before is not asked for again. */
export async function strengthenSession(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  method: Method,
): Promise<void> {
  const session = await provider.Session.get(provider.createContext(request, response));
  if (session.accountId === undefined) return;
  const methods = [...new Set([...methodsOf(session.amr ?? []), method])];
  Object.assign(session, { acr: acrOf(methods), amr: [...amrOf(methods)] });
  await session.persist();
}

type Context = ReturnType<Provider['createContext']>;

function setSessionCookie(provider: Provider, ctx: Context, id: string | null): void {
  const secure = ctx.secure;
  const expires = new Date(Date.now() + SESSION_SECONDS * 1000);
  ctx.cookies.set(provider.cookieName('session'), id, {
    httpOnly: true,
    sameSite: 'lax',
    secure,
    signed: true,
    overwrite: true,
    ...(id !== null && { expires }),
  });
}

/** Ends the session of this browser, and what was to last as long as it. Gives what it was; undefined: nobody was signed in. */
export async function closeSession(
  tenant: SmartTenant,
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Pick<BrowserSession, 'uid' | 'accountId'> | undefined> {
  const ctx = provider.createContext(request, response);
  const { uid, accountId } = await provider.Session.get(ctx);
  if (accountId !== undefined) await endSession(tenant.tokens, uid);
  setSessionCookie(provider, ctx, null);
  return accountId === undefined ? undefined : { uid, accountId };
}
