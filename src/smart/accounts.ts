/**
 * Accounts: who may sign in, as what. Kept in the tenant's token store under the user name; a password only as its hash.
 * https://www.rfc-editor.org/rfc/rfc9700, https://pages.nist.gov/800-63-3/sp800-63b.html#memsecret
 */
import { randomUUID } from 'node:crypto';
import { fault } from '../fhir/model/outcome.ts';
import type { TokenRecord, TokenStore } from '../store/ports.ts';
import {
  forgetPlaces,
  forgive,
  giveBack,
  LIMITS,
  takeSlots,
  type Attempt,
  type Limits,
  type Taken,
} from './attempts.ts';
import { removeFactors } from './factors/factors.ts';
import { hashPassword, isOutdated, isPassword, TooManyWaiting } from './password.ts';

export const ROLES = ['practitioner', 'patient', 'related', 'operator'] as const;
export type Role = (typeof ROLES)[number];

export interface Account {
  /** the subject of tokens (`accountId` of a record): never given to another person, not even one of the same user name */
  readonly id: string;
  /** lower case */
  readonly username: string;
  readonly passwordHash: string;
  /** as a person is addressed */
  readonly name: string;
  /** `Practitioner/123`: the person as a resource of this tenant; none for an operator */
  readonly fhirUser?: string;
  readonly role: Role;
  readonly disabled?: boolean;
  /** ms since 1970: when the password was given */
  readonly passwordAt?: number;
  /** made with the demo, with a password that everyone knows */
  readonly demo?: boolean;
}

/** `credentials`: user name or password is wrong, and nothing says which. `disabled` is only told to who knows the password. */
export type SignIn =
  | { readonly account: Account }
  | { readonly refused: 'credentials' | 'disabled' }
  /** no password was looked at; `retryAfter` in whole seconds */
  | { readonly refused: 'too-many' | 'busy'; readonly retryAfter: number };

const MODEL = 'Account';
const SESSION_MODELS: readonly string[] = ['Session', 'SessionDevice'];
const USERNAME = /^[a-z0-9][a-z0-9._@+-]{0,63}$/;
const MOST_PASSWORD = 1024;
const LEAST_PASSWORD = 8;
const BUSY_SECONDS = 5;

/** The account of that user name, disabled ones too. */
export async function accountOf(
  tokens: TokenStore,
  username: string,
  now: number,
): Promise<Account | undefined> {
  const record = await tokens.find(MODEL, normal(username), now);
  return record && (JSON.parse(record.payload) as Account);
}

export async function accountById(tokens: TokenStore, id: string, now: number): Promise<Account | undefined> {
  const [record] = await tokens.findBy('uid', id, now, { model: MODEL, limit: 1 });
  return record && (JSON.parse(record.payload) as Account);
}

/** The accounts of a person who is a resource here, such as `RelatedPerson/1`. */
export async function accountsAs(
  tokens: TokenStore,
  fhirUser: string,
  now: number,
): Promise<readonly Account[]> {
  const records = await tokens.findBy('userCode', fhirUser, now, { model: MODEL });
  return records.map(({ payload }) => JSON.parse(payload) as Account);
}

export async function accounts(tokens: TokenStore, now: number): Promise<readonly Account[]> {
  const all: Account[] = [];
  for (let after: string | undefined; ; after = all.at(-1)!.username) {
    const page = await tokens.list(MODEL, now, 500, after);
    all.push(...page.map(({ payload }) => JSON.parse(payload) as Account));
    if (page.length < 500) return all;
  }
}

/**
 * Signs in. `address` is the client's network address; `device` a random value that the browser was given and keeps (a cookie), which lets the owner
 * of an account in while others guess. A sign-in takes the same time whether there is such an account or not.
 */
export async function signIn(
  tokens: TokenStore,
  username: string,
  password: string,
  address: string,
  now: number,
  { device, limits = LIMITS }: { readonly device?: string; readonly limits?: Limits } = {},
): Promise<SignIn> {
  const attempt: Attempt = { username: normal(username), address, device };
  const taken = await takeSlots(tokens, attempt, now, limits);
  if ('retryAfter' in taken) return { refused: 'too-many', retryAfter: taken.retryAfter };
  try {
    return await judge(tokens, attempt, password, taken, now);
  } catch (error) {
    await giveBack(tokens, taken.slots);
    if (error instanceof TooManyWaiting) return { refused: 'busy', retryAfter: BUSY_SECONDS };
    throw error;
  }
}

async function judge(
  tokens: TokenStore,
  attempt: Attempt,
  password: string,
  taken: Taken,
  now: number,
): Promise<SignIn> {
  const account = USERNAME.test(attempt.username)
    ? await accountOf(tokens, attempt.username, now)
    : undefined;
  const isRight = await isPassword(password.slice(0, MOST_PASSWORD), account?.passwordHash);
  if (!account || !isRight || password.length > MOST_PASSWORD) return { refused: 'credentials' };
  await forgive(tokens, attempt, taken, now);
  if (account.disabled) return { refused: 'disabled' };
  if (isOutdated(account.passwordHash) && !account.demo) await renew(tokens, account, password, now);
  return { account };
}

