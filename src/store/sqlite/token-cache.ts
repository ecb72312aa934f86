/**
 * Tokens that a thread has read already, good until anything is written: finding one again costs no statement. The writer counts its changes of
 * tokens in memory that all threads share, before it answers; what another process writes is noticed a moment later by SQLite's own count.
 * https://developer.mozilla.org/en-US/docs/Web/JavaScript/Reference/Global_Objects/Atomics, https://www.sqlite.org/pragma.html#pragma_data_version
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { TokenRecord } from '../ports.ts';
import { recent } from './recent.ts';

/** How long a change by another process (a command beside the server) may go unnoticed, in ms. */
const OTHERS_MS = 20;
/** Records that are remembered, at most twice as many. */
const REMEMBERED = 4000;

interface Entry {
  readonly record: TokenRecord | undefined;
  /** changes of tokens up to which it is known to hold */
  epoch: number;
  /** changes of others */
  generation: number;
}

export class TokenCache {
  readonly #changes: Int32Array;
  readonly #dataVersion: StatementSync;
  readonly #models = new Map<string, ReturnType<typeof recent<string, Entry>>>();
  #seenVersion = -1;
  #generation = 0;
  #looked = -Infinity;

  /** `changes`: what the writer counts in. */
  constructor(db: DatabaseSync, changes: SharedArrayBuffer) {
    this.#changes = new Int32Array(changes);
    this.#dataVersion = db.prepare('PRAGMA data_version');
    this.#dataVersion.setReturnArrays(true);
  }

  /**
   * The record, expired or not, as it is now. The same object as before where nothing has changed in it, so that whoever derives something from a
   * record can keep that by it.
   */
  find(model: string, id: string, read: () => TokenRecord | undefined): TokenRecord | undefined {
    // Counts first and record afterwards: a change in between makes the entry look older than it is, never younger.
    const epoch = Atomics.load(this.#changes, 0);
    const generation = this.#others();
    const known = this.#entries(model).get(id);
    if (known?.epoch === epoch && known.generation === generation) return known.record;
    const found = read();
    const record = known && isSame(known.record, found) ? known.record : found;
    this.#entries(model).set(id, { record, epoch, generation });
    return record;
  }

  #entries(model: string): ReturnType<typeof recent<string, Entry>> {
    let entries = this.#models.get(model);
    if (!entries) this.#models.set(model, (entries = recent<string, Entry>(REMEMBERED)));
    return entries;
  }

  /** Grows when somebody else has written anything. */
  #others(): number {
    const now = performance.now();
    if (now - this.#looked < OTHERS_MS) return this.#generation;
    this.#looked = now;
    const [version] = this.#dataVersion.get() as unknown as [number];
    if (version !== this.#seenVersion) this.#generation++;
    this.#seenVersion = version;
    return this.#generation;
  }
}

function isSame(one: TokenRecord | undefined, other: TokenRecord | undefined): boolean {
  if (!one || !other) return one === other;
  return (
    one.payload === other.payload &&
    one.expiresAt === other.expiresAt &&
    one.consumedAt === other.consumedAt &&
    one.grantId === other.grantId &&
    one.uid === other.uid &&
    one.userCode === other.userCode &&
    one.accountId === other.accountId &&
    one.clientId === other.clientId
  );
}
