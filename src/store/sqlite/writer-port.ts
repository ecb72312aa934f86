/**
 * A thread's line to the writer thread: questions of one turn of the event loop travel together, and no more may wait than the bound allows.
 * https://nodejs.org/api/worker_threads.html#class-messageport
 */
import type { MessagePort } from 'node:worker_threads';
import { fault } from '../../fhir/model/outcome.ts';
import type { CommitResult, Reindexed, UnitOfWork, Write } from '../ports.ts';
import type { TokenChange } from './token-rows.ts';
import { packUnit, type Answers, type Ask, type Questions } from './wire.ts';

/** A question that needs no packing. */
type PlainAsk = Exclude<Ask, { op: 'commit' | 'token' | 'reindex' }>;

export interface QueueLimits {
  /** questions that may wait before a commit is refused */
  readonly commits: number;
  /** bytes of resource text that may wait */
  readonly bytes: number;
}

const LIMITS: QueueLimits = { commits: 2000, bytes: 512 * 1024 * 1024 };
const closing = (): Error => fault('busy', 'The store is closing: try again');

const EMPTY = new Uint8Array(0);

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly bytes: number;
}

export class WriterPort {
  readonly #port: MessagePort;
  readonly #limits: QueueLimits;
  readonly #pending = new Map<number, Pending>();
  #outbox: Ask[] = [];
  #bodies: Uint8Array[] = [];
  /** bytes of `#bodies` */
  #packed = 0;
  #next = 0;
  #waitingBytes = 0;
  #isClosed = false;
  #drained: (() => void) | undefined;

  constructor(port: MessagePort, limits = LIMITS) {
    this.#port = port;
    this.#limits = limits;
    port.on('message', (answers: Answers) => this.#settle(answers));
    port.on('close', () => this.#abandon());
    // Only while an answer is awaited does the line keep the program alive.
    port.unref();
  }

  /** Throws FhirError `busy` when the store is closing or cannot write now. */
  ask(ask: PlainAsk): Promise<unknown> {
    return this.#send(ask, 0);
  }

  /** Throws FhirError `busy` when too much is waiting, too. */
  commit(tenant: string, unit: UnitOfWork): Promise<CommitResult> {
    if (this.#isClosed) return Promise.reject(closing());
    if (this.#isFull) return Promise.reject(this.#tooMany());
    const { wire, end } = packUnit(unit, this.#bodies, this.#packed);
    const bytes = end - this.#packed;
    this.#packed = end;
    return this.#send({ op: 'commit', tenant, unit: wire, bodies: EMPTY }, bytes) as Promise<CommitResult>;
  }

  /** Throws FhirError `busy` when too much is waiting, too. */
  reindex(tenant: string, resources: readonly Reindexed[]): Promise<unknown> {
    if (this.#isFull) return Promise.reject(this.#tooMany());
    const writes = resources.map(({ type, id, versionId, index }): Write => ({
      type,
      id,
      expected: versionId,
      versionId,
      method: 'PUT',
      content: { body: EMPTY, stampAt: -1, index },
    }));
    return this.#send({ op: 'reindex', tenant, unit: packUnit({ writes }, [], 0).wire }, 0);
  }

  /** Throws FhirError `busy` when too much is waiting, too. */
  change(tenant: string, change: TokenChange): Promise<unknown> {
    return this.#isFull ? Promise.reject(this.#tooMany()) : this.#send({ op: 'token', tenant, change }, 0);
  }

  get #isFull(): boolean {
    return this.#pending.size >= this.#limits.commits || this.#waitingBytes >= this.#limits.bytes;
  }

  #tooMany(): Error {
    return fault('busy', `${this.#pending.size} writes are waiting: try again in a second`);
  }

  /** Resolves when every question asked has its answer; further ones are refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#pending.size > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    this.#port.close();
  }

  #send(ask: Ask, bytes: number): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(closing());
    if (this.#outbox.length === 0) setImmediate(() => this.#flush());
    if (this.#pending.size === 0) this.#port.ref();
    this.#outbox.push(ask);
    this.#waitingBytes += bytes;
    return new Promise((resolve, reject) => this.#pending.set(this.#next++, { resolve, reject, bytes }));
  }

  /** The bodies of all questions go as one buffer, which is handed over rather than copied a second time. */
  #flush(): void {
    const buffer = new Uint8Array(this.#packed);
    let at = 0;
    for (const body of this.#bodies) {
      buffer.set(body, at);
      at += body.length;
    }
    const asks = this.#outbox.map((ask) => (ask.op === 'commit' ? { ...ask, bodies: buffer } : ask));
    const questions: Questions = { first: this.#next - asks.length, asks };
    this.#port.postMessage(questions, this.#packed > 0 ? [buffer.buffer] : []);
    [this.#outbox, this.#bodies, this.#packed] = [[], [], 0];
  }

  #settle(answers: Answers): void {
    for (const [number, answer] of answers) {
      const { resolve, reject, bytes } = this.#pending.get(number)!;
      this.#pending.delete(number);
      this.#waitingBytes -= bytes;
      if ('value' in answer) resolve(answer.value);
      else
        reject(
          answer.busy ? fault('busy', `The store cannot write: ${answer.error}`) : new Error(answer.error),
        );
    }
    if (this.#pending.size > 0) return;
    this.#port.unref();
    this.#drained?.();
  }

  #abandon(): void {
    this.#isClosed = true;
    for (const { reject } of this.#pending.values()) reject(fault('busy', 'The store was closed'));
    this.#pending.clear();
    this.#drained?.();
  }
}
