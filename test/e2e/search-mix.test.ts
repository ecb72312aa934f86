/** The mixed search workload of public benchmarks on both stores: nothing fails, nothing is ignored, nothing takes very much longer than the rest. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dearest, fillMix, POOLS, runMix, type MixFigure } from '../../bench/search-mix.ts';
import { loadDefinitions } from '../../src/definitions-file.ts';
import { openMongoStores } from '../../src/store/mongo/stores.ts';
import type { Stores } from '../../src/store/ports.ts';
import { openSqliteStores } from '../../src/store/sqlite/stores.ts';
import { needs } from '../needs.ts';
import { startMongod, type Mongod } from '../support/mongod.ts';

/** As the issue has it: no query over fifty times the median. */
const MOST_TIMES = 50;
const PATIENTS = 4;

function contract(open: () => Promise<Stores>): void {
  let stores: Stores;
  let figures: readonly MixFigure[];
  beforeAll(async () => {
    const definitions = await loadDefinitions();
    stores = await open();
    const store = await stores.tenant('mix');
    figures = await runMix(definitions, store, await fillMix(definitions, store, PATIENTS), 5);
  }, 240_000);
  afterAll(() => stores?.close());

  it('answers every query, and finds something in every pool', () => {
    expect(figures.length).toBe(Object.values(POOLS).flat().length);
    for (const pool of Object.keys(POOLS))
      expect([pool, figures.some((one) => one.pool === pool && one.total > 0)]).toEqual([pool, true]);
  });

  it.each(Object.keys(POOLS))('finds nothing by the sure miss of %s', (pool) => {
    const miss = figures.filter((one) => one.pool === pool).at(-1)!;
    expect([miss.query, miss.total]).toEqual([POOLS[pool]!.at(-1), 0]);
  });

  it(`has no query over ${MOST_TIMES} times the median`, () => {
    const { query, times } = dearest(figures);
    expect([query, times < MOST_TIMES]).toEqual([query, true]);
  });
}

describe('the mixed workload on SQLite', () => contract(() => openSqliteStores({ location: ':memory:' })));

needs('mongod', 'the mixed search workload on MongoDB')('the mixed workload on MongoDB', () => {
  let mongod: Mongod;
  beforeAll(async () => {
    mongod = await startMongod();
  }, 60_000);
  afterAll(() => mongod?.stop());
  contract(() => openMongoStores({ url: mongod.freshUri() }));
});
