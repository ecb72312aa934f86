/** Queries that are meant to hurt: each is refused with a reason or answered, within bounded time. https://hl7.org/fhir/R4/search.html#errors */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OPEN_ACCESS } from '../../../src/access/context.ts';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import type { ResourceTree } from '../../../src/fhir/model/tree.ts';
import { indexValues } from '../../../src/fhir/search/extract.ts';
import { searchSystem, searchType } from '../../../src/rest/interactions/search.ts';
import type { QueryPairs } from '../../../src/rest/query.ts';
import type { TenantStore, Write } from '../../../src/store/ports.ts';
import { openSqliteStores } from '../../../src/store/sqlite/stores.ts';
import { contextOf } from './context.ts';

const definitions = await loadDefinitions();
let stores: Awaited<ReturnType<typeof openSqliteStores>>;
let store: TenantStore;

const PATIENTS = 3000;
/** CPU ms that any of these may take; what is measured lies far below. */
const MOST_MS = 2000;

beforeAll(async () => {
  stores = await openSqliteStores({ location: ':memory:' });
  store = await stores.tenant('hostile');
  const writes = Array.from({ length: PATIENTS }, (_, i): Write => {
    const link = [{ other: { reference: `Patient/p${(i + 1) % PATIENTS}` }, type: 'seealso' }];
    const name = [{ family: `O'Name ${i} a+b.*[c]$ne` }];
    const tree: ResourceTree = { resourceType: 'Patient', id: `p${i}`, name, link };
    const body = new Uint8Array(Buffer.from(JSON.stringify(tree)));
    const content = { body, stampAt: -1, index: indexValues(definitions, tree) };
    return { type: 'Patient', id: `p${i}`, expected: 0, versionId: 1, method: 'PUT', content };
  });
  await store.resources.commit({ writes });
});
afterAll(() => stores?.close());

/** What became of a query: `200 n` with its total, or the refusal. */
async function ask(type: string, query: QueryPairs): Promise<string> {
  const context = contextOf(definitions, { method: 'GET', query });
  const record = { ...context.record, store };
  const before = process.cpuUsage();
  const answer = await (type === '' ? searchSystem : (one: typeof context) => searchType(one, type))({
    ...context,
    access: OPEN_ACCESS,
    record,
  }).then(
    ({ body }) => {
      if (body?.kind !== 'pieces') throw new Error('no bundle');
      return `200 ${(JSON.parse(Buffer.concat(body.pieces).toString()) as { total?: number }).total}`;
    },
    (error: Error) => error.message,
  );
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(MOST_MS);
  return answer;
}
const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);
const counted: QueryPairs = [['_total', 'accurate']];

describe('a hostile query', () => {
  it('with too many or too long values is refused by name of the bound', async () => {
    expect(await ask('Patient', [['name', times(10_000, 'a').join()]])).toContain('at most 1000 are taken');
    expect(await ask('Patient', times(300, ['name', 'a'] as const))).toContain('at most 200 are taken');
    expect(await ask('Patient', [['name', 'a'.repeat(5000)]])).toContain('longer than 2000');
    expect(await ask('Patient', [['_filter', `name eq "${'a'.repeat(1_000_000)}"`]])).toContain(
      'longer than 100000',
    );
  });

  it('with a monstrous filter is refused', async () => {
    expect(await ask('Patient', [['_filter', `${'('.repeat(5000)}name eq a${')'.repeat(5000)}`]])).toContain(
      'deeper than',
    );
    expect(await ask('Patient', [['_filter', times(2000, 'name eq a').join(' or ')]])).toContain(
      'more than 100',
    );
    expect(await ask('Provenance', [['_filter', `${times(50, 'target').join('.')}.name eq a`]])).toContain(
      'more than 8 steps',
    );
    expect(await ask('Provenance', [['_filter', `${times(7, 'target').join('.')}._id eq a`]])).toMatch(
      /^200 0|none of|never/,
    );
  });

  it('with too many joins is refused or ends', async () => {
    const circle: QueryPairs = [
      ['_id', 'p0'],
      ['_include:iterate', 'Patient:link'],
      ['_revinclude:iterate', 'Patient:link'],
    ];
    expect(await ask('Patient', circle)).toContain('more than 50 steps');
    expect(await ask('Patient', times(60, ['_include', 'Patient:link'] as const))).toContain(
      'At most 50 includes',
    );
    expect(await ask('Patient', [[`${times(60, 'link').join('.')}.name`, 'a']])).toContain(
      'more than 8 joins',
    );
    expect(await ask('Patient', [[`${times(60, '_has:Patient:link').join(':')}:name`, 'a']])).toContain(
      'more than 8 joins',
    );
    expect(
      await ask('', [['_type', 'Patient'], [`${times(8, 'link').join('.')}._id`, 'p8'], ...counted]),
    ).toBe('200 1');
  });

  it('of one letter is answered', async () => {
    expect(await ask('Patient', [['name:contains', 'o'], ...counted])).toBe(`200 ${PATIENTS}`);
    expect(await ask('Patient', [['name:contains', 'z'], ...counted])).toBe('200 0');
    expect(await ask('Patient', [['name:contains', times(500, 'o').join()], ...counted])).toBe(
      `200 ${PATIENTS}`,
    );
  });

  it('in the words of a database means nothing special', async () => {
    for (const word of [
      '.*',
      '%',
      '_',
      "' OR 1=1 --",
      '{"$ne":null}',
      '$ne',
      '[a-z]',
      '(a+)+$',
      '\\',
      '\u0007',
    ])
      expect(await ask('Patient', [['family:exact', word], ...counted])).toBe('200 0');
    expect(await ask('Patient', [['name:contains', '[c]$ne'], ...counted])).toBe(`200 ${PATIENTS}`);
    expect(await ask('Patient', [['name:contains', 'a+b.*'], ...counted])).toBe(`200 ${PATIENTS}`);
    for (const name of ['name[$ne]', '$where', '__proto__', 'constructor', 'name:$regex', 'toString'])
      expect(await ask('Patient', [[name, 'x']])).toMatch(/is not a search parameter|has no modifier/);
  });

  it('for many keys, sorts and units stays bounded', async () => {
    const ids = Array.from({ length: 1000 }, (_, i) => `p${i}`).join();
    expect(await ask('Patient', [['_id', ids], ['link', ids], ...counted])).toMatch(/^200 \d+$/);
    expect(await ask('Patient', [['_sort', times(20, 'name').join()]])).toContain('at most 8');
    expect(
      await ask('Observation', [['value-quantity', `1|http://unitsofmeasure.org|${'m.'.repeat(900)}m`]]),
    ).toMatch(/200 0/);
    expect(await ask('Location', [['near', times(200, '1|1|9000').join()], ...counted])).toBe('200 0');
  });
});
