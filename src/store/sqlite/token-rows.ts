/**
 * The tokens of a tenant: changes in the writer's transaction, reads on the connections of the other threads. A find is one step down one tree.
 * https://www.sqlite.org/withoutrowid.html, https://www.sqlite.org/lang_upsert.html
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { TokenLookup, TokenRecord } from '../ports.ts';
import { TokenCache } from './token-cache.ts';

/** What the writer is asked to do. */
export type TokenChange =
  | { readonly kind: 'put'; readonly record: TokenRecord }
  | { readonly kind: 'add'; readonly record: TokenRecord; readonly now: number }
  | { readonly kind: 'consume'; readonly model: string; readonly id: string; readonly now: number }
  | { readonly kind: 'remove'; readonly model: string; readonly id: string }
  | { readonly kind: 'removeGrant'; readonly grantId: string }
  | { readonly kind: 'purge'; readonly now: number; readonly limit: number };

/** Everything here happens inside a transaction of the writer. */
export class TokenWriter {
  readonly #statements: ReturnType<typeof prepareChanges>;
  #made = 0;

  constructor(db: DatabaseSync) {
    this.#statements = prepareChanges(db);
  }

  /** Booleans and numbers as `TokenStore` has them; `put` gives true. */
  apply(change: TokenChange): boolean | number {
    const { put, add, consume, remove, removeGrant, purge } = this.#statements;
    switch (change.kind) {
      case 'put':
        return put.run(...this.#cells(change.record)).changes > 0;
      case 'add':
        return add.run(...this.#cells(change.record), change.now).changes > 0;
      case 'consume':
        return consume.run(change.now, change.model, change.id, change.now).changes > 0;
      case 'remove':
        return remove.run(change.model, change.id).changes > 0;
      case 'removeGrant':
        return Number(removeGrant.run(change.grantId, change.grantId).changes);
      case 'purge':
        return Number(purge.run(change.now, change.limit).changes);
    }
  }

  /** `made` only orders: microseconds of the clock, or one more than the last where the clock does not move on. */
  #cells(record: TokenRecord): SQLInputValue[] {
    this.#made = Math.max(this.#made + 1, Date.now() * 1000);
    const { model, id, payload, expiresAt, consumedAt, grantId, uid, userCode, accountId, clientId } = record;
    const optional = [expiresAt, consumedAt, grantId, uid, userCode, accountId, clientId];
    return [model, id, payload, ...optional.map((cell) => cell ?? null), this.#made];
  }
}

const COLUMNS =
  'model, id, payload, expires, consumed, grant_id, uid, user_code, account_id, client_id' as const;
const REPLACED = ['payload', 'expires', 'grant_id', 'uid', 'user_code', 'account_id', 'client_id']
  .map((column) => `${column} = excluded.${column}`)
  .join(', ');
const INSERT = `INSERT INTO token(${COLUMNS}, made) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT(model, id) DO UPDATE SET ${REPLACED}`;
const LIVE = '(expires IS NULL OR expires > ?)';

function prepareChanges(db: DatabaseSync) {
  return {
    put: db.prepare(`${INSERT}, consumed = coalesce(excluded.consumed, consumed)`),
    add: db.prepare(`${INSERT}, consumed = excluded.consumed, made = excluded.made WHERE token.expires <= ?`),
    consume: db.prepare(
      `UPDATE token SET consumed = ? WHERE model = ? AND id = ? AND consumed IS NULL AND ${LIVE}`,
    ),
    remove: db.prepare('DELETE FROM token WHERE model = ? AND id = ?'),
    removeGrant: db.prepare(`DELETE FROM token WHERE grant_id = ? OR (model = 'Grant' AND id = ?)`),
    purge: db.prepare(
      `DELETE FROM token WHERE (model, id) IN
         (SELECT model, id FROM token WHERE expires <= ? ORDER BY expires LIMIT ?)`,
    ),
  };
}

const LOOKUPS: Readonly<Record<TokenLookup, string>> = {
  grantId: 'grant_id',
  uid: 'uid',
  userCode: 'user_code',
  accountId: 'account_id',
  clientId: 'client_id',
};

/** Cells in the order of COLUMNS: rows as lists, because making an object a row costs more than finding it. */
type Cells = readonly [
  model: string,
  id: string,
  payload: string,
  expires: number | null,
  consumed: number | null,
  ...lookups: (string | null)[],
];

/** Finds on one connection. */
export class TokenReader {
  readonly #db: DatabaseSync;
  readonly #cache: TokenCache;
  readonly #find: StatementSync;
  readonly #list: StatementSync;
  readonly #by = new Map<string, StatementSync>();

  /** `changes`: what the writer counts its changes of tokens in. */
  constructor(db: DatabaseSync, changes: SharedArrayBuffer) {
    this.#db = db;
    this.#cache = new TokenCache(db, changes);
    this.#find = asLists(db.prepare(`SELECT ${COLUMNS} FROM token WHERE model = ? AND id = ?`));
    this.#list = asLists(
      db.prepare(`SELECT ${COLUMNS} FROM token WHERE model = ? AND ${LIVE} AND id > ? ORDER BY id LIMIT ?`),
    );
  }

  find(model: string, id: string, now: number): TokenRecord | undefined {
    const record = this.#cache.find(model, id, () => {
      const cells = this.#find.get(model, id) as unknown as Cells | undefined;
      return cells && recordOf(cells);
    });
    return record?.expiresAt !== undefined && record.expiresAt <= now ? undefined : record;
  }

  findBy(by: TokenLookup, value: string, now: number, model?: string, limit = -1): TokenRecord[] {
    const narrowed = model === undefined ? [] : [model];
    return all(this.#lookup(by, narrowed.length > 0), value, ...narrowed, now, limit);
  }

  list(model: string, now: number, limit: number, after = ''): TokenRecord[] {
    return all(this.#list, model, now, after, limit);
  }

  #lookup(by: TokenLookup, narrowed: boolean): StatementSync {
    const sql = `SELECT ${COLUMNS} FROM token WHERE ${LOOKUPS[by]} = ?${narrowed ? ' AND model = ?' : ''}
      AND ${LIVE} ORDER BY made DESC LIMIT ?`;
    const statement = this.#by.get(sql) ?? asLists(this.#db.prepare(sql));
    this.#by.set(sql, statement);
    return statement;
  }
}

function asLists(statement: StatementSync): StatementSync {
  statement.setReturnArrays(true);
  return statement;
}

const all = (statement: StatementSync, ...values: SQLInputValue[]): TokenRecord[] =>
  (statement.all(...values) as unknown as Cells[]).map(recordOf);

function recordOf([model, id, payload, expires, consumed, ...lookups]: Cells): TokenRecord {
  const [grantId, uid, userCode, accountId, clientId] = lookups;
  return {
    model,
    id,
    payload,
    ...(expires !== null && { expiresAt: expires }),
    ...(consumed !== null && { consumedAt: consumed }),
    ...(typeof grantId === 'string' && { grantId }),
    ...(typeof uid === 'string' && { uid }),
    ...(typeof userCode === 'string' && { userCode }),
    ...(typeof accountId === 'string' && { accountId }),
    ...(typeof clientId === 'string' && { clientId }),
  };
}
