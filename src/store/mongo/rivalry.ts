/** Turns between processes that commit for one tenant: who has had the counter of commits leaves a gap for who waits for it. */

export interface Rivalry {
  /** the counter before and after a commit of ours; when it has moved between two of them, others commit too */
  readonly note: (from: number, to: number) => void;
  /** others have committed a moment ago */
  readonly active: () => boolean;
  /** ms since the first conflict after our last commit, or after `unblock` */
  readonly blocked: () => number;
  readonly unblock: () => void;
}

/** How long a rival counts after its last commit that we saw, in ms. */
const RIVAL_MS = 500;

export function rivalry(): Rivalry {
  let [last, seen] = [-1, 0];
  let since: number | undefined;
  return {
    note: (from, to) => {
      since = undefined;
      if (last >= 0 && from !== last) seen = Date.now();
      last = to;
    },
    active: () => Date.now() - seen < RIVAL_MS,
    blocked: () => Date.now() - (since ??= Date.now()),
    unblock: () => {
      since = undefined;
    },
  };
}
