/**
 * "There is no such thing" takes as long whether there is none or the caller may not see it. A look into the index costs a few microseconds more for what
 * is there; so such answers go out at a set time after the request began, which says nothing of what was found.
 * https://nodejs.org/api/timers.html#settimeoutcallback-delay-args
 */
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

/** Longer than such an answer takes but under load; then it waits for the next multiple. */
const STEP_MS = 4;
/** A timer fires on whole milliseconds, which would tell when it was set: the rest is waited for turn by turn. */
const TIMER_MS = 2;

/** Waits where an answer could tell by its time: 404, and Bundles, whose entries may be such answers. `began`: by performance.now(). */
export async function evenTime(status: number, interaction: string, began: number): Promise<void> {
  if (status !== 404 && interaction !== 'bundle') return;
  const until = began + Math.ceil((performance.now() - began) / STEP_MS) * STEP_MS;
  const spare = until - performance.now() - TIMER_MS;
  if (spare >= 1) await sleep(Math.floor(spare));
  while (performance.now() < until) await turn();
}
