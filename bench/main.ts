// `npm run bench`: measures the server against the floor, in turn and on equal bytes, and keeps the figures as JSON.
// What is measured is in workloads.ts; how to ask for it in options.ts.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findMongod } from '../scripts/mongod.mjs';
import { progress } from '../src/telemetry/progress.ts';
import { startMongod, type Mongod } from '../test/support/mongod.ts';
import { runAccess, type AccessFigure } from './access.ts';
import { runAudit, type AuditFigure } from './audit.ts';
import { runSearch, type SearchFigure } from './search.ts';
import { startDriver } from './drive.ts';
import { fhirpathWork } from './fhirpath.ts';
import { importSet, measureImport, type DataSet, type ImportName } from './imports.ts';
import { inProcessRow, measureInProcess, type InProcess, type InProcessFigure } from './in-process.ts';
import type { Job } from './job.ts';
import { machine } from './machine.ts';
import { measure, type Context } from './measure.ts';
import { ACCESS, AUDIT, IMPORTS, parseOptions, SEARCH, USAGE, UsageError, type Options } from './options.ts';
import { diskLine, figureOf, tableHead, tableRow, type Figure, type Pair } from './report.ts';
import { copyAnswers, seedServer } from './seed.ts';
import { startSubject, type Stage, type Subject } from './subjects.ts';
import { validateWork } from './validate.ts';
import { WORKLOADS, type Population, type Workload } from './workloads.ts';

const ROOT = resolve(import.meta.dirname, '..');
const RESULTS = join(ROOT, 'bench', 'results');
const WITH_HISTORY = 20;
const WARM_SHARE = 0.5;

type Bench = {
  readonly options: Options;
  readonly stage: Stage;
  readonly context: Context;
  readonly step: () => void;
};

/** A line of the report; on a terminal it takes the place of the progress bar, which is drawn again below it. */
const say = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  console.log(text);
};

function report(figure: Figure): Figure {
  say(tableRow(figure));
  return figure;
}

/** Floor and server by turns, each pair in the same minute of the machine's life. */
async function pairsOf(
  { options, step }: Bench,
  one: (kind: 'floor' | 'server') => Promise<Pair['floor']>,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let index = 0; index < options.pairs; index++) {
    const floor = await one('floor');
    step();
    const server = await one('server');
    step();
    pairs.push({ floor, server });
  }
  return pairs;
}

type Two = Readonly<Record<'floor' | 'server', Subject>>;

async function runWorkload(
  bench: Bench,
  workload: Workload,
  two: Two,
  population: Population,
): Promise<Figure> {
  const { options, context } = bench;
  const work = workload.job(population);
  if (work.kind === 'cycle' && work.requests[0]?.method === 'GET') {
    await copyAnswers(workload, work.requests, two.server, two.floor);
  }
  const jobFor = (subject: Subject, seconds: number): Job => ({
    ...work,
    port: subject.port,
    connections: options.connections,
    seconds,
  });
  for (const subject of [two.floor, two.server]) {
    await measure(context, subject, jobFor(subject, options.seconds * WARM_SHARE));
  }
  const pairs = await pairsOf(bench, (kind) =>
    measure(context, two[kind], jobFor(two[kind], options.seconds)),
  );
  return report(figureOf(workload.name, workload.title, 'requests', pairs));
}

/** All workloads that share one server with the fixed records in it. */
async function runShared(bench: Bench, workloads: readonly Workload[]): Promise<readonly Figure[]> {
  if (workloads.length === 0) return [];
  const two = {
    floor: await startSubject('floor', bench.stage),
    server: await startSubject('server', bench.stage),
  };
  const figures: Figure[] = [];
  try {
    say(`first answer of the server after ${Math.round(two.server.startMs)} ms`);
    const population = { patients: bench.options.patients, withHistory: WITH_HISTORY };
    await seedServer(two.server, population);
    say(tableHead());
    for (const workload of workloads) figures.push(await runWorkload(bench, workload, two, population));
  } finally {
    await Promise.all([two.floor.stop(), two.server.stop()]);
  }
  return figures;
}

