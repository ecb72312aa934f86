// `node bench/main.ts search`: searches of ours, from the request to the bytes of the Bundle, against bare SQL (or the bare driver of MongoDB) that gives the same
// rows from plain tables, query by query in turn, at two sizes; then the mixed workload. https://hl7.org/fhir/R4/search.html

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { OPEN_ACCESS } from '../src/access/context.ts';
import { loadDefinitions } from '../src/definitions-file.ts';
import type { Definitions } from '../src/fhir/definitions/registry.ts';
import { searchType } from '../src/rest/interactions/search.ts';
import { parseQuery } from '../src/rest/query.ts';
import type { Context, TenantRecord } from '../src/rest/record.ts';
import { openMongoStores } from '../src/store/mongo/stores.ts';
import type { Stores, TenantStore } from '../src/store/ports.ts';
import { openSqliteStores } from '../src/store/sqlite/stores.ts';
import {
  BASE_URL,
  categoryOf,
  CODES,
  familyOf,
  fill,
  floorTables,
  LOINC,
  PER_PATIENT,
  random,
  rareOf,
} from './search-data.ts';
import { dearest, fillMix, runMix } from './search-mix.ts';
import { BARE, floorCollections } from './search-mongo.ts';
import { quantile } from './statistics.ts';

export type SearchFigure = {
  readonly name: string;
  readonly resources: number;
  /** microseconds */
  readonly own: { readonly p50: number; readonly p99: number };
  readonly floor: { readonly p50: number; readonly p99: number };
  readonly ratio: number;
  /** rows of a median answer */
  readonly rows: number;
};

type Ask = (sql: string, ...values: SQLInputValue[]) => readonly Uint8Array[];

/** A query with the values of one run: ours as a URL, and the floor's rows. */
type Case = {
  readonly name: string;
  readonly make: (
    patient: number,
    code: number,
  ) => { readonly url: string; readonly floor: (ask: Ask) => readonly Uint8Array[] };
};

const PAGE = 'ORDER BY rid DESC LIMIT 21';
const o = (where: string): string => `SELECT body FROM observation WHERE ${where} ${PAGE}`;

const CASES: readonly Case[] = [
  {
    name: 'patient+code',
    make: (p, c) => ({
      url: `Observation?patient=p${p}&code=${LOINC}|c${c}`,
      floor: (ask) => ask(o('patient = ? AND code = ?'), `Patient/p${p}`, `c${c}`),
    }),
  },
  {
    name: 'patient+category+date',
    make: (p, c) => ({
      url: `Observation?patient=p${p}&category=${categoryOf(c)}&date=ge2018&date=lt2020`,
      floor: (ask) =>
        ask(
          o('patient = ? AND category = ? AND date >= ? AND date < ?'),
          `Patient/p${p}`,
          categoryOf(c),
          '2018',
          '2020',
        ),
    }),
  },
  {
    name: 'code+value-quantity',
    make: (p, c) => ({
      url: `Observation?code=${LOINC}|c${c}&value-quantity=gt${900 + (p % 90)}`,
      floor: (ask) => ask(o('code = ? AND value > ?'), `c${c}`, 900 + (p % 90)),
    }),
  },
  {
    name: 'name prefix',
    make: (p) => {
      const prefix = familyOf(p).toLowerCase().slice(0, -1);
      return {
        url: `Patient?name=${prefix}`,
        floor: (ask) =>
          ask(
            `SELECT body FROM patient WHERE family >= ? AND family < ? ${PAGE}`,
            prefix,
            `${prefix}\u{10ffff}`,
          ),
      };
    },
  },
  {
    name: 'chain',
    make: (p, c) => ({
      url: `Observation?patient.name=${familyOf(p)}&code=${LOINC}|c${c}`,
      floor: (ask) =>
        ask(
          o(
            `code = ? AND patient IN (SELECT 'Patient/' || id FROM patient WHERE family >= ? AND family < ?)`,
          ),
          `c${c}`,
          familyOf(p).toLowerCase(),
          `${familyOf(p).toLowerCase()}\u{10ffff}`,
        ),
    }),
  },
  {
    name: '_has',
    make: (p) => ({
      url: `Patient?_has:Observation:patient:code=${LOINC}|${rareOf(p)}`,
      floor: (ask) =>
        ask(
          `SELECT body FROM patient WHERE id IN (SELECT substr(patient, 9) FROM observation WHERE code = ?) ${PAGE}`,
          rareOf(p),
        ),
    }),
  },
  {
    name: '_include+_revinclude',
    make: (p, c) => ({
      url: `Observation?patient=p${p}&category=${categoryOf(c)}&_include=Observation:patient&_revinclude=Provenance:target`,
      floor: (ask) => {
        const rows = `SELECT rid, id, patient, body FROM observation WHERE patient = ?1 AND category = ?2 ${PAGE}`;
        const values = [`Patient/p${p}`, categoryOf(c)] as const;
        return [
          ...ask(`SELECT body FROM (${rows})`, ...values),
          ...ask(
            `SELECT body FROM patient WHERE id IN (SELECT substr(patient, 9) FROM (${rows}))`,
            ...values,
          ),
          ...ask(
            `SELECT body FROM provenance WHERE target IN (SELECT 'Observation/' || id FROM (${rows}))`,
            ...values,
          ),
        ];
      },
    }),
  },
];

