/** Numbers for the strings that index rows repeat: types, parameters and terms. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { REFERENCE } from '../../fhir/search/index-value.ts';

/** Terms that are kept in memory. */
const MOST_TERMS = 200_000;

export interface Names {
  type(name: string): number | undefined;
  /** number of `Type.param` */
  param(type: string, param: string): number | undefined;
  term(text: string): number | undefined;
  typeName(id: number): string;
}

/** The name under which a parameter is numbered. References are looked up over all types at once, so theirs has no type. */
const paramName = (type: string, param: string): string => (param === REFERENCE ? REFERENCE : `${type}.${param}`);

/** For readers: what has no number yet is asked for again next time. */
export function readingNames(db: DatabaseSync): Names {
  const type = lookup(db, 'SELECT id FROM type WHERE name = ?', 1000);
  const param = lookup(db, 'SELECT id FROM param WHERE name = ?', 20_000);
  const term = lookup(db, 'SELECT id FROM term WHERE text = ?', 20_000);
  return { type, param: (own, name) => param(paramName(own, name)), term, typeName: typeNames(db) };
}

/** For the writer: what has no number gets one. `reset` forgets numbers that a rolled-back transaction gave. */
export function writingNames(db: DatabaseSync): Names & { readonly reset: () => void; makeParam(type: string, param: string): number; makeType(name: string): number; makeTerm(text: string): number } {
  const caches = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()] as const;
  const type = interner(db, 'type', 'name', caches[0], 10_000);
  const param = interner(db, 'param', 'name', caches[1], 100_000);
  const term = interner(db, 'term', 'text', caches[2], MOST_TERMS);
  const makeParam = (own: string, name: string): number => param.make(paramName(own, name));
  return {
    type: type.find,
    param: (own, name) => param.find(paramName(own, name)),
    term: term.find,
    typeName: typeNames(db),
    makeType: type.make,
    makeParam,
    makeTerm: term.make,
    reset: () => caches.forEach((cache) => cache.clear()),
  };
}

function lookup(db: DatabaseSync, sql: string, most: number): (text: string) => number | undefined {
  const statement = db.prepare(sql);
  const known = new Map<string, number>();
  return (text) => find(statement, known, most, text);
}

function find(statement: StatementSync, known: Map<string, number>, most: number, text: string): number | undefined {
  const cached = known.get(text);
  if (cached !== undefined) return cached;
  const row = statement.get(text) as { id: number } | undefined;
  if (row) keep(known, most, text, row.id);
  return row?.id;
}

function keep(known: Map<string, number>, most: number, text: string, id: number): void {
  if (known.size >= most) for (const old of known.keys()) {
    known.delete(old);
    if (known.size < most * 0.9) break;
  }
  known.set(text, id);
}

function interner(db: DatabaseSync, table: string, column: string, known: Map<string, number>, most: number) {
  const select = db.prepare(`SELECT id FROM ${table} WHERE ${column} = ?`);
  const insert = db.prepare(`INSERT INTO ${table} (${column}) VALUES (?)`);
  const look = (text: string): number | undefined => find(select, known, most, text);
  const make = (text: string): number => {
    const found = look(text);
    if (found !== undefined) return found;
    const id = Number(insert.run(text).lastInsertRowid);
    keep(known, most, text, id);
    return id;
  };
  return { find: look, make };
}

function typeNames(db: DatabaseSync): (id: number) => string {
  const statement = db.prepare('SELECT name FROM type WHERE id = ?');
  const known = new Map<number, string>();
  return (id) => {
    let name = known.get(id);
    if (name === undefined) known.set(id, (name = (statement.get(id) as { name: string }).name));
    return name;
  };
}
