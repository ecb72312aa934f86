/** The trail as the pages tell it: in sentences, with the names of those who stand in it, for the patient, the person themselves, and the operator. */
import { auditEvent, narrowed, type Telling } from './access/audit/event.ts';
import type { AuditNote, Who } from './access/audit/note.ts';
import { accountKey, clientKey, happeningKey, hasKey, outcomeKey, patientKey } from './access/audit/page.ts';
import {
  readTrail,
  type Found,
  type TrailPage as Read,
  type TrailQuery as Reading,
} from './access/audit/trail.ts';
import { unusual, type UnusualFinding } from './access/audit/unusual.ts';
import { parseJson } from './fhir/model/json.ts';
import { isObject } from './fhir/model/tree.ts';
import type { TenantRecord } from './rest/record.ts';
import { accountById, accountOf } from './smart/accounts.ts';
import { plainName } from './smart/app-view.ts';
import { clientOf } from './smart/registered-clients.ts';
import { isTold, sentenceOf, sentencesOf, type Names } from './smart/trail-words.ts';
import type { Timeline } from './web/timeline.ts';
import type { Finding, TrailPage, TrailQuery, TrailRow, Unusual } from './web/console/view.ts';

/** Notes of one page of a timeline; many of them become one line. */
const NOTES = 120;
const ROWS = 30;

/** Who looked at a patient's record and who changed it, as the reader (an account) is told. */
export async function looksAt(
  record: TenantRecord,
  patient: string,
  reader: string,
  after?: string,
): Promise<Timeline | undefined> {
  if (!record.audit.isOn) return undefined;
  const matches = (note: AuditNote): boolean => isTold(note) && note.patients?.includes(patient) === true;
  const page = await read(record, { keys: [patientKey(patient)], count: NOTES, matches }, after);
  const notes = page.found.map(({ note }) => narrowed(note, [patient]));
  return timelineOf(record, notes, reader, page.next);
}

interface Asked extends Omit<Reading, 'test' | 'cursor'> {
  readonly matches: (note: AuditNote) => boolean;
}

/** The cursor goes through addresses: what comes back may be anything, and begins at the beginning unless it is one. */
async function read({ store }: TenantRecord, { matches, ...asked }: Asked, after?: string): Promise<Read> {
  const reading: Reading = { ...asked, test: ({ note }: Found) => matches(note) };
  const cursor = after === undefined ? undefined : Buffer.from(after, 'base64url').toString();
  const isOurs = cursor !== undefined && CURSOR.test(cursor);
  const { found, next } = await readTrail(store.audit, { ...reading, ...(isOurs && { cursor }) });
  return { found, ...(next !== undefined && { next: Buffer.from(next).toString('base64url') }) };
}

