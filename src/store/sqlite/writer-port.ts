/**
 * A thread's line to the writer thread: questions of one turn of the event loop travel together, and no more may wait than the bound allows.
 * https://nodejs.org/api/worker_threads.html#class-messageport
 */
import type { MessagePort } from 'node:worker_threads';
import { fault } from '../../fhir/model/outcome.ts';
import type { CommitResult, UnitOfWork } from '../ports.ts';
import { packUnit, type Answers, type Ask, type Questions } from './wire.ts';

/** Questions without their tenant and, for commits, before packing. */
type PlainAsk = Exclude<Ask, { op: 'commit' }>;

export interface WriterPort {
  /** Throws FhirError `busy` when too much is waiting or the store cannot write now. */
  ask(ask: PlainAsk): Promise<unknown>;
  commit(tenant: string, unit: UnitOfWork): Promise<CommitResult>;
  /** resolves when every question asked has its answer; further ones are refused */
  close(): Promise<void>;
}

export interface QueueLimits {
  /** commits that may wait */
  readonly commits: number;
  /** bytes of resource text that may wait */
  readonly bytes: number;
}

const LIMITS: QueueLimits = { commits: 2000, bytes: 512 * 1024 * 1024 };

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly bytes: number;
}

export function openWriterPort(port: MessagePort, limits = LIMITS): WriterPort {
  const pending = new Map<number, Pending>();
  let outbox: Ask[] = [];
  let bodies: Uint8Array[] = [];
  let [next, first, packed, waitingBytes] = [0, 0, 0, 0];
  let closed = false;
  let drained: (() => void) | undefined;

  const flush = (): void => {
    const buffer = new Uint8Array(packed);
    let at = 0;
    for (const body of bodies) {
      buffer.set(body, at);
      at += body.length;
    }
    const asks = outbox.map((ask) => (ask.op === 'commit' ? { ...ask, bodies: buffer } : ask));
    port.postMessage({ first, asks } satisfies Questions, packed > 0 ? [buffer.buffer] : []);
    [outbox, bodies, packed, first] = [[], [], 0, next];
  };
  const send = (ask: Ask, bytes: number): Promise<unknown> => {
    if (closed) return Promise.reject(fault('busy', 'The store is closing: try again'));
    if (outbox.length === 0) setImmediate(flush);
    outbox.push(ask);
    waitingBytes += bytes;
    if (pending.size === 0) port.ref();
    return new Promise((resolve, reject) => pending.set(next++, { resolve, reject, bytes }));
  };
  const settle = (answers: Answers): void => {
    for (const [number, answer] of answers) {
      const { resolve, reject, bytes } = pending.get(number)!;
      pending.delete(number);
      waitingBytes -= bytes;
      if ('value' in answer) resolve(answer.value);
      else
        reject(
          answer.busy ? fault('busy', `The store cannot write: ${answer.error}`) : new Error(answer.error),
        );
    }
    if (pending.size > 0) return;
    port.unref();
    drained?.();
  };
  port.on('message', settle);
  port.on('close', () => {
    closed = true;
    for (const { reject } of pending.values()) reject(fault('busy', 'The store was closed'));
    pending.clear();
  });
  port.unref();

  const commit = (tenant: string, unit: UnitOfWork): Promise<CommitResult> => {
    if (pending.size >= limits.commits || waitingBytes >= limits.bytes) {
      return Promise.reject(fault('busy', `${pending.size} writes are waiting: try again in a second`));
    }
    const { wire, end } = packUnit(unit, bodies, packed);
    const bytes = end - packed;
    packed = end;
    return send({ op: 'commit', tenant, unit: wire, bodies: EMPTY }, bytes) as Promise<CommitResult>;
  };
  const close = async (): Promise<void> => {
    closed = true;
    if (pending.size > 0) await new Promise<void>((resolve) => (drained = resolve));
    port.close();
  };
  return { ask: (ask) => send(ask, 0), commit, close };
}

const EMPTY = new Uint8Array(0);