function askOf(db: DatabaseSync): Ask {
  const prepared = new Map<string, ReturnType<DatabaseSync['prepare']>>();
  return (sql, ...values) => {
    const statement = prepared.get(sql) ?? db.prepare(sql);
    prepared.set(sql, statement);
    return statement.all(...values).map((row) => row['body'] as Uint8Array);
  };
}

function contextOf(definitions: Definitions, store: TenantStore, query: string): Context {
  const record = {
    store,
    definitions: () => definitions,
    indexing: () => definitions,
    pending: () => [],
  } as unknown as TenantRecord;
  const request = {
    method: 'GET',
    path: [],
    query: parseQuery(query),
    headers: {},
    baseUrl: BASE_URL,
    id: 'bench',
  } as const;
  return { definitions, access: OPEN_ACCESS, record, request };
}

/** Bytes of the Bundle, put together. */
async function own(definitions: Definitions, store: TenantStore, url: string): Promise<Uint8Array> {
  const [type = '', query = ''] = url.split('?');
  const { body } = await searchType(contextOf(definitions, store, query), type);
  if (body?.kind !== 'pieces') throw new Error(`${url} gave no Bundle`);
  return Buffer.concat(body.pieces);
}

const entriesIn = (bundle: Uint8Array): number =>
  (JSON.parse(Buffer.from(bundle).toString()) as { entry?: unknown[] }).entry?.length ?? 0;

/** The rows that the floor gives for a case. */
type Bare = (
  one: Case,
  patient: number,
  code: number,
) => Promise<readonly Uint8Array[]> | readonly Uint8Array[];

/** Where a size is measured: a store of ours and the floor beside it, both empty. */
interface Place {
  readonly stores: Stores;
  readonly floor: Parameters<typeof fill>[2];
  readonly filled: () => Promise<void>;
  readonly bare: Bare;
  readonly close: () => Promise<void>;
}

async function sqlitePlace(folder: string): Promise<Place> {
  mkdirSync(folder, { recursive: true });
  const stores = await openSqliteStores({ location: folder });
  const floor = floorTables(join(folder, 'floor.db'));
  const ask = askOf(floor.db);
  return {
    stores,
    floor,
    filled: () => Promise.resolve(),
    bare: ({ make }, patient, code) => make(patient, code).floor(ask),
    close: async () => {
      floor.db.close();
      await stores.close();
    },
  };
}

async function mongoPlace(uri: () => string): Promise<Place> {
  const stores = await openMongoStores({ url: uri() });
  const floor = await floorCollections(uri());
  return {
    stores,
    floor,
    filled: floor.flush,
    bare: async ({ name }, patient, code) =>
      (await BARE[name]!(floor, patient, code)).map(({ body }) => body as Uint8Array),
    close: async () => {
      await floor.close();
      await stores.close();
    },
  };
}

