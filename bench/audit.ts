// What the audit trail costs: the server with AUDIT=on and with AUDIT=off by turns, in the same run, on stores with the same records. Reads and searches
// carry tokens, as they do where the trail is on by default; imports are those of the other workloads.

import { join } from 'node:path';
import { giveTokens, requestsOf, setAudience, withTenant, WORKLOADS } from './access.ts';
import { importSet, measureImport } from './imports.ts';
import { measure, type Context, type Measurement } from './measure.ts';
import type { AuditName, Options } from './options.ts';
import { sideOfAll, type Side } from './report.ts';
import { seedServer } from './seed.ts';
import { spreadOf, type Spread } from './statistics.ts';
import { emptyStore, startSubject, type Stage, type Subject } from './subjects.ts';
import { BASE } from './workloads.ts';

export type AuditFigure = {
  readonly name: AuditName;
  readonly title: string;
  readonly on: Side;
  readonly off: Side;
  /** share of the rate that is lost, pair by pair */
  readonly lostRate: Spread;
  /** CPU time of the server beyond that without, as a share of it */
  readonly addedCpu?: Spread;
  /** the same of server and mongod together */
  readonly addedWithMongod?: Spread;
};

type Bench = {
  readonly options: Options;
  readonly stage: Stage;
  readonly context: Context;
  readonly say: (text: string) => void;
};

type Mode = 'on' | 'off';
const MODES = ['off', 'on'] as const;
const WARM_SHARE = 0.5;
const OF_ACCESS = { 'audit-read': 'access-read', 'audit-search': 'access-search' } as const;

/** Runs all of it; the figures are printed as they come. */
export async function runAudit(bench: Bench, names: readonly AuditName[]): Promise<readonly AuditFigure[]> {
  bench.say(head());
  const asked = names.filter((name) => name === 'audit-read' || name === 'audit-search');
  return [
    ...(asked.length > 0 ? await runRequests(bench, asked) : []),
    ...(names.includes('audit-import') ? [await runImport(bench)].flat() : []),
  ];
}

async function runRequests(bench: Bench, names: readonly (keyof typeof OF_ACCESS)[]): Promise<AuditFigure[]> {
  const { off, on, tokens } = await twoServers(bench);
  const { options, context } = bench;
  const two = { off, on };
  try {
    const figures: AuditFigure[] = [];
    for (const name of names) {
      const workload = WORKLOADS.find((one) => one.name === OF_ACCESS[name])!;
      const requests = requestsOf(workload, tokens);
      const run = (mode: Mode, seconds: number): Promise<Measurement> => {
        const { port } = two[mode];
        const { connections } = options;
        return measure(context, two[mode], { kind: 'cycle', requests, port, connections, seconds });
      };
      for (const mode of MODES) await run(mode, options.seconds * WARM_SHARE);
      const pairs = await pairsOf(options, (mode) => run(mode, options.seconds));
      figures.push(told(bench, name, workload.title, pairs));
    }
    return figures;
  } finally {
    await Promise.all([off.stop(), on.stop()]);
  }
}

type Two = Readonly<Record<Mode, Subject>> & { readonly tokens: readonly string[] };

/** Two stores with the same records and the same tokens. */
async function twoServers({ stage, options }: Bench): Promise<Two> {
  const started: Subject[] = [];
  let tokens: readonly string[] = [];
  for (const audit of MODES) {
    const store = emptyStore(stage, join(stage.folder, `audit-${audit}`));
    const seeding = await startSubject('server', stage, { store });
    await seedServer(seeding, { patients: options.patients, withHistory: 0 });
    await seeding.stop();
    const made = await withTenant(store, (tenant) => giveTokens(tenant, options.patients));
    tokens = tokens.length > 0 ? tokens : made;
    const subject = await startSubject('server', stage, { store, access: 'smart', audit });
    const base = `http://127.0.0.1:${subject.port}${BASE}`;
    await withTenant(store, (tenant) => setAudience(tenant, tokens, base));
    started.push(subject);
  }
  const [off, on] = started as [Subject, Subject];
  return { off, on, tokens };
}

