/** The writer by itself: groups, one bad apple among them, index rows that wait, two processes on one file. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALL } from '../../../src/fhir/search/expression.ts';
import { searchPlan } from '../../../src/fhir/search/plan.ts';
import type { UnitOfWork, Write } from '../../../src/store/ports.ts';
import { openNames } from '../../../src/store/sqlite/names.ts';
import { Rows } from '../../../src/store/sqlite/rows.ts';
import { openForReading } from '../../../src/store/sqlite/schema.ts';
import { TenantWriter } from '../../../src/store/sqlite/tenant-writer.ts';
import { packUnit, type Answer, type Ask } from '../../../src/store/sqlite/wire.ts';
import { create, refers, remove, update } from '../../contract/units.ts';

function commit(unit: UnitOfWork): Ask {
  const bodies: Uint8Array[] = [];
  const { wire } = packUnit(unit, bodies, 0);
  return { op: 'commit', tenant: 't', unit: wire, bodies: new Uint8Array(Buffer.concat(bodies)) };
}

const isDone = (answer: Answer | undefined): boolean =>
  answer !== undefined && 'value' in answer && (answer.value as { ok: boolean }).ok;

describe('the writer of a tenant', () => {
  let folder: string;
  let file: string;
  let writer: TenantWriter;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'embergate-writer-'));
    file = join(folder, 't.db');
    writer = new TenantWriter(file);
  });
  afterEach(() => {
    writer.close();
    rmSync(folder, { recursive: true });
  });
  /** Runs SQL on a connection of its own. */
  function query<T>(sql: string): T[] {
    const db = openForReading(file);
    const rows = db.prepare(sql).all() as T[];
    db.close();
    return rows;
  }
  const ids = (): string[] =>
    query<{ id: string }>('SELECT id FROM resource ORDER BY rid').map(({ id }) => id);

  it('does a group in order: a later unit sees what an earlier one did', () => {
    const answers = writer.perform([
      commit({ writes: [create('Pear', 'a')] }),
      commit({ writes: [create('Pear', 'a')] }),
      commit({ writes: [update('Pear', 'a', 1)] }),
      commit({ writes: [remove('Pear', 'a', 2)], integrity: true }),
    ]);
    expect(answers.map(isDone)).toEqual([true, false, true, true]);
  });

  it('when one of a group fails unexpectedly, does the others and fails that one only', () => {
    const twice: Write[] = [create('Pear', 'x'), create('Pear', 'x')];
    const answers = writer.perform([
      commit({ writes: [create('Pear', 'a')] }),
      commit({ writes: twice }),
      commit({ writes: [create('Fig', 'b')] }),
    ]);
    expect(answers.map(isDone)).toEqual([true, false, true]);
    expect(answers[1]).toEqual({ error: 'A unit of work writes one resource twice', busy: false });
    expect(ids()).toEqual(['a', 'b']);
    expect(writer.perform([commit({ writes: [create('Fig', 'c')] })]).map(isDone)).toEqual([true]);
    expect(query('SELECT seq FROM version ORDER BY seq')).toEqual([{ seq: 1 }, { seq: 2 }, { seq: 3 }]);
  });

  it('lets index rows wait, moves them when asked, and only the last version of each resource', () => {
    writer.perform([
      commit({
        writes: [create('Pear', 'a', [{ kind: 'key', param: 'k', key: 'one' }]), create('Pear', 'b')],
      }),
      commit({ writes: [update('Pear', 'a', 1, [{ kind: 'key', param: 'k', key: 'two' }])] }),
      commit({ writes: [remove('Pear', 'b', 1)] }),
    ]);
    expect(writer.waiting).toBe(4);
    expect(query('SELECT * FROM key_index')).toEqual([]);
    expect(writer.perform([{ op: 'settle', tenant: 't' }])).toEqual([{ value: true }]);
    expect(writer.waiting).toBe(0);
    const terms = 'SELECT t.text FROM key_index k JOIN term t ON t.id = k.key';
    expect(query(terms)).toEqual([{ text: 'two' }]);
    expect(query('SELECT rid FROM key_index WHERE key = 0')).toEqual([{ rid: 1 }]);
  });

  it('writes the rows of a large unit at once, after those that waited', () => {
    const row = (value: string) => [{ kind: 'key' as const, param: 'k', key: value }];
    const names = Array.from({ length: 120 }, (_, i) => `p${i}`);
    writer.perform([commit({ writes: names.slice(0, 60).map((id) => create('Pear', id, row('old'))) })]);
    expect(writer.waiting).toBe(60);
    const writes = names.map((id, i) => {
      if (i >= 60) return create('Pear', id, row('new'));
      return i % 2 === 0 ? update('Pear', id, 1, row('new')) : remove('Pear', id, 1);
    });
    expect(writer.perform([commit({ writes, integrity: true })]).map(isDone)).toEqual([true]);
    expect(writer.waiting).toBe(0);
    const terms = 'SELECT t.text, count(*) AS n FROM key_index k JOIN term t ON t.id = k.key GROUP BY 1';
    expect(query(terms)).toEqual([{ text: 'new', n: 90 }]);
  });

  it.each([true, false])(
    'judges a delete by the last version of whoever refers, moved (%s) or waiting',
    (moved) => {
      const to = (...ids: string[]) => refers(...ids.map((id) => ({ type: 'Pear', id })));
      const does = (unit: UnitOfWork): boolean => {
        const done = isDone(writer.perform([commit(unit)])[0]);
        if (moved) writer.settle();
        return done;
      };
      const deletes = (...ids: string[]): boolean =>
        does({ writes: ids.map((id) => remove('Pear', id, 1)), integrity: true });
      expect(does({ writes: ['a', 'b', 'c', 'd'].map((id) => create('Pear', id)) })).toBe(true);
      expect(does({ writes: [create('Fig', 'x', to('a', 'b')), create('Fig', 'y', to('c', 'd'))] })).toBe(
        true,
      );
      writer.settle();
      expect(does({ writes: [update('Fig', 'x', 1, to('b'))] })).toBe(true);
      expect([deletes('a'), deletes('b')]).toEqual([true, false]);
      expect(does({ writes: [update('Fig', 'x', 2, to('c'))] })).toBe(true);
      expect([deletes('b'), deletes('c')]).toEqual([true, false]);
      expect(does({ writes: [remove('Fig', 'x', 3), update('Fig', 'y', 1, to('d'))], integrity: true })).toBe(
        true,
      );
      expect([deletes('c'), deletes('d')]).toEqual([true, false]);
      expect(writer.perform([{ op: 'settle', tenant: 't' }])).toEqual([{ value: true }]);
      expect(deletes('d')).toBe(false);
    },
  );

  it('knows after a failed group, and after another process wrote, what waits', () => {
    const twice = [create('Pear', 'x'), create('Pear', 'x')];
    const referring = create('Fig', 'f', refers({ type: 'Pear', id: 'a' }));
    writer.perform([commit({ writes: [create('Pear', 'a'), referring] }), commit({ writes: twice })]);
    expect(writer.waiting).toBe(2);
    const other = new TenantWriter(file);
    expect(other.perform([commit({ writes: [update('Fig', 'f', 1)] })]).map(isDone)).toEqual([true]);
    expect(
      writer.perform([commit({ writes: [remove('Pear', 'a', 1)], integrity: true })]).map(isDone),
    ).toEqual([true]);
    other.close();
  });

  it('moves waiting rows of a type before a guard asks for it', () => {
    const plan = searchPlan(
      { branches: [{ type: 'Pear', where: { op: 'key', param: 'k', keys: ['v'] } }], count: 2 },
      () => ALL,
    );
    const guards = [{ plan, matches: [] }];
    writer.perform([
      commit({ writes: [create('Fig', 'f')] }),
      commit({ writes: [create('Plum', 'p')], guards }),
    ]);
    expect(writer.waiting).toBe(2);
    const answers = ['a', 'b'].map((id) =>
      commit({ writes: [create('Pear', id, [{ kind: 'key', param: 'k', key: 'v' }])], guards }),
    );
    expect(writer.perform(answers).map(isDone)).toEqual([true, false]);
    expect(writer.waiting).toBe(0);
  });

  it('moves what an earlier process left waiting before it answers anything', () => {
    writer.perform([commit({ writes: [create('Pear', 'a', [{ kind: 'key', param: 'k', key: 'one' }])] })]);
    writer.close();
    writer = new TenantWriter(file);
    expect(writer.waiting).toBe(0);
    expect(query('SELECT count(*) AS n FROM key_index')).toEqual([{ n: 2 }]);
  });

  it('shares the file with another process: one sequence, no lost write, no torn index', () => {
    const other = new TenantWriter(file);
    for (let i = 0; i < 10; i++) {
      const both = [writer, other].map((one, w) =>
        one.perform([
          commit({ writes: [create('Pear', `${i}-${w}`, [{ kind: 'key', param: 'k', key: `v${i % 3}` }])] }),
        ]),
      );
      expect(both.flat().map(isDone)).toEqual([true, true]);
      const race = [writer, other].map((one) =>
        one.perform([commit({ writes: [update('Pear', `${i}-0`, 1)] })]),
      );
      expect(race.flat().map(isDone)).toEqual([true, false]);
    }
    other.settle();
    writer.settle();
    other.close();
    expect(query('SELECT count(*) AS n FROM version')).toEqual([{ n: 30 }]);
    expect(query('SELECT text, count(*) AS n FROM term GROUP BY text HAVING n > 1')).toEqual([]);
    expect(query('SELECT count(*) AS n FROM key_index WHERE key = 0')).toEqual([{ n: 20 }]);
    expect(query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  });

  it('answers a search among waiting rows with the version that the index tells of', () => {
    const rows = (): { rows: Rows; close: () => void } => {
      const db = openForReading(file);
      return { rows: new Rows(db, openNames(db)), close: () => db.close() };
    };
    writer.perform([commit({ writes: [create('Pear', 'a')] })]);
    writer.settle();
    writer.perform([
      commit({ writes: [update('Pear', 'a', 1)] }),
      commit({ writes: [update('Pear', 'a', 2), create('Pear', 'b')] }),
    ]);
    const { rows: seen, close } = rows();
    const waiting = seen.waiting();
    expect([seen.before(1, waiting.get(1)!)?.versionId, seen.byRid(1).versionId]).toEqual([1, 3]);
    const [b] = query<{ rid: number }>("SELECT rid FROM resource WHERE id = 'b'");
    expect(seen.before(b!.rid, waiting.get(b!.rid)!)).toBeUndefined();
    close();
  });
});
