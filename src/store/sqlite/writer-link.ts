/** The way from a thread that answers requests to the one that writes: a bounded queue of orders with their promises. */
import { Worker, type MessagePort, type TransferListItem } from 'node:worker_threads';
import { fault } from '../../fhir/model/outcome.ts';
import type { Answer, Control, Order, OrderMessage } from './protocol.ts';

export interface WriterLink {
  /** Sends an order. Throws FhirError `busy` when too many wait, or when the writer is gone. */
  order(tenant: string, order: Order, transfer?: readonly ArrayBuffer[]): Promise<unknown>;
  control(message: Control, transfer?: readonly TransferListItem[]): void;
  /** Lets what waits be committed, and ends the writer if this link started it. */
  close(): Promise<void>;
}

/** Orders of one thread that may wait; more are refused. */
const MOST_WAITING = 5000;

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Channel {
  postMessage(message: OrderMessage | Control, transfer?: readonly TransferListItem[]): void;
}

interface Waiting {
  readonly pending: Map<number, Pending>;
  isGone: boolean;
}

function linkOver(channel: Channel, waiting: Waiting): Pick<WriterLink, 'order' | 'control'> {
  let next = 1;
  return {
    order: (tenant, order, transfer = []) => {
      if (waiting.isGone) return Promise.reject(fault('busy', 'The store is closed'));
      if (waiting.pending.size >= MOST_WAITING) return Promise.reject(fault('busy', 'Too many writes are waiting: try again in a moment'));
      return new Promise((resolve, reject) => {
        const id = next++;
        waiting.pending.set(id, { resolve, reject });
        channel.postMessage({ id, tenant, order }, transfer);
      });
    },
    control: (message, transfer = []) => channel.postMessage(message, transfer),
  };
}

function settle({ pending }: Waiting, answer: Answer): void {
  const one = pending.get(answer.id);
  pending.delete(answer.id);
  if ('error' in answer) one?.reject(new Error(answer.error));
  else one?.resolve(answer.result);
}

function abandon(waiting: Waiting): void {
  waiting.isGone = true;
  for (const { reject } of waiting.pending.values()) reject(fault('busy', 'The store was closed before the write was done'));
  waiting.pending.clear();
}

/** Starts the writing thread of a folder. */
export function startWriter(folder: string): WriterLink {
  const worker = new Worker(new URL('./writer.ts', import.meta.url), {
    workerData: { role: 'sqlite-writer', folder },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const waiting: Waiting = { pending: new Map(), isGone: false };
  let closed: (() => void) | undefined;
  worker.on('message', (answer: Answer | 'closed') => (answer === 'closed' ? closed?.() : settle(waiting, answer)));
  worker.on('error', () => abandon(waiting));
  worker.on('exit', () => {
    abandon(waiting);
    closed?.();
  });
  const link = linkOver(worker as unknown as Channel, waiting);
  const close = async (): Promise<void> => {
    if (waiting.isGone) return;
    const done = new Promise<void>((resolve) => (closed = resolve));
    link.control({ control: 'close' });
    await done;
    await worker.terminate();
  };
  return { ...link, close };
}

/** Uses the writing thread of another thread's stores. */
export function attachWriter(port: MessagePort): WriterLink {
  const waiting: Waiting = { pending: new Map(), isGone: false };
  port.on('message', (answer: Answer) => settle(waiting, answer));
  port.on('close', () => abandon(waiting));
  const link = linkOver(port as unknown as Channel, waiting);
  const close = async (): Promise<void> => port.close();
  return { ...link, close };
}
