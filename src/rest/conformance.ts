/**
 * Conformance resources of a tenant take effect: the registry is swapped whole when one is written, on this thread at once, on the other
 * threads of the process by a message, and in other processes by looking every few seconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { withConformance } from '../fhir/definitions/overlay.ts';
import type { Definitions } from '../fhir/definitions/registry.ts';
import { ALL } from '../fhir/search/expression.ts';
import { searchPlan } from '../fhir/search/plan.ts';
import type { ResourceTree } from '../fhir/model/tree.ts';
import type { StoredResource, TenantStore } from '../store/ports.ts';
import { basePending, parameterPending, type Pending } from './index-state.ts';
import { reindex } from './reindex.ts';
import { treeOf } from './visible.ts';

/** Types whose resources change what the server knows. */
const TYPES = [
  'StructureDefinition',
  'ValueSet',
  'CodeSystem',
  'ConceptMap',
  'OperationDefinition',
  'CompartmentDefinition',
  'SearchParameter',
];
const LOOK_EVERY_MS = 5000;
const PAGE = 200;

/** By then every thread and process has noticed what was written. */
const NOTICED_MS = 2 * LOOK_EVERY_MS + 2000;
/** Share of its time that a thread spends on indexing anew. */
const REINDEX_DUTY = 0.5;

/** What is stored makes of the base registry. */
export interface ConformanceState {
  /** differs when anything does */
  readonly stamp: string;
  /** what can be searched by: a posted SearchParameter only counts once everything is indexed by it, or a search would silently miss resources */
  readonly definitions: () => Definitions;
  /** what is indexed by: the pending ones among them */
  readonly indexing: () => Definitions;
  readonly pending: readonly Pending[];
}

export interface ConformanceFollower {
  readonly definitions: () => Definitions;
  readonly indexing: () => Definitions;
  readonly pending: () => readonly Pending[];
  readonly written: (types: ReadonlySet<string>) => void;
  /** resolves when what was written before on this thread is in force */
  readonly settled: () => Promise<void>;
  readonly stop: () => void;
}

export interface FollowerOptions {
  readonly tenant: string;
  /** absolute references below it are local ones */
  readonly baseUrl: string;
  /** see ReindexOptions */
  readonly patience?: number;
}

/** Reads what is stored, and follows; what is not indexed yet is indexed in the background. */
export async function conformanceFollower(
  store: TenantStore,
  base: Definitions,
  { tenant, baseUrl, patience = NOTICED_MS }: FollowerOptions,
): Promise<ConformanceFollower> {
  let state = await conformanceState(store, base);
  let [definitions, indexing] = [state.definitions(), state.indexing()];
  let isStopped = false;
  const channel = new BroadcastChannel(`embergate-conformance-${tenant}`);
  const refresh = async (): Promise<void> => {
    const next = await conformanceState(store, base);
    if (next.stamp !== state.stamp) [definitions, indexing] = [next.definitions(), next.indexing()];
    state = next;
    if (state.pending.length > 0 && !isStopped) work();
  };
  const look = calmly(refresh);
  let isWorking = false;
  const work = (): void => {
    if (isWorking) return;
    isWorking = true;
    // A store that does not answer is tried again at the next look.
    void indexAnew()
      .catch(() => undefined)
      .finally(() => (isWorking = false));
  };
  const indexAnew = async (): Promise<void> => {
    const { pending } = state;
    const options = { definitions: indexing, pending, baseUrl, patience, duty: REINDEX_DUTY };
    const end = await reindex(store, { ...options, isStopped: () => isStopped });
    if (end !== 'done' || isStopped) return;
    channel.postMessage('changed');
    look();
  };
  channel.onmessage = look;
  (channel as unknown as { unref(): void }).unref();
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  if (state.pending.length > 0) work();
  return {
    definitions: () => definitions,
    indexing: () => indexing,
    pending: () => state.pending,
    written: (types) => {
      if (!TYPES.some((type) => types.has(type))) return;
      channel.postMessage('changed');
      look();
    },
    settled: look.settled,
    stop: () => {
      isStopped = true;
      clearInterval(timer);
      channel.close();
    },
  };
}

/** What is stored now. */
export async function conformanceState(store: TenantStore, base: Definitions): Promise<ConformanceState> {
  const stored = await everyConformanceResource(store);
  const trees = stored.map(({ body }) => treeOf(body!)).filter(isInForce);
  const pending = await basePending(store, base);
  const waiting = new Set<ResourceTree>();
  for (const tree of trees.filter(isParameter)) {
    const one = await parameterPending(store, tree);
    if (!one) continue;
    pending.push(one);
    waiting.add(tree);
  }
  const ready = trees.filter((tree) => !waiting.has(tree));
  const known = new Map<number, Definitions>([[0, base]]);
  const withTrees = (some: readonly ResourceTree[]) => () => {
    const made = known.get(some.length) ?? withConformance(base, some);
    known.set(some.length, made);
    return made;
  };
  return {
    stamp: JSON.stringify([stored.map(({ seq }) => seq), pending.map(({ name }) => name)]),
    definitions: withTrees(ready),
    indexing: withTrees(trees),
    pending,
  };
}

const isParameter = (tree: ResourceTree): boolean => tree.resourceType === 'SearchParameter';

/** A retired SearchParameter is one no longer, and one that cannot be read never was. */
function isInForce(tree: ResourceTree): boolean {
  if (!isParameter(tree)) return true;
  const { url, code, type, base, status } = tree;
  return (
    status !== 'retired' && [url, code, type].every((one) => typeof one === 'string') && Array.isArray(base)
  );
}

/** Share of its time that a thread may spend on following, as one in so many. */
const AT_MOST_ONE_IN = 10;

/**
 * Runs the work at once, but never twice at a time; what is asked for meanwhile runs once more after a rest. A package of a thousand resources, written one by
 * one, is so taken in a few steps. A store that does not answer for a moment is asked again at the next look.
 */
export function calmly(work: () => Promise<void>): Calm {
  let running: Promise<void> | undefined;
  let isWanted = false;
  let hurry = new AbortController();
  const run = async (): Promise<void> => {
    do {
      isWanted = false;
      const started = performance.now();
      await work().catch(() => undefined);
      const rest = (performance.now() - started) * (AT_MOST_ONE_IN - 1);
      // Whoever waits for the result cuts the rest short.
      if (isWanted) await sleep(rest, undefined, { ref: false, signal: hurry.signal }).catch(() => undefined);
    } while (isWanted);
    running = undefined;
    hurry = new AbortController();
  };
  const look = (): void => {
    isWanted = true;
    running ??= run();
  };
  const settled = async (): Promise<void> => {
    hurry.abort();
    await running;
  };
  return Object.assign(look, { settled });
}

export interface Calm {
  (): void;
  /** resolves when all that was asked for before has been done */
  readonly settled: () => Promise<void>;
}

async function everyConformanceResource(store: TenantStore): Promise<StoredResource[]> {
  const all: StoredResource[] = [];
  const branches = TYPES.map((type) => ({ type, where: ALL }));
  let after: string | undefined;
  do {
    const page = await store.resources.search(searchPlan({ branches, count: PAGE, after }, () => ALL));
    all.push(...page.resources);
    after = page.next;
  } while (after !== undefined);
  return all;
}
