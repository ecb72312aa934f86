/**
 * The last events of each of many subjects, kept in the memory of every thread and asked for across all threads of the process. Bounded in both
 * directions; it ends with the process. https://nodejs.org/api/worker_threads.html#class-broadcastchannel-extends-eventtarget
 */
import { BroadcastChannel, threadId } from 'node:worker_threads';

/** Events a subject and thread. */
const MOST_EVENTS = 200;
/** Subjects a thread; the one that was quiet longest makes room. */
const MOST_SUBJECTS = 500;
/** How long the other threads are waited for. */
const WAIT_MS = 60;

interface Timed {
  /** ms since 1970 */
  readonly at: number;
}

export interface EventLog<E extends Timed> {
  record(subject: string, event: E): void;
  /** of this thread and the others, newest first */
  recent(subject: string): Promise<readonly E[]>;
  close(): void;
}

type Message<E> =
  | { readonly ask: string; readonly subject: string }
  | { readonly answer: string; readonly events: readonly E[] };

/** Answers the other threads, and can ask them. It never keeps the process alive. */
export function eventLog<E extends Timed>(name: string): EventLog<E> {
  const kept = new Map<string, E[]>();
  const asked = new Map<string, E[]>();
  const channel = new BroadcastChannel(`embergate-${name}`);
  let number = 0;
  channel.onmessage = (event: unknown): void => {
    const message = (event as { data: Message<E> }).data;
    if ('ask' in message) {
      const events = kept.get(message.subject);
      if (events) channel.postMessage({ answer: message.ask, events } satisfies Message<E>);
    } else asked.get(message.answer)?.push(...message.events);
  };
  channel.unref();
  return {
    record: (subject, event) => {
      const events = kept.get(subject) ?? [];
      // Put in anew, so that the order of the map is that of the last sign of life.
      kept.delete(subject);
      kept.set(subject, events);
      if (events.push(event) > MOST_EVENTS) events.shift();
      if (kept.size > MOST_SUBJECTS) kept.delete(kept.keys().next().value!);
    },
    recent: async (subject) => {
      const ask = `${threadId}-${number++}`;
      const events = [...(kept.get(subject) ?? [])];
      asked.set(ask, events);
      channel.postMessage({ ask, subject } satisfies Message<E>);
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
      asked.delete(ask);
      return events.sort((a, b) => b.at - a.at).slice(0, MOST_EVENTS);
    },
    close: () => channel.close(),
  };
}
