/** What the console is given of the house to show; what is done there is in `console-deeds.ts`. */
import { act } from './console-deeds.ts';
import { whoOf, type DeskOptions } from './desk-account.ts';
import { explained, faultsOf, policyOn, shelf } from './policy-shelf.ts';
import type { TenantRecord } from './rest/record.ts';
import type { Acr } from './smart/acr.ts';
import * as accounts from './smart/accounts.ts';
import { livingAgreements, type LivingAgreement } from './smart/agreements.ts';
import { keptAppView } from './smart/app-view.ts';
import { connected, type Connection } from './smart/connected-apps.ts';
import { devicesOf } from './smart/devices.ts';
import { overlapOf } from './smart/old-secret.ts';
import { permissionsOf } from './smart/permissions.ts';
import * as registered from './smart/registered-clients.ts';
import { tenantKeys } from './smart/sealing.ts';
import type { Visitor } from './smart/visitor.ts';
import type { TokenStore } from './store/ports.ts';
import { searchTrail, unusualIn } from './trail-desk.ts';
import * as view from './web/console/view.ts';

const PAGE = 50;
const MOST_GIVEN = 50;

interface Room extends DeskOptions {
  readonly record: TenantRecord;
  readonly tokens: TokenStore;
  readonly base: string;
}

export function consoleDesk(options: DeskOptions, acr: Acr): view.ConsoleDesk {
  const room = async (): Promise<Room> => {
    const record = (await options.composition.record('default'))!;
    return { ...options, record, tokens: record.store.tokens, base: `${options.publicUrl}/fhir` };
  };
  return {
    acr,
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
    trail: async (visitor, query, after) => trail(await room(), visitor, query, after),
    unusual: async () => unusualIn((await room()).record),
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
  return { isReady, users: people.length, clients: apps.length, unusual: await unusualIn(record) };
}

/** Who looks into the trail stands in it. */
async function trail(
  { record, base, site }: Room,
  visitor: Visitor,
  query: view.TrailQuery,
  after?: string,
): Promise<view.TrailPage> {
  const { patient } = query;
  await record.audit.note({
    at: Date.now(),
    happening: 'search',
    outcome: 'done',
    who: whoOf(visitor),
    requestId: crypto.randomUUID(),
    query: `AuditEvent?${new URLSearchParams(query as Record<string, string>).toString()}`,
    ...(patient !== undefined && { patients: [patient] }),
  });
  return searchTrail(record, { base, site }, query, after);
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