/** A hash from a time of cheaper machines is made anew while the password is at hand; not over a change made meanwhile. */
async function renew(tokens: TokenStore, account: Account, password: string, now: number): Promise<void> {
  const passwordHash = await hashPassword(password);
  const current = await accountOf(tokens, account.username, now);
  if (current?.passwordHash === account.passwordHash) await save(tokens, { ...current, passwordHash });
}

export interface NewAccount extends Omit<Account, 'id' | 'passwordHash' | 'passwordAt'> {
  /** a new one when absent */
  readonly id?: string;
  readonly password: string;
}

/** Makes an account. Throws FhirError when the user name is taken or cannot be one, or the password is too short. */
export async function addAccount(
  tokens: TokenStore,
  { password, ...wanted }: NewAccount,
  now: number,
): Promise<Account> {
  const username = checkedName(wanted.username);
  if (!wanted.demo) checkPassword(password, username);
  const passwordHash = await hashPassword(password);
  const account: Account = { id: randomUUID(), ...wanted, username, passwordHash, passwordAt: now };
  if (await tokens.add(recordOf(account), now)) return account;
  throw fault('conflict', `There is an account "${username}" already: choose another user name`);
}

/**
 * A new password ends every session, `but` the one in which it is given, and every access that was given under the old one. False: there is no such
 * account.
 */
export async function setPassword(
  tokens: TokenStore,
  username: string,
  password: string,
  now: number,
  { but }: { readonly but?: string } = {},
): Promise<boolean> {
  const account = await accountOf(tokens, username, now);
  if (!account) return false;
  checkPassword(password, account.username);
  const passwordHash = await hashPassword(password);
  await save(tokens, { ...account, passwordHash, passwordAt: now, demo: undefined });
  await endAccess(tokens, account.id, now, but);
  return true;
}

/** Disabled: cannot sign in, and what was given is taken back. False: there is no such account. */
export async function setDisabled(
  tokens: TokenStore,
  username: string,
  disabled: boolean,
  now: number,
): Promise<boolean> {
  const account = await accountOf(tokens, username, now);
  if (!account) return false;
  await save(tokens, { ...account, disabled: disabled || undefined });
  if (disabled) await endAccess(tokens, account.id, now);
  return true;
}

/** Removes the account and all that was given in its name. False: there was none. */
export async function removeAccount(tokens: TokenStore, username: string, now: number): Promise<boolean> {
  const account = await accountOf(tokens, username, now);
  if (!account || !(await tokens.remove(MODEL, account.username))) return false;
  await endAccess(tokens, account.id, now);
  await forgetPlaces(tokens, account.username, now);
  await removeFactors(tokens, account.id, now);
  for (const { model, id } of await tokens.findBy('uid', account.id, now)) await tokens.remove(model, id);
  return true;
}

/** Takes back sessions, but the one of this uid, grants and tokens of an account. */
export async function endAccess(tokens: TokenStore, id: string, now: number, but?: string): Promise<void> {
  const given = await tokens.findBy('accountId', id, now);
  const grants = new Set(
    given.flatMap(({ model, id: key, grantId }) => (model === 'Grant' ? key : (grantId ?? []))),
  );
  for (const grantId of grants) await tokens.removeGrant(grantId);
  for (const { model, id: key, uid } of given) {
    const stays = but !== undefined && uid === but && SESSION_MODELS.includes(model);
    if (!stays) await tokens.remove(model, key);
  }
}

const save = (tokens: TokenStore, account: Account): Promise<void> => tokens.put(recordOf(account));

const recordOf = (account: Account): TokenRecord => ({
  model: MODEL,
  id: account.username,
  uid: account.id,
  // A lookup field that nothing else of this model uses: an account is found by the person that it is.
  ...(account.fhirUser !== undefined && { userCode: account.fhirUser }),
  payload: JSON.stringify(account),
});

/** People type capitals and spaces that no user name has. */
const normal = (username: string): string => username.slice(0, 256).normalize('NFKC').trim().toLowerCase();

function checkedName(username: string): string {
  const name = normal(username);
  if (USERNAME.test(name)) return name;
  throw fault(
    'value',
    `"${name.slice(0, 80)}" cannot be a user name: use 1 to 64 of a-z, 0-9 and . _ @ + -, beginning with a letter or digit`,
  );
}

function checkPassword(password: string, username: string): void {
  if ([...password].length < LEAST_PASSWORD)
    throw fault('value', `The password is too short: use ${LEAST_PASSWORD} characters or more`);
  if (password.length > MOST_PASSWORD)
    throw fault('value', `The password is too long: use ${MOST_PASSWORD} characters or less`);
  if (normal(password) === username)
    throw fault('value', 'The password is the user name: choose another one');
}
