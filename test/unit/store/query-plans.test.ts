/** How SQLite goes about the statements of a search: over the index that is meant, in its order, without a scan of a table. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { spellSource, type Source, type Stretch } from '../../../src/store/sqlite/arms.ts';
import { pageStatement, resolveOrder } from '../../../src/store/sqlite/compile.ts';
import type { Names } from '../../../src/store/sqlite/names.ts';
import { Binding, type Predicate } from '../../../src/store/sqlite/predicate.ts';
import { openForWriting } from '../../../src/store/sqlite/schema.ts';
import { Statements, type Statement } from '../../../src/store/sqlite/statements.ts';
import { walkFor, walkStatement } from '../../../src/store/sqlite/walk.ts';

const patient: Stretch = { op: 'key', params: [1], keys: [1] };
const code: Stretch = { op: 'key', params: [2], keys: [2] };
const date: Stretch = { op: 'range', param: 3, key: 0, bounds: [{ end: 'low', is: '>=', value: 5 }] };
const name: Stretch = { op: 'text', param: 4, test: 'starts', value: 'a' };
const all: Predicate = { op: 'all' };

describe('query plans', () => {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-plans-'));
  let db: DatabaseSync;
  beforeAll(() => {
    db = openForWriting(join(folder, 't.db'));
  });
  afterAll(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });

  const planOf = ({ sql, values }: Statement): string[] =>
    (db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[]).map(
      ({ detail }) => detail,
    );
  const names = { param: () => 7, params: () => [7] } as unknown as Names;
  const page = (source: Source, sort: Parameters<typeof resolveOrder>[2] = []): string[] =>
    planOf(pageStatement(source, resolveOrder(names, 1, sort), { limit: 21 }));

  it('one key: its stretch of the table, in order', () => {
    expect(page([{ stretch: patient, rest: all }])).toEqual([
      'SEARCH d USING PRIMARY KEY (param=? AND key=? AND rid>? AND rid<?)',
    ]);
  });

  it('two keys: the stretch of one, the other looked up', () => {
    const plan = page([{ stretch: patient, rest: code }]);
    expect(plan).toHaveLength(2);
    expect(plan[0]).toBe('SEARCH d USING PRIMARY KEY (param=? AND key=? AND rid>? AND rid<?)');
    expect(plan[1]).toMatch(/^SEARCH x .*USING PRIMARY KEY \(param=\? AND key=\? AND rid=\?\)/);
  });

  it('one key in several groups: their stretches merged in their order', () => {
    const plan = page([{ stretch: { op: 'key', params: [1, 3], keys: [1] }, rest: code }]).join('\n');
    expect(plan).toMatch(/MERGE \(UNION ALL\)/);
    expect(
      plan.match(/SEARCH d USING PRIMARY KEY \(param=\? AND key=\? AND rid>\? AND rid<\?\)/g),
    ).toHaveLength(2);
    expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
  });

  it('several arms: merged in their order', () => {
    const plan = page([
      { stretch: patient, rest: all },
      { stretch: code, rest: all },
    ]);
    expect(plan.join('\n')).toMatch(/MERGE \(UNION\)/);
    expect(plan.filter((step) => step.startsWith('SEARCH'))).toHaveLength(2);
    expect(plan.join('\n')).not.toMatch(/SCAN|TEMP B-TREE/);
  });

  it('conditions on a resource: by its own rows', () => {
    const rests: [Predicate, RegExp][] = [
      [date, /range_of \(rid=\? AND param=\? AND key=\? AND low>\?\)/],
      [name, /text_of \(rid=\? AND param=\? AND text>\? AND text<\?\)/],
      [{ op: 'not', of: code }, /PRIMARY KEY \(param=\? AND key=\? AND rid=\?\)/],
      [{ op: 'present', params: [3], kind: 'range' }, /range_of \(rid=\? AND param=\?\)/],
      [
        { op: 'key', params: [2], keys: Array.from({ length: 20 }, (_, i) => i) },
        /key_of \(rid=\? AND param=\?\)/,
      ],
      [
        { op: 'updated', type: 1, bounds: [{ end: 'low', is: '>=', value: 1 }] },
        /INTEGER PRIMARY KEY \(rowid=\?\)/,
      ],
    ];
    for (const [rest, index] of rests) {
      const plan = page([{ stretch: patient, rest }]);
      expect(plan[0]).toMatch(/^SEARCH d USING PRIMARY KEY \(param=\? AND key=\?/);
      expect(plan.join('\n')).toMatch(index);
      expect(plan.join('\n')).not.toMatch(/SCAN (?!value|json_each)|AUTOMATIC|TEMP B-TREE/);
    }
  });

  it('ranges and texts that drive: their stretch alone, then sorted', () => {
    expect(page([{ stretch: date, rest: all }])[0]).toMatch(
      /^SEARCH d USING PRIMARY KEY \(param=\? AND key=\? AND low>\?\)/,
    );
    expect(page([{ stretch: name, rest: all }])[0]).toMatch(
      /^SEARCH d USING PRIMARY KEY \(param=\? AND text>\? AND text<\?\)/,
    );
    const id: Stretch = { op: 'id', type: 1, ids: ['a', 'b'] };
    expect(page([{ stretch: id, rest: all }])[0]).toMatch(/sqlite_autoindex_resource_1 \(type=\? AND id=\?/);
    const updated: Stretch = { op: 'updated', type: 1, bounds: [{ end: 'low', is: '>', value: 1 }] };
    expect(page([{ stretch: updated, rest: all }])[0]).toMatch(/resource_updated \(type=\? AND instant>\?\)/);
  });

  it('a sorted page of few candidates: the value of each by its own rows', () => {
    const plan = page(
      [{ stretch: patient, rest: all }],
      [{ by: 'param', param: 'date', kind: 'range', descending: true }],
    );
    expect(plan.join('\n')).toMatch(
      /SEARCH d USING PRIMARY KEY \(param=\? AND key=\? AND rid>\? AND rid<\?\)/,
    );
    expect(plan.join('\n')).toMatch(/SEARCH x .*range_of \(rid=\? AND param=\?\)/);
  });

  it('a walk: the index of the sort key in its order, both ways', () => {
    const statements = new Statements(db);
    for (const descending of [true, false]) {
      for (const [key, index] of [
        [
          { by: 'param', param: 'date', kind: 'range', descending },
          /^SEARCH d USING PRIMARY KEY \(param=\? AND key=\?\)/,
        ],
        [
          { by: 'param', param: 'name', kind: 'text', descending },
          /^SEARCH d USING PRIMARY KEY \(param=\?\)/,
        ],
        [{ by: 'updated', descending }, /^SEARCH d USING (COVERING )?INDEX resource_updated \(type=\?\)/],
      ] as const) {
        db.exec('INSERT OR IGNORE INTO range_index VALUES (7, 0, 1, 1, 1)');
        for (const back of [false, true]) {
          const walk = walkFor(statements, { type: 1, predicate: code, key, params: [7], back });
          const plan = planOf(walkStatement(walk!, {}, 21, 1e9));
          expect(plan[0]).toMatch(index);
          expect(plan.join('\n')).not.toMatch(/SCAN|USE TEMP B-TREE FOR ORDER BY/);
        }
      }
    }
  });

  it('counts a source without its sorting', () => {
    const bind = new Binding();
    const sql = `SELECT count(*) FROM (${spellSource([{ stretch: patient, rest: code }], { above: 0, below: 9 }, bind)})`;
    expect(planOf({ sql, values: bind.values }).join('\n')).not.toMatch(/SCAN|TEMP B-TREE/);
  });
});
