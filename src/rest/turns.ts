/**
 * Work that takes much memory waits for its turn: one at a time on a thread, in the order of coming, and no more waiting than can be served in reasonable
 * time. So the memory of a thread is bounded by its largest piece of work, however many come at once.
 */
import { fault } from '../fhir/model/outcome.ts';

export interface Turns {
  /** Throws FhirError `busy` (503) where too many wait already. */
  readonly take: <T>(work: () => Promise<T>) => Promise<T>;
}

export function turns(most: number): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    take: async (work) => {
      if (waiting >= most)
        throw fault('busy', 'Too many large bundles are waiting here: try again in a moment');
      waiting++;
      const turn = last.then(work).finally(() => waiting--);
      // Whoever comes next waits for the end, not for its success.
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}
