/** Opening database files: made, migrated, refused. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openForReading, openForWriting, readSecret } from '../../../src/store/sqlite/schema.ts';

describe('the file of a tenant', () => {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-schema-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string): string => join(folder, name);

  it('is made with a secret of its own, which stays', () => {
    const db = openForWriting(file('a.db'));
    const secret = readSecret(db);
    expect(secret).toHaveLength(32);
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    // NORMAL: what is answered is synced by the writer itself (log-sync.test.ts).
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 1 });
    db.close();
    const again = openForWriting(file('a.db'));
    expect(Buffer.from(readSecret(again)).equals(Buffer.from(secret))).toBe(true);
    again.close();
    const other = openForWriting(file('b.db'));
    expect(Buffer.from(readSecret(other)).equals(Buffer.from(secret))).toBe(false);
    other.close();
  });

  it('of a newer version is refused with one line that says what to do, and is left alone', () => {
    openForWriting(file('new.db')).close();
    const db = new DatabaseSync(file('new.db'));
    db.exec('PRAGMA user_version = 999');
    db.close();
    expect(() => openForWriting(file('new.db'))).toThrow(
      /written by a newer version \(migration 999.*update/,
    );
    const same = new DatabaseSync(file('new.db'), { readOnly: true });
    expect(same.prepare('PRAGMA user_version').get()).toEqual({ user_version: 999 });
    same.close();
  });

  it('of another program is refused', () => {
    const db = new DatabaseSync(file('foreign.db'));
    db.exec('CREATE TABLE recipes(name TEXT)');
    db.close();
    expect(() => openForWriting(file('foreign.db'))).toThrow(/another program/);
    writeFileSync(
      file('text.db'),
      'This is not a database, but a text that is long enough to be taken for a header.'.repeat(20),
    );
    expect(() => openForWriting(file('text.db'))).toThrow(/not a database/);
  });

  it('cannot be written by a reader', () => {
    openForWriting(file('r.db')).close();
    const db = openForReading(file('r.db'));
    expect(() => db.exec("INSERT INTO cursor VALUES ('x', 1)")).toThrow(/readonly/);
    db.close();
  });
});
