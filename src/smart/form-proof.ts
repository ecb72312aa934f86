/**
 * The hidden field `csrf` of the forms of our own pages. It is bound to the session, and says for whom the form was made in a way that holds when the
 * session is over by the time the form is sent: so a draft finds its way back to who wrote it and to no one else.
 * https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
import { secretId } from '../access/access-token.ts';
import { sameText, type TenantKeys } from './sealing.ts';

interface Maker {
  readonly accountId: string;
  readonly sessionUid: string;
}

const FORM = /^([\w-]{22})\.([\w-]{22})\.([\w-]{43})$/;

const session = (uid: string): string => secretId(`form ${uid}`).slice(0, 22);

/** Names an account without telling which. */
export const ownerMark = (keys: TenantKeys, accountId: string): string =>
  keys.proof(`owner of a form ${accountId}`).slice(0, 22);

const seal = (keys: TenantKeys, uid: string, owner: string): string =>
  `${uid}.${owner}.${keys.proof(`form of a page ${uid} ${owner}`)}`;

export const formProof = (keys: TenantKeys, { accountId, sessionUid }: Maker): string =>
  seal(keys, session(sessionUid), ownerMark(keys, accountId));

export const provesForm = (keys: TenantKeys, maker: Maker, csrf: string): boolean =>
  sameText(csrf, formProof(keys, maker));

/** For whom a form was made, whatever became of their session; undefined: it is not a form of ours. */
export function ownerOfForm(keys: TenantKeys, csrf: string): string | undefined {
  const [, uid, owner] = FORM.exec(csrf) ?? [];
  return uid !== undefined && owner !== undefined && sameText(csrf, seal(keys, uid, owner))
    ? owner
    : undefined;
}
