/**
 * What a patient's record reaches: shared resources that it refers to, those that these refer to in turn, and what is attached to it. The sets are
 * bounded, and are believed as long as nothing was committed (docs/adr/0026-who-sees-what.md).
 */
import type { Definitions } from '../fhir/definitions/registry.ts';
import { ALL, type Expression } from '../fhir/search/expression.ts';
import { REFERENCE } from '../fhir/search/index-value.ts';
import { searchPlan } from '../fhir/search/plan.ts';
import type { StoredResource, TenantStore } from '../store/ports.ts';
import { ATTACHED, ownRecord, SHARED } from './patient-record.ts';

/** Bounds on what is looked at for one patient: beyond them something is not reached; never is anything reached that should not be. */
const MOST_RESOURCES = 20_000;
const MOST_REFERENCES = 20_000;

/** Ids of the shared resources by type. */
type Shared = ReadonlyMap<string, readonly string[]>;

/** What is known of a patient's neighbourhood as of a seq; each part is found when it is first asked for. */
interface Neighbourhood {
  /** grows with what was committed since and changed nothing here */
  seq: number;
  readonly definitions: Definitions;
  shared?: Promise<Shared>;
  names?: Promise<readonly string[]>;
  readonly attached: Map<string, Promise<readonly string[]>>;
}

const MOST_PATIENTS = 200;
const known = new WeakMap<TenantStore, Map<string, Neighbourhood>>();

/** Where a record lies. */
export interface RecordPlace {
  readonly definitions: Definitions;
  readonly store: TenantStore;
  /** bare id */
  readonly patient: string;
}

/** Ids of the shared resources of a type that the record reaches by one or two references. */
export async function sharedIds(place: RecordPlace, type: string): Promise<readonly string[]> {
  const here = await neighbourhood(place);
  here.shared ??= forgetful(place, findShared(place));
  return (await here.shared).get(type) ?? [];
}

/** Ids of resources of a type that are attached to the record: all that they name by `ATTACHED`'s parameter is part of it. */
export async function attachedIds(place: RecordPlace, type: string): Promise<readonly string[]> {
  const here = await neighbourhood(place);
  here.names ??= forgetful(place, keysOf(place, recordBranches(place), { most: MOST_RESOURCES }));
  let found = here.attached.get(type);
  if (!found) {
    found = forgetful(
      place,
      here.names.then((names) => findAttached(place, type, names)),
    );
    here.attached.set(type, found);
  }
  return found;
}

async function neighbourhood({ definitions, store, patient }: RecordPlace): Promise<Neighbourhood> {
  const seq = await store.feed.last();
  let patients = known.get(store);
  if (!patients) known.set(store, (patients = new Map<string, Neighbourhood>()));
  const before = patients.get(patient);
  if (before?.definitions === definitions && (await isUnchanged(before, store, patient, seq))) return before;
  if (patients.size >= MOST_PATIENTS) patients.clear();
  const here: Neighbourhood = { seq, definitions, attached: new Map() };
  patients.set(patient, here);
  return here;
}

/** So many versions are looked at to see whether they matter; with more it is as quick to find everything anew. */
const MOST_NEW = 100;

/** Whether nothing that was committed since can have changed a neighbourhood: only new resources, none shared or attached, none that names the patient. */
async function isUnchanged(
  before: Neighbourhood,
  store: TenantStore,
  patient: string,
  seq: number,
): Promise<boolean> {
  if (before.seq === seq) return true;
  if (seq - before.seq > MOST_NEW) return false;
  const versions = await store.feed.read(before.seq, MOST_NEW);
  const last = versions.at(-1)?.seq ?? before.seq;
  if (last < seq || versions.some((version) => matters(version, patient))) return false;
  before.seq = Math.max(before.seq, last);
  return true;
}

function matters({ type, versionId, body }: StoredResource, patient: string): boolean {
  if (versionId > 1 || !body || SHARED.has(type) || ATTACHED.has(type)) return true;
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(patient);
}

/** What could not be found is looked for anew the next time. */
function forgetful<T>({ store, patient }: RecordPlace, work: Promise<T>): Promise<T> {
  work.catch(() => known.get(store)?.delete(patient));
  return work;
}

type Branches = readonly { readonly type: string; readonly where: Expression }[];

function recordBranches({ definitions, patient }: RecordPlace): Branches {
  return definitions.resourceTypes
    .map((type) => ({ type, where: ownRecord(definitions, type, [patient]) }))
    .filter(({ where }) => where.op !== 'none');
}

/** What is asked here is the caller's own record, or what that reaches: the branches are the scope. */
async function keysOf(
  { store }: RecordPlace,
  branches: Branches,
  wanted: { readonly param?: string; readonly most: number },
): Promise<readonly string[]> {
  if (branches.length === 0) return [];
  return store.resources.keys({ plan: searchPlan({ branches, count: 1 }, () => ALL), ...wanted });
}

async function findShared(place: RecordPlace): Promise<Shared> {
  const first = await referredTo(place, recordBranches(place));
  const second = await referredTo(
    place,
    [...idsByType(first)].map(([type, ids]) => ({ type, where: { op: 'id', ids } })),
  );
  return idsByType([...first, ...second]);
}

/** `Type/id` of the shared resources that these refer to. */
async function referredTo(place: RecordPlace, branches: Branches): Promise<readonly string[]> {
  const keys = await keysOf(place, branches, { param: REFERENCE, most: MOST_REFERENCES });
  return keys.filter((key) => SHARED.has(key.slice(0, key.indexOf('/'))));
}

function idsByType(keys: readonly string[]): Map<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const key of new Set(keys)) {
    const slash = key.indexOf('/');
    const ids = found.get(key.slice(0, slash));
    if (ids) ids.push(key.slice(slash + 1));
    else found.set(key.slice(0, slash), [key.slice(slash + 1)]);
  }
  return found;
}

async function findAttached(
  place: RecordPlace,
  type: string,
  names: readonly string[],
): Promise<readonly string[]> {
  const param = ATTACHED.get(type)!;
  const ids = idsOf(
    type,
    await keysOf(place, [{ type, where: { op: 'key', param, keys: names } }], { most: MOST_RESOURCES }),
  );
  if (ids.length === 0) return [];
  const named = await keysOf(place, [{ type, where: { op: 'id', ids } }], { param, most: MOST_REFERENCES });
  // What also names something outside the record speaks of others too. With too many names to tell, none is taken.
  if (named.length >= MOST_REFERENCES) return [];
  const inside = new Set(names);
  const outside = named.filter((key) => key !== '' && !inside.has(key));
  if (outside.length === 0) return ids;
  const where: Expression = {
    op: 'and',
    of: [
      { op: 'id', ids },
      { op: 'key', param, keys: outside },
    ],
  };
  const mixed = new Set(idsOf(type, await keysOf(place, [{ type, where }], { most: MOST_RESOURCES })));
  return ids.filter((id) => !mixed.has(id));
}

const idsOf = (type: string, names: readonly string[]): string[] =>
  names.map((name) => name.slice(type.length + 1));
