/**
 * Which account here is whose at another provider: linked by its owner, by the operator, or by the operator's rule. Never by a name or address that
 * someone may have chosen for themselves. https://openid.net/specs/openid-connect-core-1_0.html#ClaimStability
 */
import { secretId } from '../../access/access-token.ts';
import type { TokenStore } from '../../store/ports.ts';
import { accountOf } from '../accounts.ts';
import type { Upstream, UpstreamPerson } from './upstream.ts';

export interface Link {
  /** of the record: what pages name it by */
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  /** ms since 1970 */
  readonly addedAt: number;
}

type Kept = Omit<Link, 'id'> & { readonly accountId: string };

export const LINK = 'UpstreamLink';

type Identity = Pick<UpstreamPerson, 'issuer' | 'subject'>;

const idOf = ({ issuer, subject }: Identity): string => secretId(JSON.stringify([issuer, subject]));

/** False: it is linked to an account already. */
export async function addLink(
  tokens: TokenStore,
  accountId: string,
  who: Identity,
  now: number,
): Promise<boolean> {
  const { issuer, subject } = who;
  const kept: Kept = { accountId, issuer, subject, addedAt: now };
  return tokens.add({ model: LINK, id: idOf(who), uid: accountId, payload: JSON.stringify(kept) }, now);
}

export async function linksOf(tokens: TokenStore, accountId: string, now: number): Promise<readonly Link[]> {
  const records = await tokens.findBy('uid', accountId, now, { model: LINK });
  return records.map(({ id, payload }) => {
    const { issuer, subject, addedAt } = JSON.parse(payload) as Kept;
    return { id, issuer, subject, addedAt };
  });
}

/** False: it is not this account's. */
export async function removeLink(
  tokens: TokenStore,
  accountId: string,
  id: string,
  now: number,
): Promise<boolean> {
  const record = await tokens.find(LINK, id, now);
  return record?.uid === accountId && (await tokens.remove(LINK, id));
}

export async function removeLinks(tokens: TokenStore, accountId: string, now: number): Promise<void> {
  for (const { id } of await tokens.findBy('uid', accountId, now, { model: LINK }))
    await tokens.remove(LINK, id);
}

/** The id of the account of who comes from there; undefined: nobody's here. */
export async function linkedAccount(
  tokens: TokenStore,
  upstream: Upstream,
  who: UpstreamPerson,
  now: number,
): Promise<string | undefined> {
  const record = await tokens.find(LINK, idOf(who), now);
  return record ? record.uid : byRule(tokens, upstream, who, now);
}

/**
 * By the operator's rule a claim is the user name. What it leads to is linked from then on: another subject that comes with the same name later, as when a
 * name was given to someone else, does not get the account.
 */
async function byRule(
  tokens: TokenStore,
  { usernameClaim }: Upstream,
  who: UpstreamPerson,
  now: number,
): Promise<string | undefined> {
  if (usernameClaim === undefined) return undefined;
  const username = who.claims[usernameClaim];
  if (typeof username !== 'string' || username === '') return undefined;
  if (usernameClaim === 'email' && who.claims['email_verified'] !== true) return undefined;
  const account = await accountOf(tokens, username, now);
  if (!account || account.demo) return undefined;
  const links = await linksOf(tokens, account.id, now);
  if (links.some(({ issuer }) => issuer === who.issuer)) return undefined;
  return (await addLink(tokens, account.id, who, now)) ? account.id : undefined;
}
