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
/** Groups that were performed and wait for the disk. Meanwhile rows are moved into the index, and the next group is performed. */
let unanswered = 0;
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

/**
 * While a group waits for the disk, the next one is begun when it has so many questions: a transaction costs as much by itself as three or four
 * resources, and fewer would be committed just as soon when the disk has answered.
 */
const WORTH_AHEAD = 8;

function schedule(): void {
  if (scheduled || (unanswered > 0 && queue.length < WORTH_AHEAD)) return;
  scheduled = true;
  setImmediate(work);
}

function work(): void {
  scheduled = false;
  const batch = takeBatch();
  for (const [tenant, waiting] of Map.groupBy(batch, ({ ask }) => ask.tenant)) void answer(tenant, waiting);
  idle = idle?.refresh() ?? setTimeout(settleIdle, IDLE_MS);
  if (queue.length > 0) schedule();
  else stopIfDone();
}

async function answer(tenant: string, waiting: readonly Waiting[]): Promise<void> {
  const started = performance.now();
  unanswered++;
  const asks = waiting.map(({ ask }) => ask);
  const answers = await perform(tenant, asks);
  const together = asks.filter(({ op }) => op === 'commit').length;
  if (together > 0) countCommits({ store: 'sqlite', together, milliseconds: performance.now() - started });
  send(waiting, answers);
  unanswered--;
  // Behind the answers: whoever gets them goes on meanwhile.
  if ([...tenants.values()].some(isFull)) setImmediate(settleFull);
  if (queue.length > 0) schedule();
  stopIfDone();
}

/** Answers that are ready, by the port that they go to. */
const ready = new Map<MessagePort, [number, Answer][]>();

/** What becomes ready in one turn travels together. */
function send(waiting: readonly Waiting[], answers: readonly Answer[]): void {
  if (ready.size === 0) queueMicrotask(post);
  answers.forEach((one, i) => {
    const { port, number } = waiting[i]!;
    const list = ready.get(port);
    if (list) list.push([number, one]);
    else ready.set(port, [[number, one]]);
  });
}

function post(): void {
  for (const [port, list] of ready) port.postMessage(list satisfies Answers);
  ready.clear();
}

const isFull = ({ waiting, hasAudit }: TenantWriter): boolean => waiting >= SETTLE_TOGETHER || hasAudit;

/** Moves index rows where many wait; the others are moved when nobody has written for a moment. */
function settleFull(): void {
  for (const writer of tenants.values()) {
    if (writer.waiting >= SETTLE_TOGETHER) settle(writer);
    if (writer.hasAudit) settleAudit(writer);
  }
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

/** Never rejects. All is done when it returns; it resolves when that is durable. */
async function perform(tenant: string, asks: readonly Ask[]): Promise<readonly Answer[]> {
  try {
    if (tenant === '') return asks.map(() => ({ value: tenantNames() }));
    let writer = tenants.get(tenant);
    if (!writer) tenants.set(tenant, (writer = new TenantWriter(join(folder, `${tenant}.db`))));
    return await writer.performDurably(asks);
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
function stopIfDone(): void {
  if (!closing || unanswered > 0 || queue.length > 0) return;
  clearTimeout(idle);
  post();
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
