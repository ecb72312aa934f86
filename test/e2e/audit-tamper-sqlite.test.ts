/** Tampering with the trail in the database file of the embedded store. */
import { afterAll } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteStores } from '../../src/store/sqlite/stores.ts';
import { tamperTests, type Tampered, type Tools } from './audit/tamper.ts';

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function toolsOn(file: string): Tools & { close(): Promise<void> } {
  const db = new DatabaseSync(file);
  const idAt = (at: number): number =>
    (db.prepare('SELECT id FROM audit_page ORDER BY id LIMIT 1 OFFSET ?').get(at) as { id: number }).id;
  const set = (column: string, at: number, value: string | number | Uint8Array): void =>
    void db.prepare(`UPDATE audit_page SET ${column} = ? WHERE id = ?`).run(value, idAt(at));
  const register = (sql: string, ...values: Uint8Array[]): void => void db.prepare(sql).run(...values);
  return {
    setBody: async (at, body) => set('body', at, body),
    setKeys: async (at, keys) => set('keys', at, JSON.stringify(keys)),
    setTime: async (at, ms) => set('at', at, ms),
    remove: async (at) => void db.prepare('DELETE FROM audit_page WHERE id = ?').run(idAt(at)),
    swap: async (one, other) => {
      const [a, b] = [idAt(one), idAt(other)];
      const move = db.prepare('UPDATE audit_page SET id = ? WHERE id = ?');
      for (const [to, from] of [
        [-1, a],
        [a, b],
        [b, -1],
      ] as const)
        move.run(to, from);
    },
    removeChain: async (chain, withHead) => {
      db.prepare('DELETE FROM audit_page WHERE chain = (SELECT id FROM audit_head WHERE chain = ?)').run(
        chain,
      );
      if (withHead) db.prepare('DELETE FROM audit_head WHERE chain = ?').run(chain);
    },
    moveHead: async (chain, seq, hash) =>
      void db.prepare('UPDATE audit_head SET seq = ?, hash = ? WHERE chain = ?').run(seq, hash, chain),
    removeRegister: async () => register("DELETE FROM meta WHERE key = 'audit'"),
    setRegister: async (chains) => {
      const { mac } = JSON.parse(
        Buffer.from(
          (db.prepare("SELECT value FROM meta WHERE key = 'audit'").get() as { value: Uint8Array }).value,
        ).toString(),
      ) as { mac: string };
      register("UPDATE meta SET value = ? WHERE key = 'audit'", Buffer.from(JSON.stringify({ chains, mac })));
    },
    append: async ({ chain, seq, since, at, hash, mac, keys, body }) =>
      void db
        .prepare(
          `INSERT INTO audit_page(chain, seq, since, at, hash, mac, keys, body)
           SELECT id, ?, ?, ?, ?, ?, ?, ? FROM audit_head WHERE chain = ?`,
        )
        .run(seq, since, at, hash, mac, JSON.stringify(keys), body, chain),
    close: async () => db.close(),
  };
}

tamperTests(async (): Promise<Tampered> => {
  const location = mkdtempSync(join(tmpdir(), 'embergate-tamper-'));
  folders.push(location);
  return {
    open: () => openSqliteStores({ location }),
    tools: async () => toolsOn(join(location, 'default.db')),
  };
});
