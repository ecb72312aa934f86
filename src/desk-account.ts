/** What the account pages are given of the house: agreements, the record, its proxies and its trail, each for who may see it. */
import type { AuditNote, Who } from './access/audit/note.ts';
import type { Composition } from './compose.ts';
import type { TenantRecord } from './rest/record.ts';
import { accountById } from './smart/accounts.ts';
import { keptAppView } from './smart/app-view.ts';
import {
  connectionsOf,
  endConnection,
  leftOf,
  narrowConnection,
  type Connection,
} from './smart/connected-apps.ts';
import type { PersonView } from './smart/pages.ts';
import { permissionsOf } from './smart/permissions.ts';
import { endProxy, proxiesOf } from './smart/proxies.ts';
import { recordChart } from './smart/record-chart.ts';
import { recordCopy } from './smart/record-copy.ts';
import { clientOf } from './smart/registered-clients.ts';
import { userAccess } from './smart/user-access.ts';
import type { Visitor } from './smart/visitor.ts';
import { doneBy, lastUses, looksAt } from './trail-desk.ts';
import type { AccountDesk, ConnectedApp, LookedAfter, ProxyView } from './web/account/view.ts';
import type { Timeline } from './web/timeline.ts';

/** A person who acts for more than these patients looks after them in the chart. */
const MOST_RECORDS = 20;

export interface DeskOptions {
  readonly composition: Composition;
  readonly publicUrl: string;
  readonly site: string;
}

interface Room extends DeskOptions {
  readonly record: TenantRecord;
  readonly base: string;
}

/** The person of a page of our own, as the trail names them. */
export function whoOf({ account, sessionUid }: Visitor): Who {
  const { id: accountId, fhirUser } = account;
  return { kind: 'person', accountId, session: sessionUid, ...(fhirUser !== undefined && { fhirUser }) };
}

export function accountDesk(options: DeskOptions): AccountDesk {
  const room = async (): Promise<Room> => {
    const record = (await options.composition.record('default'))!;
    return { ...options, record, base: `${options.publicUrl}/fhir` };
  };
  return {
    door: async () => (await options.composition.door('default'))!,
    signOut: '/oidc/sign-out',
    overview: async (visitor) => {
      const here = await room();
      const records = await lookedAfter(here, visitor);
      const apps = await appsOf(here, visitor, records, await connections(here, visitor, records));
      const done = records.length === 0 ? brief(await doneBy(here.record, visitor.account.id)) : undefined;
      return { apps, records, done };
    },
    app: async (visitor, id) => {
      const here = await room();
      const records = await patientsOf(here, visitor);
      const found = (await connections(here, visitor, records)).filter((one) => one.id === id);
      return (await appsOf(here, visitor, records, found))[0];
    },
    narrow: async (visitor, id, ticked) => narrow(await room(), visitor, id, ticked),
    stop: async (visitor, id) => stop(await room(), visitor, id),
    looked: async (visitor, patient, after) => looked(await room(), visitor, patient, after),
    done: async (visitor, after) =>
      (await doneBy((await room()).record, visitor.account.id, after)) ?? { entries: [] },
    endProxy: async (visitor, id, reason) => end(await room(), visitor, id, reason),
    copy: async (visitor, patient) => copy(await room(), visitor, patient),
  };
}

type Patients = readonly Pick<LookedAfter, 'patient' | 'isOwn'>[];

const chartOf = ({ record, base }: Room) =>
  recordChart({
    record: async () => record,
    access: (user) => userAccess(record, base, user),
    baseUrl: base,
  });

/** The patients whose records are the visitor's to look after. Someone who works here looks after none as their own. */
async function patientsOf(room: Room, { account }: Visitor): Promise<Patients> {
  if (account.role !== 'patient' && account.role !== 'related') return [];
  const { patients } = await chartOf(room).patients(account, { count: MOST_RECORDS });
  return patients.map((patient) => ({ patient, isOwn: account.fhirUser === `Patient/${patient.id}` }));
}

async function lookedAfter(room: Room, visitor: Visitor): Promise<readonly LookedAfter[]> {
  const patients = await patientsOf(room, visitor);
  return Promise.all(
    patients.map(async (one) => ({
      ...one,
      proxies: await proxyViews(room, visitor, one),
      looked: brief(await looksAt(room.record, one.patient.id, visitor.account.id)),
    })),
  );
}

async function proxyViews(
  { record }: Room,
  visitor: Visitor,
  { patient, isOwn }: Patients[number],
): Promise<readonly ProxyView[]> {
  const proxies = await proxiesOf(record, patient.id, Date.now());
  return proxies.map((proxy) => {
    const isVisitor = visitor.account.fhirUser === `RelatedPerson/${proxy.id}`;
    return { ...proxy, isVisitor, mayEnd: isOwn || isVisitor };
  });
}

function connections(
  { record }: Room,
  { account }: Visitor,
  records: Patients,
): Promise<readonly Connection[]> {
  const own = records.find(({ isOwn }) => isOwn);
  const whose = { accountId: account.id, ...(own && { patient: own.patient.id }) };
  return connectionsOf(record.store.tokens, whose, Date.now());
}

