/**
 * Interned names: resource types, groups of parameters and key strings are small integers in the index tables. Ids never change and are never
 * removed, so what was found once may be remembered for ever; what was not found may appear at any time.
 *
 * A group is a list of parameters that have a key together (`subject`, `patient` and the pseudo parameters of one reference), as JSON text; a
 * parameter that stands alone is a group of one. A coded key stands for two keys that are only ever looked up apart: `system⇥code` and `*⇥code`
 * (docs/adr/0016-index-rows-in-groups.md).
 */
import type { DatabaseSync } from 'node:sqlite';
import { openGroups, type Groups } from './groups.ts';
import { recent } from './recent.ts';

/** Looks names up. `undefined` or an empty list: nothing was ever stored under that name. */
export interface Names extends Pick<Groups, 'param' | 'params'> {
  type(name: string): number | undefined;
  typeName(id: number): string;
  /** of a key or unit that stands for itself */
  term(text: string): number | undefined;
  /** of everything that stands for a key: itself, and coded keys, which are negative */
  keys(text: string): readonly number[];
  /** others may have written: groups that were not there before are looked for again */
  refresh(): void;
  /** forgets all: after a rollback, an id that was given may not be there any more */
  clear(): void;
}

/** Also makes what is not there yet. Only the writer has one, inside a transaction. */
export interface NameMaker extends Names {
  makeType(name: string): number;
  /** `group`: JSON text of the parameters */
  makeGroup(type: number, group: string): number;
  makeTerm(text: string): number;
  /** the negative number of a coded key */
  makeCoded(key: string): number;
}

interface IdRow {
  readonly id: number;
}

const TAB = '\t';
/** Begins the keys by which tokens are found without their system. */
const ANY_SYSTEM = `*${TAB}`;

export function openNames(db: DatabaseSync, remembered = 20_000): Names {
  const [types, typeNames] = [new Map<string, number>(), new Map<number, string>()];
  const [terms, coded] = [recent<string, number>(remembered), recent<string, number>(remembered)];
  const groups = openGroups(db);
  const findType = db.prepare('SELECT id FROM type WHERE name = ?');
  const findTypeName = db.prepare('SELECT name FROM type WHERE id = ?');
  const findTerm = db.prepare('SELECT id FROM term WHERE text = ?');
  const findCoded = db.prepare('SELECT id FROM coded WHERE code = ? AND system = ?');
  const findCode = db.prepare('SELECT id FROM coded WHERE code = ?');

  const type = (name: string): number | undefined => {
    const known = types.get(name);
    if (known !== undefined) return known;
    const row = findType.get(name) as IdRow | undefined;
    if (row) types.set(name, row.id);
    return row?.id;
  };
  const typeName = (id: number): string => {
    let name = typeNames.get(id);
    if (name === undefined) typeNames.set(id, (name = (findTypeName.get(id) as { name: string }).name));
    return name;
  };
  const term = (text: string): number | undefined => {
    const known = terms.get(text);
    if (known !== undefined) return known;
    const row = findTerm.get(text) as IdRow | undefined;
    if (row) terms.set(text, row.id);
    return row?.id;
  };
  const codedKey = (key: string, tab: number): number | undefined => {
    const known = coded.get(key);
    if (known !== undefined) return known;
    const system = term(key.slice(0, tab + 1));
    const row = system && (findCoded.get(key.slice(tab + 1), system) as IdRow | undefined);
    if (row) coded.set(key, -row.id);
    return row ? -row.id : undefined;
  };
  const keys = (text: string): readonly number[] => {
    const own = term(text);
    const found = own === undefined ? [] : [own];
    const tab = text.indexOf(TAB);
    if (text.startsWith(ANY_SYSTEM)) {
      const rows = findCode.all(text.slice(ANY_SYSTEM.length)) as unknown as IdRow[];
      found.push(...rows.map(({ id }) => -id));
    } else if (tab >= 0) {
      const number = codedKey(text, tab);
      if (number !== undefined) found.push(number);
    }
    return found;
  };
  const clear = (): void => {
    for (const map of [types, typeNames, terms, coded, groups]) map.clear();
  };
  const { param, params, refresh } = groups;
  return { type, typeName, param, params, term, keys, refresh, clear };
}

export function openNameMaker(db: DatabaseSync): NameMaker {
  const names = openNames(db, 50_000);
  const groups = openGroups(db);
  const insertType = db.prepare('INSERT INTO type(name) VALUES (?)');
  const insertTerm = db.prepare('INSERT INTO term(text) VALUES (?)');
  const insertCoded = db.prepare('INSERT INTO coded(code, system) VALUES (?, ?)');
  const findCoded = db.prepare('SELECT id FROM coded WHERE code = ? AND system = ?');
  const [fresh, freshCoded] = [recent<string, number>(50_000), recent<string, number>(50_000)];
  const makeTerm = (text: string): number => {
    const known = fresh.get(text) ?? names.term(text);
    if (known !== undefined) return known;
    const id = Number(insertTerm.run(text).lastInsertRowid);
    fresh.set(text, id);
    return id;
  };
  const makeCoded = (key: string): number => {
    const known = freshCoded.get(key);
    if (known !== undefined) return known;
    const [code, system] = [key.slice(key.indexOf(TAB) + 1), makeTerm(key.slice(0, key.indexOf(TAB) + 1))];
    const row = findCoded.get(code, system) as IdRow | undefined;
    const id = -(row?.id ?? Number(insertCoded.run(code, system).lastInsertRowid));
    freshCoded.set(key, id);
    return id;
  };
  return {
    ...names,
    makeType: (name) => names.type(name) ?? Number(insertType.run(name).lastInsertRowid),
    makeGroup: groups.make,
    makeTerm,
    makeCoded,
    param: groups.param,
    params: groups.params,
    refresh: groups.refresh,
    clear() {
      for (const map of [names, groups, fresh, freshCoded]) map.clear();
    },
  };
}