async function measureCase(
  one: Case,
  world: {
    readonly definitions: Definitions;
    readonly store: TenantStore;
    readonly bare: Bare;
    readonly patients: number;
  },
  runs: number,
): Promise<SearchFigure> {
  const next = random(97);
  const times = { own: [] as number[], floor: [] as number[] };
  const rows: number[] = [];
  const { name } = one;
  const { definitions, store, bare, patients } = world;
  for (let i = -runs / 4; i < runs; i++) {
    const [patient, code] = [Math.floor(next() * patients), Math.floor(next() * CODES)];
    const { url } = one.make(patient, code);
    const start = performance.now();
    const bundle = await own(definitions, store, url);
    const between = performance.now();
    const texts = Buffer.concat((await bare(one, patient, code)).slice(0, 21));
    const end = performance.now();
    if (i < 0) {
      // The first runs warm up, and show that both mean the same.
      const found = entriesIn(bundle);
      const floorRows = (await bare(one, patient, code)).length;
      const same = found === floorRows || (floorRows >= 21 && found >= 20);
      if (!same)
        throw new Error(`${url} gives ${found} resources, bare SQL ${floorRows} (${texts.length} bytes)`);
      rows.push(found);
      continue;
    }
    times.own.push((between - start) * 1000);
    times.floor.push((end - between) * 1000);
  }
  const spread = (all: readonly number[]): SearchFigure['own'] => ({
    p50: quantile(all, 0.5),
    p99: quantile(all, 0.99),
  });
  const [ours, theirs] = [spread(times.own), spread(times.floor)];
  const resources = patients * PER_PATIENT;
  return {
    name,
    resources,
    own: ours,
    floor: theirs,
    ratio: ours.p50 / theirs.p50,
    rows: quantile(rows, 0.5),
  };
}

/** Every query at every size; `sizes` in resources. */
export async function runSearch(
  folder: string,
  sizes: readonly number[],
  runs: number,
  say: (text: string) => void,
  mongo?: () => string,
): Promise<readonly SearchFigure[]> {
  const definitions = await loadDefinitions();
  const figures: SearchFigure[] = [];
  for (const size of sizes) {
    const patients = Math.max(1, Math.round(size / PER_PATIENT));
    const place = mongo ? await mongoPlace(mongo) : await sqlitePlace(join(folder, `search-${size}`));
    try {
      const store = await place.stores.tenant('default');
      const started = Date.now();
      await fill(definitions, store, place.floor, patients, () => undefined);
      await place.filled();
      say(`${patients * PER_PATIENT} resources stored in ${Math.round((Date.now() - started) / 1000)} s`);
      say('query                     rows   ours p50     p99   bare p50     p99   ratio   (microseconds)');
      const world = { definitions, store, bare: place.bare, patients };
      for (const one of CASES) {
        const figure = await measureCase(one, world, runs);
        figures.push(figure);
        say(rowOf(figure));
      }
    } finally {
      await place.close();
    }
  }
  growth(figures, sizes).forEach(say);
  await sayMix(
    definitions,
    mongo ? await openMongoStores({ url: mongo() }) : await openSqliteStores({ location: ':memory:' }),
    say,
  );
  return figures;
}

const MIX_PATIENTS = 20;

/** The mixed workload, pool by pool. */
async function sayMix(definitions: Definitions, stores: Stores, say: (text: string) => void): Promise<void> {
  try {
    const store = await stores.tenant('mix');
    const figures = await runMix(definitions, store, await fillMix(definitions, store, MIX_PATIENTS), 10);
    for (const { pool, query, total, best } of figures)
      say(`${pool.padEnd(18)}${whole(total, 7)}${whole(best, 9)} microseconds  ${query}`);
    const { query, times } = dearest(figures);
    say(`the dearest query takes ${times.toFixed(1)} times the median: ${query}`);
  } finally {
    await stores.close();
  }
}

const whole = (value: number, width: number): string => String(Math.round(value)).padStart(width);

function rowOf({ name, rows, own: ours, floor, ratio }: SearchFigure): string {
  const numbers = [whole(ours.p50, 11), whole(ours.p99, 8), whole(floor.p50, 11), whole(floor.p99, 8)];
  return `${name.padEnd(24)}${whole(rows, 6)}${numbers.join('')}${ratio.toFixed(1).padStart(8)}`;
}

/** How the median of each query grows from the smallest size to the largest. */
function growth(figures: readonly SearchFigure[], sizes: readonly number[]): string[] {
  if (sizes.length < 2) return [];
  return CASES.map(({ name }) => {
    const all = figures.filter((one) => one.name === name);
    const [first, last] = [all[0]!, all.at(-1)!];
    return `${name.padEnd(24)} p50 at ${last.resources} is ${(last.own.p50 / first.own.p50).toFixed(2)} times that at ${first.resources}`;
  });
}
