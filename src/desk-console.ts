/** What the console is given of the house, and how its deeds are done: noted with their reason first, then done. */
import { randomBytes } from 'node:crypto';
import { whoOf, type DeskOptions } from './desk-account.ts';
import { FhirError } from './fhir/model/outcome.ts';
import { explained, faultsOf, policyOn, shelf, shelve, unshelve } from './policy-shelf.ts';
import type { TenantRecord } from './rest/record.ts';
import * as accounts from './smart/accounts.ts';
import { livingAgreements, livingAgreement, type LivingAgreement } from './smart/agreements.ts';
import { keptAppView } from './smart/app-view.ts';
import { connected, endConnection, type Connection } from './smart/connected-apps.ts';
import { devicesOf, endDevice } from './smart/devices.ts';
import { removeFactors } from './smart/factors/factors.ts';
import { overlapOf, rotateSecret } from './smart/old-secret.ts';
import { permissionsOf } from './smart/permissions.ts';
import * as registered from './smart/registered-clients.ts';
import { tenantKeys } from './smart/sealing.ts';
import type { Visitor } from './smart/visitor.ts';
import type { TokenStore } from './store/ports.ts';
import * as view from './web/console/view.ts';

const PAGE = 50;
const MOST_GIVEN = 50;

interface Room extends DeskOptions {
  readonly record: TenantRecord;
  readonly tokens: TokenStore;
  readonly base: string;
}

export function consoleDesk(options: DeskOptions): view.ConsoleDesk {
  const room = async (): Promise<Room> => {
    const record = (await options.composition.record('default'))!;
    return { ...options, record, tokens: record.store.tokens, base: `${options.publicUrl}/fhir` };
  };
  return {
    door: async () => (await options.composition.door('default'))!,
    home: async () => home(await room()),
    users: async (search, after) => users(await room(), search, after),
    user: async (username) => user(await room(), username),
    clients: async (after) => clients(await room(), after),
    client: async (id) => client(await room(), id),
    policies: async () => shelf((await room()).record),
    policy: async (id) => policyOn((await room()).record, id),
    checkPolicy: async (text) => faultsOf((await room()).record, text),
    explain: async (who, method, url, policy) => {
      const { record, base } = await room();
      return explained(record, base, { who, method, url, policy });
    },
    trail: async () => ({ rows: [] }),
    unusual: async () => undefined,
    act: async (visitor, deed, reason) => act(await room(), visitor, deed, reason),
  };
}

async function home({ record, tokens }: Room): Promise<view.ConsoleHome> {
  const now = Date.now();
  const isReady = await record.store.ping().then(
    () => true,
    () => false,
  );
  const [people, apps] = await Promise.all([
    tokens.list('Account', now, view.MOST_COUNTED + 1),
    tokens.list('Client', now, view.MOST_COUNTED + 1),
  ]);
  return { isReady, users: people.length, clients: apps.length, unusual: undefined };
}

const rowOf = ({ id, username, name, role, fhirUser, disabled }: accounts.Account): view.UserRow => ({
  id,
  username,
  name,
  role,
  disabled: disabled === true,
  ...(fhirUser !== undefined && { fhirUser }),
});

/** User names stand in order, so those that begin alike stand together. */
async function users(
  { tokens }: Room,
  search: string,
  after?: string,
): Promise<{ readonly users: readonly view.UserRow[]; readonly next?: string }> {
  const now = Date.now();
  const begin = search.trim().toLowerCase();
  const exact =
    after === undefined && begin !== '' ? await accounts.accountOf(tokens, begin, now) : undefined;
  const page = await tokens.list('Account', now, PAGE, after ?? begin);
  const found = page.filter(({ id }) => id.startsWith(begin));
  const rows = [
    ...(exact ? [exact] : []),
    ...found.map(({ payload }) => JSON.parse(payload) as accounts.Account),
  ].map(rowOf);
  const hasMore = page.length === PAGE && found.length === PAGE;
  return { users: rows, ...(hasMore && { next: found.at(-1)!.id }) };
}

async function user(room: Room, username: string): Promise<view.UserView | undefined> {
  const { tokens, record } = room;
  const now = Date.now();
  const account = await accounts.accountOf(tokens, username, now);
  if (!account) return undefined;
  const keys = tenantKeys(record.store.secret);
  const [devices, agreements] = await Promise.all([
    devicesOf({ tokens, keys }, account.id, now),
    livingAgreements(tokens, { accountId: account.id }, now),
  ]);
  const sessions = devices.map(({ sessionUid, browser, address, since, usedAt }) => ({
    id: sessionUid,
    accountId: account.id,
    device: browser,
    address,
    since,
    usedAt,
  }));
  return { ...rowOf(account), sessions, given: await givenOf(room, agreements) };
}

async function givenOf(
  room: Room,
  agreements: readonly LivingAgreement[],
): Promise<readonly view.GivenRow[]> {
  const now = Date.now();
  const those = connected(agreements, now).slice(0, MOST_GIVEN);
  return Promise.all(those.map((one) => givenRow(room, one, now)));
}

