// The driver: a process of its own that puts load on a server over a few keep-alive connections and counts.
// It is forked by drive.ts, takes one job a message and answers with one result.

import { readFile } from 'node:fs/promises';
import { connect, requestText, type Answer, type Connection } from './connection.ts';
import {
  COUNTER,
  type CrudJob,
  type CycleJob,
  type DrainJob,
  type Job,
  type OnceJob,
  type Request,
  type Result,
} from './job.ts';
import { quantile } from './statistics.ts';

type Tally = {
  requests: number;
  bytes: number;
  wrong: number;
  firstWrong: string | undefined;
  latencies: number[];
};

const COUNTER_WIDTH = 12;
let counter = 0;

const nextCounter = (): string => String(++counter).padStart(COUNTER_WIDTH, '0');

function count(tally: Tally, answer: Answer, started: number, what: string): void {
  tally.requests += 1;
  tally.bytes += answer.body.length;
  tally.latencies.push(performance.now() - started);
  if (answer.status >= 200 && answer.status < 300) return;
  tally.wrong += 1;
  tally.firstWrong ??= `${what} -> ${answer.status} ${answer.body.toString('utf8').slice(0, 300)}`;
}

async function timed(
  tally: Tally,
  connection: Connection,
  request: string | Buffer,
  what: string,
): Promise<Answer> {
  const started = performance.now();
  const answer = await connection.send(request);
  count(tally, answer, started, what);
  return answer;
}

/** A request as bytes made once, or as a function where each sending has a number of its own. */
function prepare({ method, path, body, headers }: Request): () => string | Buffer {
  if (body?.includes(COUNTER) !== true) {
    const bytes = Buffer.from(requestText(method, path, body, headers));
    return () => bytes;
  }
  const sample = requestText(method, path, body.replaceAll(COUNTER, '0'.repeat(COUNTER_WIDTH)), headers);
  const head = sample.slice(0, sample.indexOf('\r\n\r\n') + 4);
  const parts = body.split(COUNTER);
  return () => head + parts.join(nextCounter());
}

/** Runs one loop a connection side by side and gives what they counted. */
async function overConnections(
  job: Job,
  loop: (connection: Connection, index: number, tally: Tally) => Promise<void>,
) {
  const tally: Tally = { requests: 0, bytes: 0, wrong: 0, firstWrong: undefined, latencies: [] };
  const connections = await Promise.all(Array.from({ length: job.connections }, () => connect(job.port)));
  const started = performance.now();
  await Promise.all(connections.map((connection, index) => loop(connection, index, tally)));
  const seconds = (performance.now() - started) / 1000;
  for (const connection of connections) connection.close();
  return { tally, seconds };
}

const deadlineOf = (seconds: number): number => performance.now() + seconds * 1000;

function runCycle(job: CycleJob) {
  const prepared = job.requests.map((request) => ({
    make: prepare(request),
    what: `${request.method} ${request.path}`,
  }));
  const deadline = deadlineOf(job.seconds);
  return overConnections(job, async (connection, index, tally) => {
    const mine = prepared.filter((_, at) => at % job.connections === index % prepared.length);
    for (let at = 0; performance.now() < deadline; at = (at + 1) % mine.length) {
      const { make, what } = mine[at]!;
      await timed(tally, connection, make(), what);
    }
  });
}

function runOnce(job: OnceJob) {
  const prepared = job.requests.map((request) => ({
    bytes: Buffer.from(requestText(request.method, request.path, request.body, request.headers)),
    what: `${request.method} ${request.path}`,
  }));
  let next = 0;
  return overConnections(job, async (connection, _index, tally) => {
    for (let one = prepared[next++]; one !== undefined; one = prepared[next++])
      await timed(tally, connection, one.bytes, one.what);
  });
}

function runDrain(job: DrainJob) {
  let next = 0;
  return overConnections(job, async (connection, _index, tally) => {
    for (let file = job.files[next++]; file !== undefined; file = job.files[next++]) {
      const body = await readFile(file, 'utf8');
      await timed(tally, connection, requestText('POST', job.path, body), `POST ${file}`);
    }
  });
}

const idIn = (answer: Answer, type: string): string =>
  new RegExp(`\r\nlocation: [^\r]*/${type}/([^/\r]+)`, 'i').exec(answer.head)?.[1] ?? 'none';

function runCrud(job: CrudJob) {
  const deadline = deadlineOf(job.seconds);
  return overConnections(job, async (connection, _index, tally) => {
    while (performance.now() < deadline) await crudTurn(job, connection, tally);
  });
}

async function crudTurn({ base, templates }: CrudJob, connection: Connection, tally: Tally): Promise<void> {
  const ids = new Map<string, string>();
  const fill = (text: string): string =>
    text
      .replace(/\{\{(\w+)\}\}/g, (_, type: string) => ids.get(type) ?? 'none')
      .replaceAll(COUNTER, nextCounter());
  const send = (method: string, path: string, body?: string): Promise<Answer> =>
    timed(tally, connection, requestText(method, path, body), `${method} ${path}`);

  for (const { type, text } of templates) {
    ids.set(type, idIn(await send('POST', `${base}/${type}`, fill(text)), type));
  }
  for (const { type } of templates) await send('GET', `${base}/${type}/${ids.get(type)}`);
  for (const { type, text } of templates) {
    const id = ids.get(type)!;
    await send('PUT', `${base}/${type}/${id}`, fill(text.replace(/,/, `,"id":"${id}",`)));
  }
  for (const { type } of templates.toReversed()) await send('DELETE', `${base}/${type}/${ids.get(type)}`);
}

function runKind(job: Job): ReturnType<typeof runCycle> {
  switch (job.kind) {
    case 'cycle':
      return runCycle(job);
    case 'crud':
      return runCrud(job);
    case 'drain':
      return runDrain(job);
    case 'once':
      return runOnce(job);
  }
}

async function run(job: Job): Promise<Result> {
  const { tally, seconds } = await runKind(job);
  const { latencies, ...counts } = tally;
  return { ...counts, seconds, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

process.on('message', (job: Job) => {
  run(job).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
