/** Metrics of all threads of the process in one answer: whichever thread is asked, asks the others. https://nodejs.org/api/worker_threads.html */
import { BroadcastChannel, threadId } from 'node:worker_threads';
import type { Family } from './families.ts';

type Message = { readonly ask: string } | { readonly answer: string; readonly families: readonly Family[] };

/** How long the other threads are waited for. One that is busy for longer is left out of this answer. */
const WAIT_MS = 100;
const CHANNEL = 'embergate-metrics';

export interface Exchange {
  /** the families of this thread and of the others */
  readonly collect: () => Promise<Family[]>;
  readonly close: () => void;
}

/** Answers the other threads, and can ask them. It never keeps the process alive. */
export function exchange(own: () => readonly Family[]): Exchange {
  const channel = new BroadcastChannel(CHANNEL);
  const asked = new Map<string, Family[]>();
  let number = 0;
  channel.onmessage = (event: unknown): void => {
    const message = (event as { data: Message }).data;
    if ('ask' in message) channel.postMessage({ answer: message.ask, families: own() } satisfies Message);
    else asked.get(message.answer)?.push(...message.families);
  };
  channel.unref();
  const collect = async (): Promise<Family[]> => {
    const ask = `${threadId}-${number++}`;
    const families = [...own()];
    asked.set(ask, families);
    channel.postMessage({ ask } satisfies Message);
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    asked.delete(ask);
    return families;
  };
  return { collect, close: () => channel.close() };
}
