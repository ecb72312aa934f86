/**
 * Commits of several threads of one process in one queue. Each thread reads over connections of its own, but hands its units to the thread that
 * opened the stores: so the threads are no rivals for the counter, and their units share transactions.
 * https://nodejs.org/api/worker_threads.html#class-messageport
 */
import { MessageChannel, type MessagePort, type Transferable } from 'node:worker_threads';
import { fault, FhirError, type Issue } from '../../fhir/model/outcome.ts';
import type { CommitResult, UnitOfWork, Write } from '../ports.ts';
import type { CommitQueue } from './commit.ts';

/** What a thread is given to share the queue. */
export interface CommitAttachment {
  readonly port: MessagePort;
}

/** A unit travels as JSON, which is cheaper than cloning an object for each index value; its bodies are moved, not copied. */
interface Asked {
  readonly number: number;
  readonly tenant: string;
  readonly unit: string;
  readonly bodies: readonly (Uint8Array | undefined)[];
}

interface Refused {
  readonly text: string;
  readonly status?: number;
  readonly issues?: readonly Issue[];
  readonly headers?: Readonly<Record<string, string>>;
}

type Answered = { readonly number: number } & (
  { readonly result: CommitResult } | { readonly refused: Refused }
);

/** Opens a way into the queues of this thread. The port must stand in the transfer list of the message that carries it. */
export function attachment(
  commit: (tenant: string, unit: UnitOfWork) => Promise<CommitResult>,
): CommitAttachment {
  const { port1, port2 } = new MessageChannel();
  const send = poster<Answered>(port1);
  port1.on('message', (asked: readonly Asked[]) => {
    for (const one of asked) {
      commit(one.tenant, unpacked(one)).then(
        (result) => send({ number: one.number, result }),
        (error: unknown) => send({ number: one.number, refused: refused(error) }),
      );
    }
  });
  // A thread that waits for nothing else may end, and so may this one.
  port1.unref();
  return { port: port2 };
}

interface Open {
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: Error) => void;
}

/** The queues of another thread, as seen from this one. */
export function linkedQueues(port: MessagePort): (tenant: string) => CommitQueue {
  const open = new Map<number, Open>();
  const send = poster<Asked>(port);
  let asked = 0;
  port.on('message', (answers: readonly Answered[]) => {
    for (const answer of answers) {
      const { resolve, reject } = open.get(answer.number)!;
      open.delete(answer.number);
      if ('result' in answer) resolve(answer.result);
      else reject(errorOf(answer.refused));
    }
  });
  port.on('close', () => {
    for (const { reject } of open.values()) reject(fault('busy', 'The server is stopping: try again'));
    open.clear();
  });
  port.unref();
  return (tenant) => {
    const waits = new Set<Promise<CommitResult>>();
    const commit = (unit: UnitOfWork): Promise<CommitResult> => {
      const result = new Promise<CommitResult>((resolve, reject) => {
        const { text, bodies, moved } = packed(unit);
        open.set(++asked, { resolve, reject });
        send({ number: asked, tenant, unit: text, bodies }, moved);
      });
      waits.add(result);
      const leave = (): boolean => waits.delete(result);
      result.then(leave, leave);
      return result;
    };
    return { commit, drained: async () => void (await Promise.allSettled([...waits])) };
  };
}

/** Sends what is to be sent in one turn of the event loop as one message. */
function poster<T>(port: MessagePort): (one: T, moved?: readonly Transferable[]) => void {
  let all: T[] = [];
  let transfer: Transferable[] = [];
  const flush = (): void => {
    port.postMessage(all, transfer);
    [all, transfer] = [[], []];
  };
  return (one, moved = []) => {
    if (all.push(one) === 1) setImmediate(flush);
    transfer.push(...moved);
  };
}

interface Packed {
  readonly text: string;
  readonly bodies: readonly (Uint8Array | undefined)[];
  readonly moved: readonly Transferable[];
}

function packed(unit: UnitOfWork): Packed {
  const bodies = unit.writes.map(({ content }) => content && alone(content.body));
  const writes = unit.writes.map(({ content, ...write }) =>
    content ? { ...write, content: { stampAt: content.stampAt, index: content.index } } : write,
  );
  const audit = unit.audit && { ...unit.audit, body: Buffer.from(unit.audit.body).toString('utf8') };
  const text = JSON.stringify({ ...unit, writes, audit });
  return { text, bodies, moved: bodies.flatMap((body) => (body ? [body.buffer as ArrayBuffer] : [])) };
}

/** Bytes that share no memory with others, so that it can be moved. */
function alone(body: Uint8Array): Uint8Array {
  return body.byteLength === body.buffer.byteLength ? body : new Uint8Array(body);
}

function unpacked({ unit, bodies }: Asked): UnitOfWork {
  const plain = JSON.parse(unit) as UnitOfWork;
  const writes = plain.writes.map((write, i): Write =>
    write.content ? { ...write, content: { ...write.content, body: bodies[i]! } } : write,
  );
  const audit = plain.audit && { ...plain.audit, body: Buffer.from(plain.audit.body as unknown as string) };
  return { ...plain, writes, ...(audit && { audit }) };
}

function refused(error: unknown): Refused {
  if (error instanceof FhirError) {
    const { status, issues, headers } = error;
    return { text: error.message, status, issues, headers };
  }
  return { text: error instanceof Error ? error.message : String(error) };
}

function errorOf({ text, status, issues, headers }: Refused): Error {
  return status === undefined ? new Error(text) : new FhirError(status, issues!, headers);
}