async function givenRow(
  { tokens, publicUrl, site }: Room,
  one: Connection,
  now: number,
): Promise<view.GivenRow> {
  const [client, account] = await Promise.all([
    registered.clientOf(tokens, one.clientId, now),
    accounts.accountById(tokens, one.accountId, now),
  ]);
  return {
    id: one.id,
    clientId: one.clientId,
    app: keptAppView({ origin: publicUrl, site }, one.clientId, client).name,
    username: account?.username ?? 'an account that is gone',
    ...(one.patient !== undefined && { patient: `Patient/${one.patient}` }),
    permissions: permissionsOf(one.scopes).permissions,
    scope: one.scopes.join(' '),
    since: one.since,
    ...(one.until !== undefined && { until: one.until }),
  };
}

const KINDS: Readonly<Record<registered.ClientRecord['token_endpoint_auth_method'], string>> = {
  none: 'in a browser or on a phone, without a secret',
  client_secret_basic: 'with a secret',
  client_secret_post: 'with a secret',
  private_key_jwt: 'with a key',
};

function clientRow({ publicUrl, site }: Room, one: registered.ClientRecord): view.ClientRow {
  const { client_id: clientId, grant_types: grants, token_endpoint_auth_method: method, disabled } = one;
  const isBackend = !grants.includes('authorization_code');
  return {
    clientId,
    app: keptAppView({ origin: publicUrl, site }, clientId, one),
    kind: `${isBackend ? 'a backend service, ' : ''}${KINDS[method]}`,
    disabled: disabled === true,
  };
}

async function clients(
  room: Room,
  after?: string,
): Promise<{ readonly clients: readonly view.ClientRow[]; readonly next?: string }> {
  const page = await room.tokens.list('Client', Date.now(), PAGE, after);
  const rows = page.map(({ payload }) => clientRow(room, JSON.parse(payload) as registered.ClientRecord));
  return { clients: rows, ...(page.length === PAGE && { next: page.at(-1)!.id }) };
}

async function client(room: Room, id: string): Promise<view.ClientView | undefined> {
  const { tokens } = room;
  const now = Date.now();
  const found = await registered.clientOf(tokens, id, now);
  if (!found) return undefined;
  const [oldSecretUntil, agreements, own] = await Promise.all([
    overlapOf(tokens, id, now),
    livingAgreements(tokens, { clientId: id }, now),
    tokens.findBy('clientId', id, now, { model: 'ClientCredentials' }),
  ]);
  const given = await givenOf(room, agreements);
  return {
    ...clientRow(room, found),
    redirectUris: found.redirect_uris,
    hasSecret: found.client_secret !== undefined,
    given,
    moreGiven: connected(agreements, now).length > given.length,
    ownTokens: own.length,
    ...(found.smart_scopes !== undefined && { scope: found.smart_scopes }),
    ...(oldSecretUntil !== undefined && { oldSecretUntil }),
  };
}

/** What is done to what, as the trail says it. */
const DONE: Readonly<Record<view.Deed['kind'], string>> = {
  'user-add': 'made the account',
  'user-disable': 'switched off the account',
  'user-enable': 'switched on the account',
  'user-reset': 'gave a new password to the account',
  'user-end': 'ended everything of the account',
  'user-factors': 'forgot the second steps of the account',
  'user-remove': 'removed the account',
  'client-disable': 'switched off the app',
  'client-enable': 'switched on the app',
  'client-rotate': 'gave a new secret to the app',
  'client-end': 'ended everything of the app',
  'client-remove': 'removed the app',
  'given-end': 'ended what an app may do',
  'session-end': 'ended a session',
  'policy-save': 'put rules into force',
  'policy-remove': 'took rules out of force',
};

function nameOf(deed: view.Deed): string {
  if ('user' in deed) return deed.user.username;
  if ('username' in deed) return deed.username;
  if ('clientId' in deed) return deed.clientId;
  return deed.id ?? 'new';
}

/** Written down before it is done: what was tried and went wrong stands there too. */
async function act(room: Room, visitor: Visitor, deed: view.Deed, reason: string): Promise<view.Outcome> {
  const note = {
    happening: 'administration' as const,
    who: whoOf(visitor),
    reason,
    detail: { done: DONE[deed.kind], on: nameOf(deed) },
  };
  const tell = (outcome: 'done' | 'refused' | 'failed') =>
    room.record.audit.note({ at: Date.now(), requestId: crypto.randomUUID(), outcome, ...note });
  const own = ownFault(visitor, deed);
  if (own !== undefined) {
    await tell('refused');
    return { fault: own };
  }
  await tell('done');
  try {
    return await done(room, visitor, deed);
  } catch (error) {
    await tell('failed');
    if (error instanceof FhirError) return { fault: error.issues[0]!.diagnostics };
    throw error;
  }
}