async function appsOf(
  room: Room,
  visitor: Visitor,
  records: Patients,
  those: readonly Connection[],
): Promise<readonly ConnectedApp[]> {
  const uses = await lastUses(
    room.record,
    [...new Set(those.map(({ clientId }) => clientId))],
    new Set(those.flatMap(({ grantIds }) => grantIds)),
  );
  const appView = appOf(room, visitor, records);
  return Promise.all(
    those.map(async (one) => {
      const used = one.grantIds.map((id) => uses.get(id) ?? 0);
      const lastUsed = Math.max(...used);
      return { ...(await appView(one)), ...(lastUsed > 0 && { lastUsed }) };
    }),
  );
}

/** The newest, as the overview has them; the whole is a page of its own. */
const BRIEF = 8;

function brief(timeline: Timeline | undefined): Timeline | undefined {
  if (!timeline) return undefined;
  const { entries, next } = timeline;
  if (entries.length <= BRIEF) return timeline;
  return { entries: entries.slice(0, BRIEF), next: next ?? 'more' };
}

async function looked(
  room: Room,
  visitor: Visitor,
  id: string,
  after: string | undefined,
): Promise<(LookedAfter & { looked: Timeline }) | undefined> {
  const found = (await patientsOf(room, visitor)).find(({ patient }) => patient.id === id);
  const timeline = found && (await looksAt(room.record, id, visitor.account.id, after));
  return found && timeline && { ...found, proxies: [], looked: timeline };
}

const appOf =
  (room: Room, visitor: Visitor, records: Patients) =>
  async (one: Connection): Promise<ConnectedApp> => {
    const { tokens } = room.record.store;
    const now = Date.now();
    const isOthers = one.accountId !== visitor.account.id;
    const [client, by, record] = await Promise.all([
      clientOf(tokens, one.clientId, now),
      isOthers ? accountById(tokens, one.accountId, now) : undefined,
      one.patient === undefined ? undefined : patientNamed(room, visitor, records, one.patient),
    ]);
    return {
      id: one.id,
      app: keptAppView({ origin: room.publicUrl, site: room.site }, one.clientId, client),
      ...permissionsOf(one.scopes),
      since: one.since,
      online: one.online,
      ...(record && { record }),
      ...(isOthers && { by: by?.name ?? 'someone who acts for you' }),
      ...(one.until !== undefined && { until: one.until }),
    };
  };

/** A name that the visitor may not see (any more) is not shown. */
async function patientNamed(
  room: Room,
  visitor: Visitor,
  records: Patients,
  id: string,
): Promise<PersonView | undefined> {
  const known = records.find(({ patient }) => patient.id === id)?.patient;
  return known ?? (await chartOf(room).patient(visitor.account, id));
}

async function connectionOf(room: Room, visitor: Visitor, id: string): Promise<Connection | undefined> {
  const records = await patientsOf(room, visitor);
  return (await connections(room, visitor, records)).find((one) => one.id === id);
}

type Noted = Pick<AuditNote, 'happening'> &
  Partial<Pick<AuditNote, 'what' | 'patients' | 'reason' | 'detail'>>;

const note = ({ record }: Room, visitor: Visitor, noted: Noted): Promise<void> =>
  record.audit.note({
    at: Date.now(),
    outcome: 'done',
    who: whoOf(visitor),
    requestId: crypto.randomUUID(),
    ...noted,
  });

const about = ({ patient, clientId }: Connection, more: Readonly<Record<string, string>> = {}) => ({
  ...(patient !== undefined && { patients: [patient] }),
  detail: { app: clientId, ...more },
});

async function narrow(room: Room, visitor: Visitor, id: string, ticked: readonly string[]) {
  const connection = await connectionOf(room, visitor, id);
  if (!connection) return 'gone';
  const left = leftOf(connection, ticked);
  if (!left) return 'nothing';
  await note(room, visitor, { happening: 'consent', ...about(connection, { scope: left.join(' ') }) });
  return (await narrowConnection(room.record.store.tokens, connection, left, Date.now())) ? 'done' : 'gone';
}

async function stop(room: Room, visitor: Visitor, id: string): Promise<boolean> {
  const connection = await connectionOf(room, visitor, id);
  if (!connection) return false;
  await note(room, visitor, { happening: 'revocation', ...about(connection) });
  return endConnection(room.record.store.tokens, connection);
}

async function end(room: Room, visitor: Visitor, id: string, reason: string): Promise<boolean> {
  const records = await lookedAfter(room, visitor);
  const record = records.find(({ proxies }) => proxies.some((one) => one.id === id && one.mayEnd));
  if (!record) return false;
  const { id: patient } = record.patient;
  const what = [`RelatedPerson/${id}`];
  await note(room, visitor, { happening: 'administration', what, patients: [patient], reason });
  const book = { record: room.record, baseUrl: room.base, who: whoOf(visitor) };
  return endProxy(book, patient, id, Date.now());
}

async function copy(room: Room, visitor: Visitor, id: string) {
  const { record, base } = room;
  const found = (await patientsOf(room, visitor)).find(({ patient }) => patient.id === id);
  if (!found) return undefined;
  const requestId = crypto.randomUUID();
  await note(room, visitor, { happening: 'export', what: [`Patient/${id}`], patients: [id] });
  const access = await userAccess(record, base, visitor.account);
  return {
    patient: found.patient,
    resources: recordCopy({ record, access, baseUrl: base, patient: id, requestId }),
  };
}
