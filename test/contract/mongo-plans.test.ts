/** Which index serves which kind of search, and that a page looks at little more than it shows. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MongoClient, type Collection, type Document } from 'mongodb';
import { ALL, and, type Expression } from '../../src/fhir/search/expression.ts';
import type { SearchQuery } from '../../src/fhir/search/plan.ts';
import { compileSearch, sortDocument } from '../../src/store/mongo/compile.ts';
import { openMongoStores, type MongoStores } from '../../src/store/mongo/stores.ts';
import { needs } from '../needs.ts';
import { startMongod, type Mongod } from '../support/mongod.ts';
import { create, done, key, plan, range, refers, words } from './units.ts';

const PATIENTS = 40;
const EACH = 50;

needs('mongod', 'the indexes of the MongoDB store')('indexes', () => {
  let mongod: Mongod;
  let stores: MongoStores;
  let client: MongoClient;
  let resources: Collection<Document>;
  beforeAll(async () => {
    mongod = await startMongod();
    const url = mongod.freshUri();
    stores = await openMongoStores({ url });
    const store = (await stores.tenant('plans')).resources;
    for (let p = 0; p < PATIENTS; p++) {
      const writes = Array.from({ length: EACH }, (_, i) =>
        create('Observation', `${p}-${i}`, [
          ...key('patient', `Patient/${p}`),
          ...key('code', `c${i % 10}`),
          ...refers({ type: 'Patient', id: `${p}` }),
          range('date', p * EACH + i),
        ]),
      );
      await done(store, { writes: [create('Patient', `${p}`, [words('name', `Miller${p}`)]), ...writes] });
    }
    client = await MongoClient.connect(url);
    resources = client.db(`${new URL(url).pathname.slice(1)}-plans`).collection('resources');
  }, 60_000);
  afterAll(async () => {
    await client?.close();
    await stores?.close();
    await mongod?.stop();
  });

  const indexesOf = (stage: Document | undefined): string[] =>
    stage === undefined
      ? []
      : [
          stage['indexName'] as string,
          ...[stage['inputStage'], ...((stage['inputStages'] as Document[]) ?? [])].flatMap((one) =>
            indexesOf(one as Document),
          ),
        ];

  /** The indexes used and the documents looked at for a page of ten. */
  async function explained(
    type: string,
    where: Expression,
    more: Partial<SearchQuery> = {},
  ): Promise<{ indexes: string[]; documents: number }> {
    const { filter, order } = compileSearch(plan(type, where, { count: 10, ...more }));
    const found = await resources
      .find(filter as Document, { sort: sortDocument(order), limit: 11 })
      .explain('executionStats');
    const { winningPlan } = found['queryPlanner'] as { winningPlan: Document };
    const { totalDocsExamined } = found['executionStats'] as { totalDocsExamined: number };
    const used = indexesOf((winningPlan['queryPlan'] as Document) ?? winningPlan).filter(
      (one) => one !== undefined,
    );
    return { indexes: [...new Set(used)], documents: totalDocsExamined };
  }

  const patient: Expression = { op: 'key', param: 'patient', keys: ['Patient/7'] };
  const day: Expression = {
    op: 'range',
    param: 'date',
    key: '',
    bounds: [
      { end: 'low', is: '>=', value: 100 },
      { end: 'high', is: '<', value: 110 },
    ],
  };
  it.each<[string, string, Expression, Partial<SearchQuery>, string, number]>([
    ['the newest of a type', 'Observation', ALL, {}, 'created', 11],
    ['a key', 'Observation', patient, {}, 'entries', 11],
    [
      'two keys',
      'Observation',
      and(patient, { op: 'key', param: 'code', keys: ['c3'] }),
      {},
      'entries',
      EACH,
    ],
    [
      'the beginning of a text',
      'Patient',
      { op: 'text', param: 'name', test: 'starts', value: 'miller1' },
      {},
      'entries',
      11,
    ],
    [
      'a text as written',
      'Patient',
      { op: 'text', param: 'name', test: 'exact', value: 'Miller3' },
      {},
      'entries',
      1,
    ],
    ['a span of time', 'Observation', day, {}, 'ranges', 10],
    [
      'a reference',
      'Observation',
      { op: 'key', param: '_reference', keys: ['Patient/3'] },
      {},
      'references',
      EACH,
    ],
    ['the last updated', 'Observation', ALL, { sort: [{ by: 'updated', descending: true }] }, 'updated', 11],
    ['the order of ids', 'Observation', ALL, { sort: [{ by: 'id', descending: false }] }, '_id_', 31],
    ['ids', 'Observation', { op: 'id', ids: ['1-1', '2-2'] }, {}, '_id_', 2],
  ])('%s', async (_what, type, where, more, index, most) => {
    const { indexes, documents } = await explained(type, where, more);
    expect(indexes).toEqual([index]);
    expect(documents).toBeLessThanOrEqual(most);
  });
});