async function runImport(bench: Bench, name: ImportName, set: DataSet): Promise<Figure> {
  const { context, stage } = bench;
  const pairs = await pairsOf(bench, (kind) => measureImport(context, kind, stage, set));
  const figure = report(figureOf(name, name.replace('-', ' '), 'resources', pairs));
  const disk = diskLine(figure);
  if (disk !== undefined) say(`  ${disk}`);
  return figure;
}

async function runImports(bench: Bench, names: readonly ImportName[]): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const name of names) {
    const set = await importSet(name, bench.options, join(bench.stage.folder, name));
    if (set === undefined) say(`${name} was not run: its records are not here`);
    else figures.push(await runImport(bench, name, set));
  }
  return figures;
}

async function openMongod(options: Options): Promise<Mongod | undefined> {
  if (options.store !== 'mongo') return undefined;
  const { path, reason } = await findMongod();
  if (path === undefined) throw new UsageError(`No mongod: ${reason}`);
  process.env.MONGOMS_SYSTEM_BINARY = path;
  process.env.MONGOMS_SYSTEM_BINARY_VERSION_CHECK = 'false';
  return startMongod();
}

/** Against other libraries, in this process. */
async function runInProcess({ options }: Bench): Promise<readonly InProcessFigure[]> {
  const measured = (unit: string) => (work: InProcess) => {
    const figure = measureInProcess(work, unit, options.pairs, options.seconds);
    say(inProcessRow(figure));
    return figure;
  };
  const isWanted = (name: string): boolean => options.only.includes(name);
  return [
    ...(isWanted('fhirpath') ? (await fhirpathWork(say)).map(measured('evaluations')) : []),
    ...(isWanted('validate') ? (await validateWork(say)).map(measured('resources')) : []),
  ];
}

function keep(
  options: Options,
  figures: readonly (Figure | AccessFigure | AuditFigure | InProcessFigure | SearchFigure)[],
): void {
  const where = machine();
  const date = new Date().toISOString();
  const file = join(RESULTS, `${date.slice(0, 10)}-${where.commit}-${options.store}.json`);
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ date, machine: where, options, figures }, undefined, 2)}\n`);
  say(`kept in ${file.slice(ROOT.length + 1)}`);
}

async function run(options: Options): Promise<void> {
  const folder = join(ROOT, '.cache', `bench-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const mongod = await openMongod(options);
  const driver = startDriver();
  const shared = WORKLOADS.filter(({ name }) => options.only.includes(name));
  const imports = IMPORTS.filter((name) => options.only.includes(name));
  const bar = progress('bench', (shared.length + imports.length) * options.pairs * 2);
  let done = 0;
  const context = { driver, mongodPid: mongod === undefined ? undefined : () => mongod.pid() };
  const bench = { options, stage: { options, folder, mongod }, context, step: () => bar.update(++done) };
  try {
    const audit = AUDIT.filter((name) => options.only.includes(name));
    const access = ACCESS.filter((name) => options.only.includes(name));
    const figures = [
      ...(await runShared(bench, shared)),
      ...(await runImports(bench, imports)),
      ...(access.length > 0 ? await runAccess({ ...bench, say }, access) : []),
      ...(audit.length > 0 ? await runAudit({ ...bench, say }, audit) : []),
      ...(await runInProcess(bench)),
      ...(options.only.includes(SEARCH)
        ? await runSearch(
            folder,
            options.sizes,
            options.quick ? 40 : 400,
            say,
            mongod && (() => mongod.freshUri()),
          )
        : []),
    ];
    if (!options.quick) keep(options, figures);
  } finally {
    bar.stop();
    driver.stop();
    await mongod?.stop();
  }
}

process.on('SIGINT', () => {
  // The bar hides the cursor and would only show it again at its end.
  if (process.stderr.isTTY) process.stderr.write('\x1b[?25h\x1b[?7h\n');
  process.exit(130);
});
try {
  if (process.argv.includes('--help')) say(USAGE);
  else await run(parseOptions(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : (error as Error).message);
  process.exitCode = 1;
}
