/**
 * Reads under a condition: the index tells whether a current version meets it, so that its text is not read where it does not. What waits to be indexed
 * is judged by the values that wait. https://www.sqlite.org/pragma.html#pragma_data_version
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { withoutNegations, type Expression } from '../../fhir/search/expression.ts';
import type { IndexValue } from '../../fhir/search/index-value.ts';
import { match } from '../../fhir/search/match.ts';
import type { ResourceKey, StoredResource } from '../ports.ts';
import { parseRows } from './backlog.ts';
import type { Names } from './names.ts';
import { unpackIndex } from './pack-index.ts';
import { resolve, spell } from './predicate.ts';
import type { Condition, Rows } from './rows.ts';

type Conditions = WeakMap<Expression, Map<number, Condition>>;

export class Within {
  readonly #names: Names;
  readonly #rows: Rows;
  readonly #dataVersion: StatementSync;
  /** by the condition itself and the type: callers ask under the same one again and again */
  #whole: Conditions = new WeakMap();
  #sure: Conditions = new WeakMap();
  #seenVersion = -1;

  constructor(db: DatabaseSync, names: Names, rows: Rows) {
    this.#names = names;
    this.#rows = rows;
    this.#dataVersion = db.prepare('PRAGMA data_version');
    this.#dataVersion.setReturnArrays(true);
  }

  /**
   * The current version where that can be told with the names at hand, in one statement and outside of a transaction. Names that are missing can only
   * make a condition without negations fail, never hold; so undefined says nothing yet.
   */
  surely({ type, id }: ResourceKey, where: Expression): StoredResource | undefined {
    const number = this.#names.type(type);
    if (number === undefined || where.op === 'all') return undefined;
    const condition = this.#conditionOf(this.#sure, number, where, () =>
      this.#rows.sureCondition(number, (bind) =>
        spell(resolve(this.#names, number, withoutNegations(where)), bind),
      ),
    );
    return this.#rows.currentWhere(condition, id)?.stored;
  }

  /** The current version where the condition holds; a tombstone always. Must be run within one transaction, so that names and rows fit together. */
  current(key: ResourceKey, where: Expression): StoredResource | undefined {
    if (where.op === 'all') return this.#rows.current(key);
    const type = where.op === 'none' ? undefined : this.#names.type(key.type);
    if (type === undefined) return undefined;
    this.#forgetOld();
    const condition = this.#conditionOf(this.#whole, type, where, () =>
      this.#rows.condition(type, (bind) => spell(resolve(this.#names, type, where), bind)),
    );
    const found = this.#rows.currentWhere(condition, key.id);
    if (!found?.stored.body || found.waiting === undefined) return found?.stored;
    const { id, instant } = found.stored;
    return match(where, { id, instant, index: valuesOf(found.waiting) }) ? found.stored : undefined;
  }

  #conditionOf(all: Conditions, type: number, where: Expression, make: () => Condition): Condition {
    let ofTypes = all.get(where);
    if (!ofTypes) all.set(where, (ofTypes = new Map<number, Condition>()));
    let known = ofTypes.get(type);
    if (!known) ofTypes.set(type, (known = make()));
    return known;
  }

  /** What was not there may be there by now. */
  #forgetOld(): void {
    const [version] = this.#dataVersion.get() as unknown as [number];
    if (version === this.#seenVersion) return;
    this.#seenVersion = version;
    this.#names.refresh();
    [this.#whole, this.#sure] = [new WeakMap(), new WeakMap()];
  }
}

function valuesOf(rows: string): IndexValue[] {
  const [keys, coded, ranges, texts] = parseRows(rows) ?? [[], [], [], []];
  return unpackIndex({ keys, coded, ranges, texts });
}
