/**
 * The embedded store by itself, without HTTP or FHIR: `node bench/store-sqlite.ts [resources] [folder]`. Small resources shaped like vital signs, some
 * 30 index rows each, written one a commit by 64 writers and as whole records; then reads and searches. Prints microseconds, CPU and disk.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { and, ALL, not, type Expression } from '../src/fhir/search/expression.ts';
import type { IndexValue } from '../src/fhir/search/index-value.ts';
import { searchPlan, type SearchQuery } from '../src/fhir/search/plan.ts';
import type { ResourceStore, Write } from '../src/store/ports.ts';
import { openSqliteStores } from '../src/store/sqlite/stores.ts';

const RESOURCES = Number(process.argv[2] ?? 100_000);
const BODY_BYTES = 1400;
const PER_PATIENT = 300;
const CODES = Array.from({ length: 200 }, (_, i) => `${1000 + i}-${i % 10}`);

interface Made {
  readonly write: Write;
  readonly patient: string;
}

const token = (param: string, system: string, code: string): IndexValue[] =>
  [`${system}\t${code}`, `*\t${code}`, `${system}\t`].map((key) => ({ kind: 'key', param, key }));
const reference =
  (...params: string[]) =>
  (target: string): IndexValue[] =>
    params.map((param) => ({ kind: 'key', param, key: target }));

let patient = '';
let encounter = '';

function make(i: number): Made {
  if (i % PER_PATIENT === 0) patient = `Patient/${randomUUID()}`;
  if (i % 15 === 0) encounter = `Encounter/${randomUUID()}`;
  const code = CODES[Math.floor(Math.random() ** 2 * CODES.length)]!;
  const date = 1.5e12 + Math.floor(Math.random() * 2e11);
  const value = Math.random() * 100;
  const index: IndexValue[] = [
    ...reference('_compartment', '_reference', 'subject', 'patient')(patient),
    ...reference('_reference', 'encounter')(encounter),
    ...token('code', 'http://loinc.org', code),
    ...token('combo-code', 'http://loinc.org', code),
    ...token('status', 'http://hl7.org/fhir/observation-status', 'final'),
    ...token('category', 'http://terminology.hl7.org/CodeSystem/observation-category', 'vital-signs'),
    { kind: 'key', param: '_profile', key: 'http://hl7.org/fhir/StructureDefinition/vitalsigns' },
    { kind: 'range', param: 'date', key: '', low: date, high: date + 999 },
    {
      kind: 'range',
      param: 'value-quantity',
      key: 'http://unitsofmeasure.org\tmg',
      low: value,
      high: value + 0.1,
    },
    {
      kind: 'range',
      param: 'combo-value-quantity',
      key: 'http://unitsofmeasure.org\tmg',
      low: value,
      high: value + 0.1,
    },
    { kind: 'text', param: 'code:text', text: `code ${code}`, exact: `Code ${code}` },
  ];
  const body = new Uint8Array(BODY_BYTES).fill(120);
  const write: Write = {
    type: 'Observation',
    id: randomUUID(),
    expected: 0,
    versionId: 1,
    method: 'POST',
    content: { body, stampAt: 100, index },
  };
  return { write, patient };
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
const say = (name: string, text: string): void => console.log(name.padEnd(44), text);

/** Microseconds of wall clock, of this thread and of the writer thread for each of `count` things. */
async function timed(name: string, count: number, work: () => Promise<unknown>): Promise<void> {
  const [start, all, own] = [performance.now(), process.cpuUsage(), process.threadCpuUsage()];
  await work();
  const wall = (performance.now() - start) * 1000;
  const [process_, thread] = [process.cpuUsage(all), process.threadCpuUsage(own)];
  const mine = thread.user + thread.system;
  const each = (total: number): string => `${(total / count).toFixed(1)} µs`;
  const writer = process_.user + process_.system - mine;
  say(
    name,
    `${each(wall)} wall (${((count / wall) * 1e6).toFixed(0)}/s), ${each(mine)} CPU here, ${each(writer)} CPU writer and others, rss ${megabytes(process.memoryUsage.rss())}`,
  );
}

