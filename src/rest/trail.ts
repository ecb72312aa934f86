/**
 * AuditEvent over FHIR: reads and searches of the type meet the audit trail first and what clients have sent as ordinary resources after it. The trail is
 * the third reader of a search: each note becomes an event, its index values are worked out like any resource's, and `match` decides.
 * https://hl7.org/fhir/R4/auditevent.html
 */
import { auditEvent, TRAIL_ID, type Telling } from '../access/audit/event.ts';
import type { TrailGrant } from '../access/audit/note.ts';
import { noteOf, readTrail, type Found } from '../access/audit/trail.ts';
import { OPEN_ACCESS } from '../access/context.ts';
import { parseJson } from '../fhir/model/json.ts';
import { fault } from '../fhir/model/outcome.ts';
import type { ResourceTree } from '../fhir/model/tree.ts';
import { ALL, type Expression } from '../fhir/search/expression.ts';
import { match } from '../fhir/search/match.ts';
import { searchPlan, type SearchPlan } from '../fhir/search/plan.ts';
import type { ResourceKey, ResourceStore, SearchPage, StoredResource } from '../store/ports.ts';
import { indexOf } from './index-of.ts';
import type { Context } from './record.ts';
import type { Interaction } from './routes.ts';

const TYPE = 'AuditEvent';
const SITE = 'Embergate';

/** The same context with the trail in it, for what reads AuditEvents; as it is for all else, and for who may not see any of the trail. */
export function withTrail(context: Context, interaction: Interaction, path: readonly string[]): Context {
  const action = ACTIONS[interaction];
  if (!action || path[0] !== TYPE || !context.record.audit.isOn) return context;
  const { access, record } = context;
  const grant = access.trail?.(action);
  if (grant === undefined) return context;
  const resources = trailStore(context, grant);
  // Over the trail it is the grant that decides; over ordinary resources their scope still does, inside the store below.
  const open = {
    ...access,
    scope: (...asked: Parameters<typeof access.scope>) => (asked[1] === TYPE ? ALL : access.scope(...asked)),
    refusal: (...asked: Parameters<typeof access.refusal>) =>
      asked[1] === TYPE && asked[0] === action ? undefined : access.refusal(...asked),
  };
  return {
    ...context,
    access: access === OPEN_ACCESS ? access : open,
    record: { ...record, store: { ...record.store, resources } },
  };
}

const ACTIONS: Readonly<Partial<Record<Interaction, 'read' | 'search'>>> = {
  read: 'read',
  'search-type': 'search',
};

function trailStore(context: Context, grant: TrailGrant): ResourceStore {
  const { resources } = context.record.store;
  return {
    ...resources,
    read: async (keys, scope) => {
      const [key] = keys;
      if (keys.length !== 1 || key!.type !== TYPE) return resources.read(keys, scope);
      if (key!.id.startsWith(TRAIL_ID)) return [await readEvent(context, grant, key!)];
      return resources.read(keys, scope && (await ownScope(context, 'read')));
    },
    search: (plan) => search(context, grant, plan),
  };
}

async function ownScope({ access }: Context, action: 'read' | 'search'): Promise<() => Expression> {
  const where = await access.scope(action, TYPE);
  return () => where;
}

async function readEvent(
  context: Context,
  grant: TrailGrant,
  { id }: ResourceKey,
): Promise<StoredResource | undefined> {
  const note = await noteOf(auditOf(context), id);
  if (!note || !concerns(grant, note.patients)) return undefined;
  return storedOf({ id, note }, tellingOf(context, grant));
}

const auditOf = ({ record }: Context) => record.store.audit;

const concerns = (grant: TrailGrant, patients: readonly string[] = []): boolean =>
  grant === 'all' || patients.some((one) => grant.includes(one));

const tellingOf = ({ request }: Context, grant: TrailGrant): Telling => ({
  base: request.baseUrl,
  site: SITE,
  ...(grant !== 'all' && { only: grant }),
});

function storedOf({ id, note }: Found, telling: Telling): StoredResource {
  const body = Buffer.from(JSON.stringify(auditEvent(id, note, telling)));
  return { type: TYPE, id, versionId: 1, seq: 0, instant: note.at, method: 'POST', body };
}

/** Cursors into the trail begin with it; all others are positions among the ordinary resources. */
const IN_TRAIL = 'trail:';
/** A count looks at so many notes; what has more must be asked for more narrowly. */
const MOST_COUNTED = 20_000;

