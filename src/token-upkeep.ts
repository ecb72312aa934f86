/**
 * Forgets what has expired in the token stores: once a minute, in the main thread, a little at a time. Nothing depends on it, since every lookup
 * leaves out what has expired; it only keeps the store small.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stores } from './store/ports.ts';

export interface UpkeepOptions {
  readonly everyMs: number;
  /** records that are removed in one step */
  readonly batch: number;
  /** between two steps, so that requests come first */
  readonly pauseMs: number;
  /** steps for one tenant in one round; the rest waits for the next */
  readonly steps: number;
}

const OPTIONS: UpkeepOptions = { everyMs: 60_000, batch: 200, pauseMs: 50, steps: 200 };

/** `stop` resolves when the step in work is done. */
export function keepTokensTidy(
  stores: Stores,
  options: Partial<UpkeepOptions> = {},
): { stop: () => Promise<void> } {
  const settled = { ...OPTIONS, ...options };
  const abort = new AbortController();
  const work = rounds(stores, settled, abort.signal);
  return {
    stop: () => {
      abort.abort();
      return work;
    },
  };
}

async function rounds(stores: Stores, options: UpkeepOptions, signal: AbortSignal): Promise<void> {
  while (await rest(options.everyMs, signal)) {
    // A store that is away or full: the next round tries again.
    await tidy(stores, options, signal).catch(() => undefined);
  }
}

async function tidy(stores: Stores, options: UpkeepOptions, signal: AbortSignal): Promise<void> {
  for (const name of await stores.tenants()) {
    const { tokens } = await stores.tenant(name);
    for (let step = 0; step < options.steps && !signal.aborted; step++) {
      if ((await tokens.purge(Date.now(), options.batch)) < options.batch) break;
      if (!(await rest(options.pauseMs, signal))) return;
    }
  }
}

/** False when it is time to stop. */
async function rest(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal, ref: false });
    return true;
  } catch {
    return false;
  }
}
