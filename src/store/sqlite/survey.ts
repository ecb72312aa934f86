/**
 * What the choice of a way may ask of the database: how many rows a stretch of an index has, and where they stand. Answers are believed for a while: they only
 * choose the way, never the answer. https://www.sqlite.org/queryplanner-ng.html
 */
import {
  EVERYWHERE,
  isOrdered,
  pieces,
  spellStretch,
  spellWindow,
  type Stretch,
  type Survey,
  type Window,
} from './arms.ts';
import { atMost, Binding, type KeyTest } from './predicate.ts';
import { recent } from './recent.ts';
import { ANY_KEY } from './signature.ts';
import type { Statements } from './statements.ts';

/** How long a count is believed, in ms: "there are many" for long, a number for a moment. */
const MANY_MS = 30_000;
const COUNT_MS = 2000;

const NOWHERE: Window = { above: 0, below: 0 };

/** The window that holds two others. */
function hull(a: Window, b: Window): Window {
  if (a === NOWHERE) return b;
  return b === NOWHERE ? a : { above: Math.min(a.above, b.above), below: Math.max(a.below, b.below) };
}

export class Surveyor implements Survey {
  readonly #statements: Statements;
  readonly #counts = recent<string, { rows: number; cap: number; until: number }>(2000);
  /** by group: what one row is, all are */
  readonly #signed = recent<number, boolean>(2000);
  readonly #extents = recent<string, Window>(2000);

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** Extents hold as long as nobody writes. */
  forget(): void {
    this.#extents.clear();
  }

  rows(stretch: Stretch, cap: number, within: Window): number {
    const window = within !== EVERYWHERE && isOrdered(stretch) ? within : undefined;
    const name = nameOf(stretch, window);
    const known = this.#counts.get(name);
    if (known && known.until > Date.now() && (known.rows < known.cap || known.cap >= cap))
      return Math.min(known.rows, cap);
    const bind = new Binding();
    const from = spellStretch(stretch, bind) + (window ? ` AND ${spellWindow(window, bind)}` : '');
    const sql = `SELECT count(*) FROM (SELECT 1 ${from} ${atMost(cap, bind)})`;
    const rows = this.#statements.count({ sql, values: bind.values });
    this.#counts.set(name, { rows, cap, until: Date.now() + (rows >= cap ? MANY_MS : COUNT_MS) });
    return rows;
  }

  isSigned({ params, keys }: KeyTest): boolean {
    return params.every((param) => {
      const known = this.#signed.get(param);
      if (known !== undefined) return known;
      const sql = 'SELECT signature FROM key_index WHERE param = ?1 AND key = ?2 LIMIT 1';
      const row = this.#statements.row({ sql, values: [param, keys[0]!] });
      if (!row) return true;
      const isSigned = row[0] !== ANY_KEY;
      this.#signed.set(param, isSigned);
      return isSigned;
    });
  }

  extent(stretch: Stretch): Window {
    return pieces(stretch)
      .map((piece) => this.#extentOf(piece))
      .reduce(hull, NOWHERE);
  }

  /** Where the rows of one piece of an index begin and end. */
  #extentOf(stretch: Stretch): Window {
    const name = nameOf(stretch);
    const known = this.#extents.get(name);
    if (known) return known;
    const bind = new Binding();
    const end = (order: string): string =>
      `SELECT d.rid ${spellStretch(stretch, bind)} ORDER BY d.rid ${order} LIMIT 1`;
    const sql = `SELECT (${end('ASC')}), (${end('DESC')})`;
    const [first, last] = this.#statements.row({ sql, values: bind.values }) as [
      number | null,
      number | null,
    ];
    const extent = first === null || last === null ? NOWHERE : { above: first - 1, below: last + 1 };
    this.#extents.set(name, extent);
    return extent;
  }
}

/** What a stretch and a window are remembered by. */
function nameOf(stretch: Stretch, window?: Window): string {
  const at = window ? `${window.above} ${window.below} ` : '';
  return stretch.op === 'key'
    ? `${at}${stretch.params.join()} ${stretch.keys.join()}`
    : at + JSON.stringify(stretch);
}