const CURSOR = /^\[(?:null|"[^"\\]{1,200}"),"[0-9a-z-]{1,40}",\d{1,12},\d{1,7}\]$/;

/** What was done in the name of an account. */
export async function doneBy(
  record: TenantRecord,
  account: string,
  after?: string,
): Promise<Timeline | undefined> {
  if (!record.audit.isOn) return undefined;
  const matches = ({ who }: AuditNote): boolean => who.accountId === account;
  const page = await read(record, { keys: [accountKey(account)], count: NOTES, matches }, after);
  const notes = page.found.map(({ note }) => note);
  return timelineOf(record, notes, account, page.next);
}

async function timelineOf(
  record: TenantRecord,
  notes: readonly AuditNote[],
  accountId: string,
  next: string | undefined,
): Promise<Timeline> {
  const names = await namesIn(record, notes);
  return { entries: sentencesOf(notes, names, { accountId }), ...(next !== undefined && { next }) };
}

/** So many notes are looked at for it. */
const MOST_LOOKS = 10_000;

/** When each of these grants was last used, as far as the newest of the trail tells. */
export async function lastUses(
  record: TenantRecord,
  clientIds: readonly string[],
  grantIds: ReadonlySet<string>,
): Promise<ReadonlyMap<string, number>> {
  const uses = new Map<string, number>();
  if (!record.audit.isOn || clientIds.length === 0) return uses;
  const matches = ({ who, outcome, at }: AuditNote): boolean => {
    const { grantId } = who;
    if (outcome !== 'done' || grantId === undefined || !grantIds.has(grantId) || uses.has(grantId))
      return false;
    uses.set(grantId, at);
    return true;
  };
  await read(record, { keys: clientIds.map(clientKey), count: grantIds.size, look: MOST_LOOKS, matches });
  return uses;
}

/** The trail as an operator searches it. */
export async function searchTrail(
  record: TenantRecord,
  telling: Telling,
  query: TrailQuery,
  after?: string,
): Promise<TrailPage> {
  if (!record.audit.isOn) return { rows: [], fault: 'This server keeps no audit trail (AUDIT=off).' };
  const account =
    query.person === undefined ? undefined : await accountOf(record.store.tokens, query.person, Date.now());
  if (query.person !== undefined && !account)
    return { rows: [], fault: `There is no account with the user name ${query.person}.` };
  const [from, to] = [instantOf(query.from), instantOf(query.to)];
  if (Number.isNaN(from) || Number.isNaN(to))
    return { rows: [], fault: 'From and To are dates with a time.' };
  const keys = keysOf(query, account?.id);
  const asked: Asked = {
    count: ROWS,
    matches: matcherOf(query, account?.id),
    ...(keys && { keys }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  };
  const { found, next } = await read(record, asked, after);
  const names = await namesIn(
    record,
    found.map(({ note }) => note),
  );
  const rows = found.map(({ id, note }): TrailRow => {
    const event = JSON.stringify(auditEvent(id, note, telling), undefined, 2);
    return { ...sentenceOf(note, names, { exact: true }), event };
  });
  return { rows, ...(next !== undefined && { next }) };
}

const instantOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Date.parse(`${text}Z`);

/** The one key that is rarest: the others are asked of each note. */
function keysOf(
  { patient, app, outcome, happening }: TrailQuery,
  account: string | undefined,
): readonly string[] | undefined {
  if (patient !== undefined) return [patientKey(patient)];
  if (account !== undefined) return [accountKey(account)];
  if (app !== undefined) return [clientKey(app)];
  if (outcome !== undefined && outcome !== 'done') return [outcomeKey(outcome)];
  return happening !== undefined && hasKey(happening) ? [happeningKey(happening)] : undefined;
}

const matcherOf =
  ({ patient, app, outcome, happening }: TrailQuery, account: string | undefined) =>
  (note: AuditNote): boolean =>
    (patient === undefined || note.patients?.includes(patient) === true) &&
    (account === undefined || note.who.accountId === account) &&
    (app === undefined || note.who.clientId === app) &&
    (outcome === undefined || note.outcome === outcome) &&
    (happening === undefined || note.happening === happening);

/** Names of all who stand in these notes, each asked for once. */
async function namesIn(record: TenantRecord, notes: readonly AuditNote[]): Promise<Names> {
  const { tokens } = record.store;
  const now = Date.now();
  const each = async (
    of: (note: AuditNote) => readonly (string | undefined)[],
    name: (id: string) => Promise<string | undefined>,
  ): Promise<ReadonlyMap<string, string | undefined>> => {
    const ids = [...new Set(notes.flatMap(of))].filter((id) => id !== undefined);
    return new Map(await Promise.all(ids.map(async (id) => [id, await name(id)] as const)));
  };
  const [accounts, clients, people] = await Promise.all([
    each(
      ({ who }) => [who.accountId],
      async (id) => (await accountById(tokens, id, now))?.name,
    ),
    each(
      ({ who, detail }) => [who.clientId, detail?.['app']],
      async (id) => plainName((await clientOf(tokens, id, now))?.client_name) || undefined,
    ),
    each(
      ({ who }) => [who.fhirUser],
      (reference) => personName(record, reference),
    ),
  ]);
  return {
    account: (id) => accounts.get(id),
    client: (id) => clients.get(id),
    resource: (reference) => people.get(reference),
  };
}

async function personName({ store }: TenantRecord, reference: string): Promise<string | undefined> {
  const [type = '', id = ''] = reference.split('/');
  const [stored] = await store.resources.read([{ type, id }]);
  const tree = stored?.body && parseJson(Buffer.from(stored.body).toString('utf8'));
  const name = isObject(tree) && Array.isArray(tree['name']) ? tree['name'][0] : undefined;
  if (!isObject(name)) return undefined;
  if (typeof name['text'] === 'string') return name['text'];
  const given = Array.isArray(name['given']) ? name['given'] : [];
  return [...given, name['family']].filter((one) => typeof one === 'string').join(' ') || undefined;
}

const DAYS = 14;
const MOST_NOTES = 50_000;

/** How long a look at a fortnight is good for (ms). */
const KEPT_MS = 60_000;
const kept = new WeakMap<TenantRecord, { readonly at: number; readonly found: Promise<Unusual> }>();

/** What of the last fortnight is worth a look; as it was a minute ago at most. */
export async function unusualIn(record: TenantRecord): Promise<Unusual | undefined> {
  if (!record.audit.isOn) return undefined;
  const now = Date.now();
  const known = kept.get(record);
  if (known && now - known.at < KEPT_MS) return known.found;
  const found = lookForUnusual(record);
  kept.set(record, { at: now, found });
  found.catch(() => kept.delete(record));
  return found;
}

async function lookForUnusual(record: TenantRecord): Promise<Unusual> {
  const now = Date.now();
  const from = now - DAYS * 86_400_000;
  const asked = { from, count: MOST_NOTES, look: MOST_NOTES, matches: () => true };
  const { found: those, next } = await read(record, asked);
  const notes = those.map(({ note }) => note);
  const found = unusual(notes, now);
  const names = await namesIn(
    record,
    found.map(({ who }) => ({ who }) as AuditNote),
  );
  const findings = await Promise.all(found.map((one) => findingOf(record, one, names)));
  const isCut = next !== undefined;
  return { findings, since: isCut ? (notes.at(-1)?.at ?? from) : from, isCut };
}

async function findingOf(record: TenantRecord, found: UnusualFinding, names: Names): Promise<Finding> {
  const { kind, who, from, to, address } = found;
  const account =
    who.accountId === undefined
      ? undefined
      : await accountById(record.store.tokens, who.accountId, Date.now());
  const person = account?.username ?? (kind === 'sign-ins' ? undefined : who.accountId);
  const search: TrailQuery = {
    ...(person !== undefined && { person }),
    ...(who.accountId === undefined && who.clientId !== undefined && { app: who.clientId }),
    ...(kind === 'refusals' && { outcome: 'refused' as const }),
    ...(kind === 'sign-ins' && { happening: 'sign-in' as const, outcome: 'refused' as const }),
    from: minuteOf(from),
    to: minuteOf(to + 60_000),
  };
  return {
    kind,
    who: address === undefined ? subject(who, names) : `The address ${address}`,
    says: says(found),
    from,
    to,
    search,
  };
}

const minuteOf = (at: number): string => new Date(at).toISOString().slice(0, 16);

function subject(who: Who, names: Names): string {
  if (who.accountId !== undefined) return names.account(who.accountId) ?? 'An account that is gone';
  if (who.clientId !== undefined) return `The app ${names.client(who.clientId) ?? who.clientId}`;
  return who.name === undefined ? 'Someone who was not signed in' : `The user name ${who.name}`;
}

function says({ kind, number, usual }: UnusualFinding): string {
  switch (kind) {
    case 'many-records':
      return `opened the records of ${number} patients within 10 minutes`;
    case 'refusals':
      return `was refused ${number} times within 10 minutes`;
    case 'sign-ins':
      return `saw ${number} sign-ins fail within an hour`;
    case 'hour':
      return `opened ${number === 1 ? 'a record' : `${number} records`} at ${String(usual).padStart(2, '0')}:00 UTC, an hour at which they never did before`;
    case 'volume':
      return `opened ${number} records in a day, where ${usual} was the most on any day before`;
  }
}
