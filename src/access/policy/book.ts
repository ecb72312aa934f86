/**
 * The policies of a tenant as they are now, on this thread. Another thread's change counts from the next request on: it is told before its writer is
 * answered. Another process's is noticed within a second. https://nodejs.org/api/worker_threads.html#workerreceivemessageonportport
 */
import { receiveMessageOnPort } from 'node:worker_threads';
import type { Definitions } from '../../fhir/definitions/registry.ts';
import { ALL } from '../../fhir/search/expression.ts';
import { searchPlan } from '../../fhir/search/plan.ts';
import { tokenKey } from '../../fhir/search/token.ts';
import type { Expression } from '../../fhir/search/expression.ts';
import type { StoredResource, TenantStore } from '../../store/ports.ts';
import { parsePolicy } from './parse.ts';
import { treeOf } from './proxies.ts';
import { POLICY_CODE, POLICY_SYSTEM, type Policy } from './rule.ts';

export interface PolicySet {
  /** those that are switched on, in the order of their ids */
  readonly policies: readonly Policy[];
}

export interface PolicyBook {
  /** at once, unless something may have changed. Rejects where the store does not answer: then nothing is granted */
  current(): PolicySet | Promise<PolicySet>;
  /** called after a commit, before its writer is answered */
  written(types: ReadonlySet<string>): void;
  stop(): void;
}

/** Basic resources that are policies. */
export const IS_POLICY: Expression = Object.freeze({
  op: 'key',
  param: 'code',
  keys: [tokenKey('code', `${POLICY_SYSTEM}|${POLICY_CODE}`)],
});

/** How long a change by another process may go unnoticed. */
const OTHERS_MS = 1000;
const PAGE = 500;
const NO_POLICIES: PolicySet = { policies: [] };

export interface BookOptions {
  readonly tenant: string;
  readonly store: TenantStore;
  readonly definitions: () => Definitions;
  /** a policy that cannot be understood, each version once */
  readonly onBroken?: (policy: Policy) => void;
}

export function policyBook({ tenant, store, definitions, onBroken }: BookOptions): PolicyBook {
  const channel = new BroadcastChannel(`embergate-policies-${tenant}`);
  (channel as unknown as { unref(): void }).unref();
  const told = new Set<string>();
  let changes = 0;
  // A message comes either here, when the thread was idle meanwhile, or out of the queue in `current`: once in all.
  channel.onmessage = () => void changes++;
  let known:
    | {
        readonly set: PolicySet;
        readonly at: number;
        readonly of: Definitions;
        stamp: string;
        looked: number;
      }
    | undefined;
  let loading: { readonly at: number; readonly set: Promise<PolicySet> } | undefined;
  const load = async (at: number): Promise<PolicySet> => {
    const of = definitions();
    const looked = performance.now();
    const stored = await everyPolicy(store);
    const stamp = stored.map(({ seq }) => seq).join();
    // The same set while nothing has changed: what follows from it is kept by it.
    const isSame = known?.stamp === stamp && known.of === of;
    const set = isSame ? known!.set : setOf(of, stored);
    for (const policy of set.policies) {
      if (policy.problems.length === 0 || told.has(policy.source)) continue;
      told.add(policy.source);
      onBroken?.(policy);
    }
    known = { set, at, of, stamp, looked };
    return set;
  };
  return {
    current: () => {
      while (receiveMessageOnPort(channel as never)) changes++;
      const isFresh = known?.at === changes && known.of === definitions();
      if (isFresh && performance.now() - known!.looked < OTHERS_MS) return known!.set;
      if (loading?.at === changes) return loading.set;
      const set = load(changes);
      const mine = { at: changes, set };
      loading = mine;
      const done = (): void => void (loading === mine && (loading = undefined));
      set.then(done, done);
      return set;
    },
    written: (types) => {
      if (!types.has('Basic')) return;
      changes++;
      channel.postMessage('changed');
    },
    stop: () => channel.close(),
  };
}

const setOf = (definitions: Definitions, stored: readonly StoredResource[]): PolicySet => {
  const policies = stored.flatMap(
    (one) => parsePolicy(definitions, treeOf(one), `Basic/${one.id}/_history/${one.versionId}`) ?? [],
  );
  return policies.length === 0 ? NO_POLICIES : { policies };
};

async function everyPolicy(store: TenantStore): Promise<readonly StoredResource[]> {
  const all: StoredResource[] = [];
  const branches = [{ type: 'Basic', where: IS_POLICY }];
  let after: string | undefined;
  do {
    const page = await store.resources.search(
      searchPlan({ branches, sort: [{ by: 'id', descending: false }], count: PAGE, after }, () => ALL),
    );
    all.push(...page.resources);
    after = page.next;
  } while (after !== undefined);
  return all;
}
