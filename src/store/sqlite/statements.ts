/** Prepared statements of one connection: each text is parsed once and kept while it is in use. https://nodejs.org/api/sqlite.html */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { recent } from './recent.ts';

export type Cell = number | string | null;

/** A query with numbered places (`?1`) and their values. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly (number | string)[];
}

/** The shapes of searches are many but recur: this many stay prepared, at most twice as many. */
const REMEMBERED = 250;

export class Statements {
  readonly #db: DatabaseSync;
  readonly #prepared = recent<string, StatementSync>(REMEMBERED);

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Every row, as a list of its columns. */
  rows({ sql, values }: Statement): Cell[][] {
    return this.prepare(sql).all(...values) as unknown as Cell[][];
  }

  row({ sql, values }: Statement): Cell[] | undefined {
    return this.prepare(sql).get(...values) as unknown as Cell[] | undefined;
  }

  /** The only column of the only row of a count. */
  count(statement: Statement): number {
    return this.row(statement)![0] as number;
  }

  /** The statement of a text, which gives its rows as lists. */
  prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const statement = this.#db.prepare(sql);
    statement.setReturnArrays(true);
    this.#prepared.set(sql, statement);
    return statement;
  }
}
