/**
 * How much each key has asked for lately, in memory that all HTTP threads share: one meter for the process, whichever thread a request came to. The size is
 * fixed. Each key has one cell, the moment at which it will have used up nothing (GCRA); keys that find no cell take that of the key that has used
 * least, so under a flood of keys the meter forgets too much, never too little. https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */
import { randomBytes } from 'node:crypto';

/** So many units make a millisecond. Times are kept modulo 2^32 units, which is 12 hours. */
const UNITS = 100;
/** No rule lets a key be further ahead of its time than this: what seems so is left from hours ago. */
const MOST_AHEAD = 600_000 * UNITS;
const WAYS = 4;
const GROUPS = 16_384;
const SEEDS = 2;
const CELL = 2;

/** One key may ask `perMinute` times in the long run, and `burst` times at once. */
export interface Rule {
  readonly perMinute: number;
  readonly burst: number;
}

export interface Meter {
  /** 0: granted; else so many ms from now it would be. `now`: ms since 1970 */
  readonly take: (key: string, rule: Rule, now: number) => number;
}

/** Memory for one meter: half a megabyte. */
export function meterMemory(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer((SEEDS + GROUPS * WAYS * CELL) * Int32Array.BYTES_PER_ELEMENT);
  const seeds = randomBytes(SEEDS * 4);
  new Int32Array(memory).set([seeds.readInt32LE(0), seeds.readInt32LE(4)]);
  return memory;
}

/** The meter of a thread, on the memory that it shares with the others. */
export function meter(memory: SharedArrayBuffer): Meter {
  const cells = new Int32Array(memory);
  const [seedOfGroup, seedOfPrint] = [cells[0]!, cells[1]!];
  const place = remembered((key) => ({
    group: SEEDS + ((hash(key, seedOfGroup) >>> 0) % GROUPS) * WAYS * CELL,
    // 0 is an empty cell.
    print: hash(key, seedOfPrint) || 1,
  }));
  return {
    take: (key, rule, now) => {
      const { group, print } = place(key);
      const time = (now * UNITS) | 0;
      const cell = cellOf(cells, group, print, time);
      return waitAt(cells, cell + 1, rule, time) / UNITS;
    },
  };
}

/** The cell of a key, or one that it takes over. Of two threads that do so at once one may lose a request or two of its count. */
function cellOf(cells: Int32Array, group: number, print: number, time: number): number {
  let [least, leastAhead] = [group, Infinity];
  for (let cell = group; cell < group + WAYS * CELL; cell += CELL) {
    if (Atomics.load(cells, cell) === print) return cell;
    const ahead = aheadOf(Atomics.load(cells, cell + 1), time, MOST_AHEAD);
    if (ahead < leastAhead) [least, leastAhead] = [cell, ahead];
  }
  Atomics.store(cells, least, print);
  Atomics.store(cells, least + 1, time);
  return least;
}

/** How far a moment lies before us; 0 where it lies behind, or further than any could. */
function aheadOf(moment: number, time: number, most: number): number {
  const ahead = (moment - time) | 0;
  return ahead > 0 && ahead <= most ? ahead : 0;
}

function waitAt(cells: Int32Array, at: number, { perMinute, burst }: Rule, time: number): number {
  const step = Math.max(1, Math.round((60_000 * UNITS) / perMinute));
  const most = step * Math.max(1, burst);
  for (;;) {
    const moment = Atomics.load(cells, at);
    const ahead = aheadOf(moment, time, most);
    if (ahead + step > most) return ahead + step - most;
    const next = (time + ahead + step) | 0;
    if (Atomics.compareExchange(cells, at, moment, next) === moment) return 0;
  }
}

/** FNV-1a. https://datatracker.ietf.org/doc/html/draft-eastlake-fnv */
function hash(text: string, seed: number): number {
  let value = seed ^ 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value ^= value >>> 15;
  return Math.imul(value, 0x2c1b3c6d) | 0;
}

const MOST_REMEMBERED = 10_000;

function remembered<T>(make: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    let one = known.get(key);
    if (one === undefined) {
      if (known.size >= MOST_REMEMBERED) known.clear();
      known.set(key, (one = make(key)));
    }
    return one;
  };
}
