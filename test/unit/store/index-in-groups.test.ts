/** A file from before index rows stood in groups: what was in it is found as before, and grows into groups as it is written again. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ALL, type Expression } from '../../../src/fhir/search/expression.ts';
import type { IndexValue } from '../../../src/fhir/search/index-value.ts';
import { searchPlan, type SortKey } from '../../../src/fhir/search/plan.ts';
import type { ResourceStore } from '../../../src/store/ports.ts';
import { MIGRATIONS } from '../../../src/store/sqlite/schema.ts';
import { openSqliteStores } from '../../../src/store/sqlite/stores.ts';

const BEFORE = 2;

/** Two observations of one patient: the rows of the first are in the tables, those of the second wait. */
function oldFile(file: string): void {
  const db = new DatabaseSync(file);
  for (const step of MIGRATIONS.slice(0, BEFORE)) db.exec(step as string);
  db.exec(
    `PRAGMA application_id = ${0x456d6247}; PRAGMA user_version = ${BEFORE};
     INSERT INTO meta VALUES ('secret', zeroblob(32));
     INSERT INTO type VALUES (1, 'Observation');
     INSERT INTO param VALUES (1, 1, ''), (2, 1, 'code'), (3, 1, 'patient'), (4, 1, '_reference'), (5, 1, 'date');
     INSERT INTO term VALUES (1, 's' || char(9) || 'c'), (2, '*' || char(9) || 'c'), (3, 'Patient/1');
     INSERT INTO resource VALUES (1, 1, 'a', 1, 1, 7, 0), (2, 1, 'b', 2, 1, 8, 0);
     INSERT INTO version VALUES (1, 1, 1, 1, 0, 7, 0, '{}'), (2, 2, 1, 1, 0, 8, 0, '{}');
     INSERT INTO key_index VALUES (1, 0, 1), (2, 1, 1), (2, 2, 1), (3, 3, 1), (4, 3, 1);
     INSERT INTO range_index VALUES (5, 0, 5.5, 6.25, 1);`,
  );
  const rows = [
    ['code', 's\tc', 'code', '*\tc', 'patient', 'Patient/1', '_reference', 'Patient/1'],
    ['date', '', 0.1 + 0.2, 9],
    [],
  ];
  db.prepare('INSERT INTO backlog VALUES (2, 2, 1, ?)').run(JSON.stringify(rows));
  db.close();
}

const key = (param: string, text: string): Expression => ({ op: 'key', param, keys: [text] });

async function found(
  store: ResourceStore,
  where: Expression,
  sort: readonly SortKey[] = [],
): Promise<string> {
  const plan = searchPlan({ branches: [{ type: 'Observation', where }], sort, count: 9 }, () => ALL);
  return (await store.search(plan)).resources.map(({ id }) => id).join('');
}

describe('a file from before index rows stood in groups', () => {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-old-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is found in as before, beside what is written from then on', async () => {
    oldFile(join(folder, 'default.db'));
    const stores = await openSqliteStores({ location: folder });
    const store = (await stores.tenant('default')).resources;
    const all = [key('code', 's\tc'), key('code', '*\tc'), key('patient', 'Patient/1')] as const;
    for (const where of all) expect(await found(store, where)).toBe('ba');
    const exact = { end: 'low', is: '>=', value: 0.1 + 0.2 } as const;
    expect(await found(store, { op: 'range', param: 'date', key: '', bounds: [exact] })).toBe('ba');

    const values = ['code', 'combo-code'].flatMap((param): IndexValue[] =>
      ['s\tc', '*\tc'].map((one) => ({ kind: 'key', param, key: one })),
    );
    const index: IndexValue[] = [
      ...values,
      ...['patient', '_reference', '_compartment'].map((param) => ({
        kind: 'key' as const,
        param,
        key: 'Patient/1',
      })),
    ];
    const content = () => ({ body: new TextEncoder().encode('{}'), stampAt: -1, index });
    const of = { type: 'Observation', method: 'PUT' } as const;
    const writes = [
      { ...of, id: 'a', expected: 1, versionId: 2, content: content() },
      { ...of, id: 'c', expected: 0, versionId: 1, content: content() },
    ];
    expect(await store.commit({ writes })).toMatchObject({ ok: true });
    for (const where of all) expect(await found(store, where)).toBe('cba');
    expect(await found(store, { op: 'and', of: [all[2], all[0]] })).toBe('cba');
    expect(await found(store, key('combo-code', '*\tc'))).toBe('ca');
    const byCode = { by: 'param', param: 'code', kind: 'key', prefix: '*\t', descending: false } as const;
    expect(await found(store, ALL, [byCode])).toBe('cba');
    const remove = { type: 'Patient', id: '1', method: 'DELETE', expected: 0, versionId: 1 } as const;
    const refused = await store.commit({ writes: [remove], integrity: true });
    expect(refused).toMatchObject({ ok: false, conflicts: [{ kind: 'referenced' }] });
    await stores.close();
  });
});