/** No one saws off the branch that they sit on: another operator does. */
function ownFault({ account }: Visitor, deed: view.Deed): string | undefined {
  const isOwn = 'username' in deed && deed.username === account.username;
  const locksOut = deed.kind === 'user-disable' || deed.kind === 'user-remove' || deed.kind === 'user-reset';
  return isOwn && locksOut
    ? 'This is your own account: ask another operator, or change your password in your account.'
    : undefined;
}

const GONE = { fault: 'It is not there any more.' } as const;

async function done(room: Room, visitor: Visitor, deed: view.Deed): Promise<view.Outcome> {
  const { tokens } = room;
  const now = Date.now();
  const ifThere = (was: boolean): view.Outcome => (was ? { done: deed.kind } : GONE);
  switch (deed.kind) {
    case 'user-add':
      return addUser(tokens, deed.user, now);
    case 'user-disable':
    case 'user-enable':
      return ifThere(await accounts.setDisabled(tokens, deed.username, deed.kind === 'user-disable', now));
    case 'user-reset': {
      const secret = newPassword();
      return (await accounts.setPassword(tokens, deed.username, secret, now))
        ? { done: deed.kind, secret }
        : GONE;
    }
    case 'user-end': {
      const account = await accounts.accountOf(tokens, deed.username, now);
      if (account) await accounts.endAccess(tokens, account.id, now);
      return ifThere(account !== undefined);
    }
    case 'user-factors': {
      const account = await accounts.accountOf(tokens, deed.username, now);
      if (account) await removeFactors(tokens, account.id, now);
      return ifThere(account !== undefined);
    }
    case 'user-remove':
      return ifThere(await accounts.removeAccount(tokens, deed.username, now));
    case 'given-end': {
      const agreement = await livingAgreement(tokens, deed.id, now);
      return ifThere(agreement !== undefined && (await endGiven(tokens, agreement, now)));
    }
    case 'session-end':
      return ifThere(await endDevice(tokens, deed.accountId, deed.id, now));
    case 'policy-save':
    case 'policy-remove':
      return keepPolicy(room, visitor, deed);
    default:
      return toClient(tokens, deed, now);
  }
}

/** All that this app may do for this person with this record. */
async function endGiven(tokens: TokenStore, agreement: LivingAgreement, now: number): Promise<boolean> {
  const all = await livingAgreements(tokens, { accountId: agreement.accountId }, now);
  const connection = connected(all, now).find(({ grantIds }) => grantIds.includes(agreement.grantId));
  return connection !== undefined && endConnection(tokens, connection);
}

type ClientDeed = Extract<view.Deed, { readonly clientId: string }>;

async function toClient(
  tokens: TokenStore,
  { kind, clientId }: ClientDeed,
  now: number,
): Promise<view.Outcome> {
  switch (kind) {
    case 'client-disable':
    case 'client-enable':
      return (await registered.setClientDisabled(tokens, clientId, kind === 'client-disable', now))
        ? { done: kind }
        : GONE;
    case 'client-rotate': {
      const secret = await rotateSecret(tokens, clientId, now);
      return secret === undefined ? { fault: 'This app has no secret.' } : { done: kind, secret };
    }
    case 'client-end':
      await registered.endClientAccess(tokens, clientId, now);
      return { done: kind };
    case 'client-remove':
      return (await registered.removeClient(tokens, clientId, now)) ? { done: kind } : GONE;
  }
}

type PolicyDeed = Extract<view.Deed, { readonly kind: 'policy-save' | 'policy-remove' }>;

async function keepPolicy({ record, base }: Room, visitor: Visitor, deed: PolicyDeed): Promise<view.Outcome> {
  const shelving = { record, base, who: whoOf(visitor) };
  const fault =
    deed.kind === 'policy-save'
      ? await shelve(shelving, deed.id, deed.text)
      : await unshelve(shelving, deed.id);
  return fault === undefined ? { done: deed.kind } : { fault };
}

const newPassword = (): string => randomBytes(15).toString('base64url');

/** What each role is in the record. */
const TYPES: Readonly<Record<accounts.Role, string | undefined>> = {
  practitioner: 'Practitioner',
  patient: 'Patient',
  related: 'RelatedPerson',
  operator: undefined,
};
const ID = /^[A-Za-z0-9\-.]{1,64}$/;

async function addUser(
  tokens: TokenStore,
  { username, name, role, fhirUser }: view.NewUser,
  now: number,
): Promise<view.Outcome> {
  const known = accounts.ROLES.find((one) => one === role);
  if (!known) return { fault: 'Choose a role.' };
  const type = TYPES[known];
  if (type === undefined && fhirUser !== '')
    return { fault: 'An operator is no one in the record: leave that empty.' };
  const [named, id = ''] = fhirUser.split('/');
  if (type !== undefined && (named !== type || !ID.test(id)))
    return { fault: `Say who this is in the record, such as ${type}/123.` };
  const password = newPassword();
  const who = type === undefined ? {} : { fhirUser };
  await accounts.addAccount(tokens, { username, name, role: known, password, ...who }, now);
  return { done: 'user-add', secret: password };
}
