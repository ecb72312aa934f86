/**
 * The writer thread: the one place from which the databases are written. Threads ask over message ports; what has queued up is done together.
 * https://nodejs.org/api/worker_threads.html
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { failure, SETTLE_TOGETHER, TenantWriter } from './tenant-writer.ts';
import { countCommits, gauge } from '../../telemetry/metrics.ts';
import type { Answer, Answers, Ask, Order, Questions } from './wire.ts';

interface Waiting {
  readonly port: MessagePort;
  readonly number: number;
  readonly ask: Ask;
}

/** A transaction takes questions until it has this many writes, or questions. */
const MOST_WRITES = 500;
const MOST_ASKS = 1000;

const { folder } = workerData as { folder: string };
const tenants = new Map<string, TenantWriter>();
let queue: Waiting[] = [];
let scheduled = false;
let closing = false;
let idle: NodeJS.Timeout | undefined;

/** Index rows may wait this long when nobody searches and nothing is written. */
const IDLE_MS = 30;
/** and this long after they could not be moved */
const RETRY_MS = 1000;

function listen(port: MessagePort): void {
  port.on('message', ({ first, asks }: Questions) => {
    asks.forEach((ask, i) => queue.push({ port, number: first + i, ask }));
    schedule();
  });
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(work);
}

function work(): void {
  scheduled = false;
  const started = performance.now();
  const batch = takeBatch();
  const answers = new Map<MessagePort, [number, Answer][]>();
  for (const [tenant, waiting] of Map.groupBy(batch, ({ ask }) => ask.tenant)) {
    perform(
      tenant,
      waiting.map(({ ask }) => ask),
    ).forEach((answer, i) => {
      const { port, number } = waiting[i]!;
      if (!answers.has(port)) answers.set(port, []);
      answers.get(port)!.push([number, answer]);
    });
  }
  for (const [port, list] of answers) port.postMessage(list satisfies Answers);
  const together = batch.filter(({ ask }) => ask.op === 'commit').length;
  if (together > 0) countCommits({ store: 'sqlite', together, milliseconds: performance.now() - started });
  settleFull();
  if (queue.length > 0) schedule();
  else if (closing) stop();
}

/** Moves index rows: at once where many wait, the others when nobody has written for a moment. */
function settleFull(): void {
  for (const writer of tenants.values()) {
    if (writer.waiting >= SETTLE_TOGETHER) settle(writer);
    if (writer.hasAudit) settleAudit(writer);
  }
  idle = idle?.refresh() ?? setTimeout(settleIdle, IDLE_MS);
}

function settleIdle(): void {
  if (queue.length > 0) return;
  const writer = [...tenants.values()].find(({ waiting }) => waiting > 0);
  if (!writer) {
    for (const one of tenants.values()) one.rest();
    return;
  }
  if (settle(writer)) setImmediate(settleIdle);
  else idle = setTimeout(settleIdle, RETRY_MS);
}

/** False when the disk is full or the like: the rows are safe where they wait, and whoever needs them moved is told. */
function settle(writer: TenantWriter): boolean {
  try {
    writer.settle();
    return true;
  } catch {
    return false;
  }
}

/** Not moved, the keys are found where they stand. */
function settleAudit(writer: TenantWriter): void {
  try {
    writer.settleAudit();
  } catch {
    return;
  }
}

function takeBatch(): Waiting[] {
  let [taken, writes] = [0, 0];
  while (taken < queue.length && taken < MOST_ASKS && writes < MOST_WRITES) {
    const { ask } = queue[taken++]!;
    writes += ask.op === 'commit' ? ask.unit.names.length / 2 : 0;
  }
  const batch = queue.slice(0, taken);
  queue = queue.slice(taken);
  return batch;
}

const FILE = /^([a-z0-9-]{1,40})\.db$/;

function perform(tenant: string, asks: readonly Ask[]): Answer[] {
  try {
    if (tenant === '') return asks.map(() => ({ value: tenantNames() }));
    let writer = tenants.get(tenant);
    if (!writer) tenants.set(tenant, (writer = new TenantWriter(join(folder, `${tenant}.db`))));
    return writer.perform(asks);
  } catch (error) {
    return asks.map(() => failure(error));
  }
}

function tenantNames(): string[] {
  return readdirSync(folder)
    .flatMap((name) => FILE.exec(name)?.[1] ?? [])
    .sort();
}

/** Ends once nothing is waiting: every question that arrived is answered first. */
function stop(): void {
  clearTimeout(idle);
  for (const writer of tenants.values()) writer.close();
  tenants.clear();
  parentPort!.postMessage('closed');
  parentPort!.close();
}

gauge(
  'embergate_commits_waiting',
  'Questions that wait for the writer of the embedded store.',
  () => queue.length,
);

parentPort!.on('message', (order: Order) => {
  if (order !== 'close') return listen(order.port);
  closing = true;
  schedule();
});