async function search(context: Context, grant: TrailGrant, plan: SearchPlan): Promise<SearchPage> {
  refuseOrder(plan);
  const where = plan.branches.find(({ type }) => type === TYPE)?.where ?? ALL;
  if (plan.branches.length === 0) return context.record.store.resources.search(plan);
  const total = plan.total === 'none' ? undefined : await count(context, grant, plan, where);
  const isPast = plan.after !== undefined && !plan.after.startsWith(IN_TRAIL);
  if (plan.count === 0 || isPast)
    return { ...(await ordinary(context, plan)), ...totalled(total), onlyForward: true };
  const cursor = plan.after?.slice(IN_TRAIL.length);
  const page = await readTrail(auditOf(context), {
    ...prefilter(grant, where),
    test: judged(context, grant, where),
    count: plan.count,
    ...(cursor !== undefined && { cursor }),
  });
  const telling = tellingOf(context, grant);
  const resources = page.found.map((one) => storedOf(one, telling));
  if (page.next !== undefined)
    return { resources, next: IN_TRAIL + page.next, ...totalled(total), onlyForward: true };
  const rest = await ordinary(context, {
    ...plan,
    after: undefined,
    count: Math.max(1, plan.count - resources.length),
  });
  const isFull = resources.length === plan.count && rest.resources.length > 0;
  return {
    resources: isFull ? resources : [...resources, ...rest.resources],
    ...(isFull ? { next: '' } : rest.next !== undefined && { next: rest.next }),
    ...totalled(total),
    onlyForward: true,
  };
}

const totalled = (total: number | undefined): { readonly total?: number } =>
  total === undefined ? {} : { total };

/** What clients have sent, within the caller's own scope; an empty position is its beginning. */
async function ordinary(context: Context, plan: Omit<SearchPlan, never>): Promise<SearchPage> {
  const { branches, sort: _sort, after, back: _back, until, ...rest } = plan;
  const scope = await ownScope(context, 'search');
  const own = searchPlan(
    { ...rest, branches, total: 'none', ...(after && { after }), ...(until !== undefined && { until }) },
    scope,
  );
  if (own.branches.length === 0) return { resources: [] };
  return context.record.store.resources.search({ ...own, count: Math.max(1, own.count) });
}

async function count(
  context: Context,
  grant: TrailGrant,
  plan: SearchPlan,
  where: Expression,
): Promise<number> {
  const page = await readTrail(auditOf(context), {
    ...prefilter(grant, where),
    test: judged(context, grant, where),
    count: MOST_COUNTED,
    look: MOST_COUNTED,
  });
  if (page.next !== undefined)
    throw fault(
      'too-costly',
      `More than ${MOST_COUNTED} entries would have to be counted: narrow by patient or date`,
    );
  const scope = await ownScope(context, 'search');
  const own = searchPlan({ branches: plan.branches, count: 0, total: 'accurate' }, scope);
  const rest = own.branches.length === 0 ? 0 : (await context.record.store.resources.search(own)).total;
  return page.found.length + (rest ?? 0);
}

/** The trail has one order. */
function refuseOrder({ sort, back }: SearchPlan): void {
  const isOurs = sort.every(
    (key) => key.by !== 'id' && key.descending && (key.by !== 'param' || key.param === 'date'),
  );
  if (!isOurs || back)
    throw fault('not-supported', 'AuditEvent is always newest first: leave _sort out, or give _sort=-date');
}

function judged({ record, request, ...rest }: Context, grant: TrailGrant, where: Expression) {
  const context = { record, request, ...rest };
  const telling = tellingOf(context, grant);
  return ({ id, note }: Found): boolean => {
    if (!concerns(grant, note.patients)) return false;
    if (where.op === 'all') return true;
    const text = JSON.stringify(auditEvent(id, note, telling));
    const index = indexOf(context, parseJson(text) as ResourceTree);
    return match(where, { id, instant: note.at, index });
  };
}

/** Parameters whose keys are keys of pages, too. */
const KEYED = ['patient', 'agent'];
const PAGE_KEY = /^(?:Patient|Practitioner|PractitionerRole|RelatedPerson)\/[A-Za-z0-9\-.]{1,64}$/;

/** What of a question the pages of the trail can be found by. */
function prefilter(
  grant: TrailGrant,
  where: Expression,
): { keys?: readonly string[]; from?: number; to?: number } {
  const parts = where.op === 'and' ? where.of : [where];
  let [keys, from, to]: [readonly string[] | undefined, number, number] = [
    grant === 'all' ? undefined : grant.map((patient) => `Patient/${patient}`),
    0,
    Number.MAX_SAFE_INTEGER,
  ];
  for (const part of parts) {
    if (part.op === 'key' && KEYED.includes(part.param) && part.keys.every((key) => PAGE_KEY.test(key)))
      keys = part.param === 'patient' || keys === undefined ? part.keys : keys;
    if (part.op !== 'range' || part.param !== 'date') continue;
    for (const { is, value } of part.bounds) {
      if (is.startsWith('>')) from = Math.max(from, value);
      else to = Math.min(to, value);
    }
  }
  return {
    ...(keys && { keys }),
    ...(from > 0 && { from: Math.floor(from) }),
    ...(to < Number.MAX_SAFE_INTEGER && { to: Math.ceil(to) }),
  };
}