type Pair = Readonly<Record<Mode, Measurement>>;

/** In turn, and the one that comes first changes: what comes second finds a warmer machine, or a busier one. */
async function pairsOf({ pairs }: Options, one: (mode: Mode) => Promise<Measurement>): Promise<Pair[]> {
  const all: Pair[] = [];
  for (let index = 0; index < pairs; index++) {
    if (index % 2 === 0) {
      const off = await one('off');
      all.push({ off, on: await one('on') });
    } else {
      const on = await one('on');
      all.push({ on, off: await one('off') });
    }
  }
  return all;
}

async function runImport(bench: Bench): Promise<AuditFigure[]> {
  const { options, stage, context, say } = bench;
  const set = await importSet('import-demo', options, join(stage.folder, 'audit-import'));
  if (!set) {
    say('audit-import was not run: its records are not here');
    return [];
  }
  const pairs = await pairsOf(options, (audit) => measureImport(context, 'server', stage, set, { audit }));
  return [told(bench, 'audit-import', 'import of demo records', pairs)];
}

function told({ say }: Bench, name: AuditName, title: string, pairs: readonly Pair[]): AuditFigure {
  const figure: AuditFigure = {
    name,
    title,
    on: sideOfAll(pairs.map(({ on }) => on)),
    off: sideOfAll(pairs.map(({ off }) => off)),
    lostRate: spreadOf(pairs.map(({ on, off }) => 1 - on.rate / off.rate)),
    ...(pairs.every(({ on, off }) => on.cpu && off.cpu) && {
      addedCpu: spreadOf(pairs.map(({ on, off }) => on.cpu! / off.cpu! - 1)),
    }),
    ...(pairs.every(({ on, off }) => on.mongodCpu && off.mongodCpu) && {
      addedWithMongod: spreadOf(
        pairs.map(({ on, off }) => (on.cpu! + on.mongodCpu!) / (off.cpu! + off.mongodCpu!) - 1),
      ),
    }),
  };
  say(row(figure));
  return figure;
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const percent = (value: number | undefined): string =>
  value === undefined ? '-' : `${(value * 100).toFixed(1)} %`;
const between = (spread: Spread | undefined): string =>
  spread === undefined ? '-' : `${percent(spread.least)} to ${percent(spread.most)}`;

const COLUMNS: readonly (readonly [head: string, width: number, cell: (figure: AuditFigure) => string])[] = [
  ['audit', -26, ({ title }) => title],
  ['on/s', 8, ({ on }) => whole(on.rate.median)],
  ['off/s', 8, ({ off }) => whole(off.rate.median)],
  ['lost rate', 10, ({ lostRate }) => percent(lostRate.median)],
  ['least-most', 20, ({ lostRate }) => between(lostRate)],
  ['added CPU', 10, ({ addedCpu }) => percent(addedCpu?.median)],
  ['least-most', 20, ({ addedCpu }) => between(addedCpu)],
  ['+mongod', 9, ({ addedWithMongod }) => percent(addedWithMongod?.median)],
  ['p50 on', 8, ({ on }) => on.p50Ms.toFixed(2)],
  ['off', 7, ({ off }) => off.p50Ms.toFixed(2)],
  ['p99 on', 8, ({ on }) => on.p99Ms.toFixed(2)],
  ['off', 7, ({ off }) => off.p99Ms.toFixed(2)],
];

const pad = (text: string, width: number): string => (width < 0 ? text.padEnd(-width) : text.padStart(width));
const head = (): string => COLUMNS.map(([name, width]) => pad(name, width)).join(' ');
const row = (figure: AuditFigure): string =>
  COLUMNS.map(([, width, cell]) => pad(cell(figure), width)).join(' ');
