/**
 * Interned names: resource types, parameters and key strings are small integers in the index tables. Ids never change and are never removed,
 * so what was found once may be remembered for ever; what was not found may appear at any time.
 */
import type { DatabaseSync } from 'node:sqlite';

/** Looks names up. `undefined`: nothing was ever stored under that name. */
export interface Names {
  type(name: string): number | undefined;
  typeName(id: number): string;
  param(type: number, name: string): number | undefined;
  term(text: string): number | undefined;
  /** forgets all: after a rollback, an id that was given may not be there any more */
  clear(): void;
}

/** Also makes what is not there yet. Only the writer has one, inside a transaction. */
export interface NameMaker extends Names {
  makeType(name: string): number;
  makeParam(type: number, name: string): number;
  makeTerm(text: string): number;
}

/** A map that remembers at least the last `size` used entries, at most twice as many. */
export function recent<K, V>(
  size: number,
): { get(key: K): V | undefined; set(key: K, value: V): void; clear(): void } {
  let young = new Map<K, V>();
  let old = new Map<K, V>();
  const set = (key: K, value: V): void => {
    if (young.size >= size) [old, young] = [young, new Map<K, V>()];
    young.set(key, value);
  };
  const get = (key: K): V | undefined => {
    const value = young.get(key);
    if (value !== undefined) return value;
    const earlier = old.get(key);
    if (earlier !== undefined) set(key, earlier);
    return earlier;
  };
  const clear = (): void => {
    young.clear();
    old.clear();
  };
  return { get, set, clear };
}

interface IdRow {
  readonly id: number;
}

export function openNames(db: DatabaseSync, remembered = 20_000): Names {
  const [types, typeNames] = [new Map<string, number>(), new Map<number, string>()];
  const params = new Map<number, Map<string, number>>();
  const terms = recent<string, number>(remembered);
  const findType = db.prepare('SELECT id FROM type WHERE name = ?');
  const findTypeName = db.prepare('SELECT name FROM type WHERE id = ?');
  const findParam = db.prepare('SELECT id FROM param WHERE type = ? AND name = ?');
  const findTerm = db.prepare('SELECT id FROM term WHERE text = ?');

  const paramsOf = (type: number): Map<string, number> => {
    let found = params.get(type);
    if (!found) params.set(type, (found = new Map<string, number>()));
    return found;
  };
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
  const param = (ofType: number, name: string): number | undefined => {
    const known = paramsOf(ofType).get(name);
    if (known !== undefined) return known;
    const row = findParam.get(ofType, name) as IdRow | undefined;
    if (row) paramsOf(ofType).set(name, row.id);
    return row?.id;
  };
  const term = (text: string): number | undefined => {
    const known = terms.get(text);
    if (known !== undefined) return known;
    const row = findTerm.get(text) as IdRow | undefined;
    if (row) terms.set(text, row.id);
    return row?.id;
  };
  const clear = (): void => {
    for (const map of [types, typeNames, params, terms]) map.clear();
  };
  return { type, typeName, param, term, clear };
}

export function openNameMaker(db: DatabaseSync): NameMaker {
  const names = openNames(db, 50_000);
  const insertType = db.prepare('INSERT INTO type(name) VALUES (?)');
  const insertParam = db.prepare('INSERT INTO param(type, name) VALUES (?, ?)');
  const insertTerm = db.prepare('INSERT INTO term(text) VALUES (?)');
  const fresh = recent<string, number>(50_000);
  return {
    ...names,
    makeType: (name) => names.type(name) ?? Number(insertType.run(name).lastInsertRowid),
    makeParam: (type, name) => names.param(type, name) ?? Number(insertParam.run(type, name).lastInsertRowid),
    makeTerm(text) {
      const known = fresh.get(text) ?? names.term(text);
      if (known !== undefined) return known;
      const id = Number(insertTerm.run(text).lastInsertRowid);
      fresh.set(text, id);
      return id;
    },
    clear() {
      names.clear();
      fresh.clear();
    },
  };
}
