/**
 * Conformance resources of a tenant take effect: the registry is swapped whole when one is written, on this thread at once, on the other
 * threads of the process by a message, and in other processes by looking every few seconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { withConformance } from '../fhir/definitions/overlay.ts';
import type { Definitions } from '../fhir/definitions/registry.ts';
import { ALL } from '../fhir/search/expression.ts';
import { searchPlan } from '../fhir/search/plan.ts';
import type { StoredResource, TenantStore } from '../store/ports.ts';
import { treeOf } from './visible.ts';

/**
 * Types whose resources change what the server knows. A SearchParameter is not among them: it may only count once what is stored has been
 * indexed by it, or a search would silently miss resources.
 */
const TYPES = [
  'StructureDefinition',
  'ValueSet',
  'CodeSystem',
  'ConceptMap',
  'OperationDefinition',
  'CompartmentDefinition',
];
const LOOK_EVERY_MS = 5000;
const PAGE = 200;

export interface ConformanceFollower {
  readonly definitions: () => Definitions;
  readonly written: (types: ReadonlySet<string>) => void;
  readonly stop: () => void;
}

/** Reads what is stored, and follows. */
export async function conformanceFollower(
  store: TenantStore,
  base: Definitions,
  tenant: string,
): Promise<ConformanceFollower> {
  let current = base;
  let stamp = '';
  const refresh = async (): Promise<void> => {
    const stored = await everyConformanceResource(store);
    const now = stored.map(({ seq }) => seq).join();
    if (now === stamp) return;
    stamp = now;
    current =
      stored.length > 0
        ? withConformance(
            base,
            stored.map(({ body }) => treeOf(body!)),
          )
        : base;
  };
  await refresh();
  const look = calmly(refresh);
  const channel = new BroadcastChannel(`embergate-conformance-${tenant}`);
  channel.onmessage = look;
  (channel as unknown as { unref(): void }).unref();
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return {
    definitions: () => current,
    written: (types) => {
      if (!TYPES.some((type) => types.has(type))) return;
      channel.postMessage('changed');
      look();
    },
    stop: () => {
      clearInterval(timer);
      channel.close();
    },
  };
}

/** Share of its time that a thread may spend on following, as one in so many. */
const AT_MOST_ONE_IN = 10;

/**
 * Runs the work at once, but never twice at a time; what is asked for meanwhile runs once more after a rest. A package of a thousand resources, written one by
 * one, is so taken in a few steps. A store that does not answer for a moment is asked again at the next look.
 */
export function calmly(work: () => Promise<void>): () => void {
  let isRunning = false;
  let isWanted = false;
  const run = async (): Promise<void> => {
    isRunning = true;
    do {
      isWanted = false;
      const started = performance.now();
      await work().catch(() => undefined);
      const rest = (performance.now() - started) * (AT_MOST_ONE_IN - 1);
      if (isWanted) await sleep(rest, undefined, { ref: false });
    } while (isWanted);
    isRunning = false;
  };
  return () => {
    isWanted = true;
    if (!isRunning) void run();
  };
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
