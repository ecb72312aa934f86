/**
 * The door of the pages of our own: who is in front of them, by the session of the authorization server, and the way to a fresh or stronger sign-in
 * that comes back to the very page and form. https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest (max_age, acr_values)
 */
import type Provider from 'oidc-provider';
import { isAtLeast } from './acr.ts';
import { browserSession } from './browser-session.ts';
import { noteDevice } from './devices.ts';
import { keepDraft, takeDraft } from './drafts.ts';
import { formProof, ownerMark, ownerOfForm, provesForm } from './form-proof.ts';
import type { SmartTenant } from './tenant.ts';
import type { Assurance, Door, Draft, Visitor } from './visitor.ts';

export const SIGN_IN_PATH = '/sign-in';
export const SIGN_OUT_PATH = '/sign-out';

/** `provider`: that of the tenant in this thread, whose keys may change. */
export function doorOf(tenant: SmartTenant, provider: () => Promise<Provider>): Door {
  const { tokens, keys } = tenant;
  const signIn = (returnTo: string, asked: Assurance = {}): string => signInAddress(tenant, returnTo, asked);
  return {
    visitor: async (request, response) => {
      const session = await browserSession(await provider(), request, response);
      const account = session && (await tenant.accounts.find(session.accountId));
      if (!session || !account || account.disabled) return undefined;
      const { uid: sessionUid, authTime, acr } = session;
      await noteDevice(tenant, session, request, Date.now());
      return {
        account,
        sessionUid,
        authTime,
        acr,
        csrf: formProof(keys, { accountId: account.id, sessionUid }),
      };
    },
    proves: (visitor, csrf) => provesForm(keys, makerOf(visitor), csrf),
    meets: (visitor, asked) => meets(visitor, asked, Date.now()),
    signIn,
    signInWithDraft: async (visitor, draft, asked) => {
      const owner = ownerOfForm(keys, csrfIn(draft));
      const isTheirs = owner !== undefined && (!visitor || owner === ownerMark(keys, visitor.account.id));
      const id = isTheirs ? await keepDraft(tokens, keys, owner, draft, Date.now()) : undefined;
      return signIn(id === undefined ? draft.path : withQuery(draft.path, 'draft', id), asked);
    },
    draft: (visitor, id) => takeDraft(tokens, keys, ownerMark(keys, visitor.account.id), id, Date.now()),
  };
}

const makerOf = ({ account, sessionUid }: Visitor) => ({ accountId: account.id, sessionUid });

/** Nobody else's page has a form of ours to send: one without its proof is not kept. */
const csrfIn = ({ fields }: Draft): string => fields.find(([name]) => name === 'csrf')?.[1] ?? '';

/** Whether a sign-in is as strong and as fresh as is asked; `now` in ms. */
export function meets(
  { acr, authTime }: Pick<Visitor, 'acr' | 'authTime'>,
  asked: Assurance,
  now: number,
): boolean {
  if (asked.acr !== undefined && !isAtLeast(acr, asked.acr)) return false;
  return asked.maxAge === undefined || Math.floor(now / 1000) - authTime <= asked.maxAge;
}

export function signInAddress(
  { mount }: Pick<SmartTenant, 'mount'>,
  returnTo: string,
  asked: Assurance,
): string {
  const query = new URLSearchParams({ return: returnTo });
  if (asked.acr !== undefined) query.set('acr', asked.acr);
  if (asked.maxAge !== undefined) query.set('max_age', String(asked.maxAge));
  return `${mount}${SIGN_IN_PATH}?${query.toString()}`;
}

function withQuery(path: string, name: string, value: string): string {
  const [, before = '', hash = ''] = /^([^#]*)(#.*)?$/s.exec(path) ?? [];
  return `${before}${before.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value)}${hash}`;
}
