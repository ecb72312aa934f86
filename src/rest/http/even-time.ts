/**
 * "There is no such thing" takes as long whether there is none or the caller may not see it. A look into the index costs a few microseconds more for what
 * is there; a timer of the event loop fires on whole milliseconds, and behind one of them that difference cannot be told any more.
 * https://nodejs.org/api/timers.html#settimeoutcallback-delay-args
 */
import { setTimeout as sleep } from 'node:timers/promises';

const WAIT_MS = 2;

/** Waits where an answer could tell by its time: 404, and Bundles, whose entries may be such answers. */
export async function evenTime(status: number, interaction: string): Promise<void> {
  if (status === 404 || interaction === 'bundle') await sleep(WAIT_MS);
}
