/**
 * The groups of parameters of each resource type, and which of them hold a parameter. There are few of them, and they are made once, so a
 * connection keeps them all. (docs/adr/0016-index-rows-in-groups.md)
 */
import type { DatabaseSync } from 'node:sqlite';
import { COMPARTMENT, REFERENCE } from '../../fhir/search/index-value.ts';

export interface Groups {
  /** the group of a parameter alone */
  param: (type: number, name: string) => number | undefined;
  /** all groups that hold a parameter */
  params: (type: number, name: string) => readonly number[];
  make: (type: number, group: string) => number;
  refresh: () => void;
  clear: () => void;
}

interface OfType {
  readonly numbers: Map<string, number>;
  readonly holding: Map<string, number[]>;
  last: number;
  /** when it was looked up */
  age: number;
}

/** The text of a group. */
export const groupOf = (params: readonly string[]): string => JSON.stringify(params);

/** Tells whether a group holds a parameter. */
export function holder(param: string): (group: string) => boolean {
  const known = new Map<string, boolean>();
  return (group) => {
    let holds = known.get(group);
    if (holds === undefined) known.set(group, (holds = (JSON.parse(group) as string[]).includes(param)));
    return holds;
  };
}

/** Whether the keys of a group are references. */
export const refers = holder(REFERENCE);
/** Whether the keys of a group are compartments. */
export const encloses = holder(COMPARTMENT);

export function openGroups(db: DatabaseSync): Groups {
  const types = new Map<number, OfType>();
  const newer = db.prepare('SELECT id, name FROM param WHERE type = ? AND id > ? ORDER BY id');
  newer.setReturnArrays(true);
  const insert = db.prepare('INSERT INTO param(type, name, refers) VALUES (?, ?, ?)');
  let age = 0;

  const learn = (of: OfType, id: number, group: string): void => {
    of.numbers.set(group, id);
    of.last = id;
    for (const param of JSON.parse(group) as string[]) {
      const known = of.holding.get(param);
      if (known) known.push(id);
      else of.holding.set(param, [id]);
    }
  };
  const groupsOf = (type: number): OfType => {
    let of = types.get(type);
    if (!of) types.set(type, (of = { numbers: new Map(), holding: new Map(), last: 0, age: -1 }));
    if (of.age !== age) {
      of.age = age;
      for (const [id, group] of newer.all(type, of.last) as unknown as [number, string][])
        learn(of, id, group);
    }
    return of;
  };
  return {
    param: (type, name) => groupsOf(type).numbers.get(groupOf([name])),
    params: (type, name) => groupsOf(type).holding.get(name) ?? [],
    make: (type, group) => {
      const of = groupsOf(type);
      const known = of.numbers.get(group);
      if (known !== undefined) return known;
      const id = Number(insert.run(type, group, refers(group) ? 1 : 0).lastInsertRowid);
      learn(of, id, group);
      return id;
    },
    refresh: () => void age++,
    clear: () => types.clear(),
  };
}
