/**
 * What this process knows of a tenant from its own commits. As long as no one else commits, it knows the counter and the state of what it has
 * written or looked at last, and need not read them again. Nothing here is trusted: the transaction that builds on it changes the counter only
 * if that still stands where we left it, and so fails where others have committed meanwhile.
 */
import { stateAfter, type Accepted, type Current } from './judge.ts';
import { keyText, type Counter } from './layout.ts';

export interface Chain {
  /** the counter after our last commit; undefined where it must be read */
  readonly tip: () => Counter | undefined;
  /** the state of a resource at the tip; undefined where it is not known */
  readonly state: (key: string) => Current | undefined;
  /** what we have committed after the commit that ended with `seq`; undefined where that is not known any more */
  readonly since: (seq: number) => ReadonlyMap<string, Accepted> | undefined;
  readonly committed: (commit: Committed) => void;
  readonly forget: () => void;
}

export interface Committed {
  readonly before: Counter;
  readonly next: Counter;
  /** states of resources that were read, as of `before` */
  readonly seen: Iterable<readonly [key: string, state: Current]>;
  readonly accepted: readonly Accepted[];
}

/** States that are kept; about 200 bytes each. */
const MOST_KNOWN = 10_000;
const NOTHING: ReadonlyMap<string, Accepted> = new Map();

export function chain(): Chain {
  let tip: Counter | undefined;
  let last = { from: -1, changed: NOTHING };
  const known = new Map<string, Current>();
  const learn = (key: string, state: Current): void => {
    // Out and in again: the map is in the order of learning, and the oldest goes first.
    known.delete(key);
    known.set(key, state);
    if (known.size > MOST_KNOWN) known.delete(known.keys().next().value!);
  };
  return {
    tip: () => tip,
    state: (key) => known.get(key),
    since: (seq) => (seq === tip?.n ? NOTHING : seq === last.from ? last.changed : undefined),
    committed: ({ before, next, seen, accepted }) => {
      // Others have committed since, and perhaps changed what we knew.
      if (before.n !== tip?.n) known.clear();
      for (const [key, state] of seen) learn(key, state);
      for (const one of accepted) learn(keyText(one.write), stateAfter(one));
      last = { from: before.n, changed: new Map(accepted.map((one) => [keyText(one.write), one])) };
      tip = next;
    },
    forget: () => {
      tip = undefined;
      last = { from: -1, changed: NOTHING };
      known.clear();
    },
  };
}
