/**
 * What was found out about a record, believed until something is committed that can have changed it: the sets that policies are made of would otherwise
 * be searched for at every request (docs/adr/0032).
 */
import type { TenantStore } from '../../store/ports.ts';

interface Belief {
  /** grows with what was committed since and changed nothing here */
  seq: number;
  readonly value: Promise<unknown>;
}

const MOST_BELIEFS = 5000;
/** So many versions are looked at to see whether they matter; with more it is as quick to find everything anew. */
const MOST_NEW = 100;
const kept = new WeakMap<TenantStore, Map<string, Belief>>();

/** `types`: those of the resources that the answer depends on. `name` says all else that it depends on. */
export async function believed<T>(
  store: TenantStore,
  name: string,
  types: ReadonlySet<string>,
  find: () => Promise<T>,
): Promise<T> {
  // Before it is looked for: what is committed meanwhile makes the answer newer than it says, never older.
  const seq = await store.feed.last();
  let beliefs = kept.get(store);
  if (!beliefs) kept.set(store, (beliefs = new Map<string, Belief>()));
  const before = beliefs.get(name);
  if (before && (await isUnchanged(store, before, seq, types))) return before.value as Promise<T>;
  if (beliefs.size >= MOST_BELIEFS) beliefs.clear();
  const value = find();
  const belief = { seq, value };
  beliefs.set(name, belief);
  value.catch(() => beliefs.get(name) === belief && beliefs.delete(name));
  return value;
}

async function isUnchanged(
  store: TenantStore,
  before: Belief,
  seq: number,
  types: ReadonlySet<string>,
): Promise<boolean> {
  if (before.seq >= seq) return true;
  if (seq - before.seq > MOST_NEW) return false;
  const versions = await store.feed.read(before.seq, MOST_NEW);
  const last = versions.at(-1)?.seq ?? before.seq;
  if (last < seq || versions.some(({ type }) => types.has(type))) return false;
  before.seq = Math.max(before.seq, last);
  return true;
}