async function commitAll(
  store: ResourceStore,
  from: number,
  to: number,
  size: number,
  writers: number,
): Promise<void> {
  let next = from;
  const writer = async (): Promise<void> => {
    while (next < to) {
      const first = next;
      next = Math.min(to, first + size);
      const made = Array.from({ length: next - first }, (_, i) => make(first + i));
      for (const { write, patient: of } of made) seen.push({ id: write.id, patient: of });
      const result = await store.commit({ writes: made.map(({ write }) => write) });
      if (!result.ok) throw new Error(JSON.stringify(result.conflicts));
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
}

/** Each of `writers` creates a resource and finds it, `turns` times. */
async function commitAndSearch(store: ResourceStore, turns: number, writers: number): Promise<void> {
  const writer = async (): Promise<void> => {
    for (let i = 0; i < turns; i++) {
      const { write, patient: of } = make(seen.length + i);
      const result = await store.commit({ writes: [write] });
      if (!result.ok) throw new Error(JSON.stringify(result.conflicts));
      const where = keyed('patient', of);
      const page = await store.search(
        searchPlan({ branches: [{ type: 'Observation', where }], count: 20 }, () => ALL),
      );
      if (page.resources.length === 0) throw new Error('A resource was not found after its commit');
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
}

const seen: { id: string; patient: string }[] = [];
const any = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!;
const keyed = (param: string, key: string): Expression => ({ op: 'key', param, keys: [key] });

async function searches(store: ResourceStore): Promise<void> {
  const patient_ = (): Expression => keyed('patient', any(seen).patient);
  const code = (): Expression => keyed('code', `http://loinc.org\t${any(CODES)}`);
  const cases: [string, () => Expression, Partial<SearchQuery>?, number?][] = [
    ['20 rows by patient', patient_],
    ['20 rows by patient and code', () => and(patient_(), code())],
    ['20 rows by code', code],
    ['20 rows of the type', () => ALL],
    ['20 rows by code and status', () => and(code(), keyed('status', '*\tfinal'))],
    [
      '20 rows by code, not vital-signs (none)',
      () => and(code(), not(keyed('category', '*\tvital-signs'))),
      {},
      100,
    ],
    [
      '20 rows by text',
      () => ({ op: 'text', param: 'code:text', test: 'starts', value: `code ${any(CODES)}` }),
    ],
    [
      '20 rows by date',
      () => ({ op: 'range', param: 'date', key: '', bounds: [{ end: 'low', is: '>=', value: 1.6e12 }] }),
    ],
    [
      '20 rows by patient, by date',
      patient_,
      { sort: [{ by: 'param', param: 'date', kind: 'range', descending: true }] },
    ],
    [
      '20 rows of the type, by date',
      () => ALL,
      { sort: [{ by: 'param', param: 'date', kind: 'range', descending: true }] },
      20,
    ],
    ['20 rows of the type, by _lastUpdated', () => ALL, { sort: [{ by: 'updated', descending: true }] }, 20],
    ['total by code', code, { count: 0, total: 'accurate' }, 100],
    ['total of the type', () => ALL, { count: 0, total: 'accurate' }, 20],
  ];
  for (const [name, where, more, turns = 2000] of cases) {
    await timed(name, turns, async () => {
      for (let i = 0; i < turns; i++) {
        await store.search(
          searchPlan({ branches: [{ type: 'Observation', where: where() }], count: 20, ...more }, () => ALL),
        );
      }
    });
  }
}

const folder = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'embergate-bench-'));
const stores = await openSqliteStores({ location: folder });
const { resources } = await stores.tenant('default');
const rows = make(0).write.content!.index.length;
say(
  'machine',
  `Node ${process.version}, ${RESOURCES} resources of ${BODY_BYTES} bytes and ${rows} index rows`,
);
const part = Math.floor(RESOURCES / 4);
for (const [i, writers] of [8, 16, 64].entries()) {
  await timed(`commit, one resource each, ${writers} at a time`, part, () =>
    commitAll(resources, i * part, (i + 1) * part, 1, writers),
  );
}
await timed(`commit, ${PER_PATIENT} resources each, 2 at a time`, RESOURCES - 3 * part, () =>
  commitAll(resources, 3 * part, RESOURCES, PER_PATIENT, 2),
);
await timed('commit, then search by patient, 8 at a time', 8000, () => commitAndSearch(resources, 1000, 8));
const reads = Array.from({ length: 50_000 }, () => any(seen).id);
for (const turn of ['first', 'again']) {
  await timed(`read by id (${turn})`, reads.length, async () => {
    for (const id of reads) await resources.read([{ type: 'Observation', id }]);
  });
}
await searches(resources);
await stores.close();
const disk = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
say(
  'disk',
  `${(disk / RESOURCES).toFixed(0)} bytes a resource, ${(disk / RESOURCES - 2 * BODY_BYTES).toFixed(0)} beyond twice its text`,
);
rmSync(folder, { recursive: true });
