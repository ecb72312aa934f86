/** Gathers the index values of a resource, each once. */
import type { IndexValue } from './index-value.ts';

export type Add = (value: IndexValue) => void;

export interface Gatherer {
  readonly values: IndexValue[];
  readonly add: Add;
  /** begins a new parameter: only values of one parameter can repeat each other */
  begin(): void;
  /** whether there is a value of a parameter since `begin` */
  has(param: string): boolean;
}

/** From so many values of one parameter on, repetition is looked up instead of searched for. */
const MANY = 12;

export function gatherer(): Gatherer {
  const values: IndexValue[] = [];
  let start = 0;
  let seen: Set<string> | undefined;
  return {
    values,
    add: (value) => {
      if (values.length - start < MANY) {
        for (let i = start; i < values.length; i++) if (isSame(values[i]!, value)) return;
      } else {
        seen ??= new Set(values.slice(start).map(identity));
        const own = identity(value);
        if (seen.has(own)) return;
        seen.add(own);
      }
      values.push(value);
    },
    begin: () => {
      start = values.length;
      seen = undefined;
    },
    has: (param) => {
      for (let i = start; i < values.length; i++) if (values[i]!.param === param) return true;
      return false;
    },
  };
}

function isSame(a: IndexValue, b: IndexValue): boolean {
  if (a.kind !== b.kind || a.param !== b.param) return false;
  if (a.kind === 'key') return a.key === (b as typeof a).key;
  if (a.kind === 'text') return a.exact === (b as typeof a).exact && a.text === (b as typeof a).text;
  return a.low === (b as typeof a).low && a.high === (b as typeof a).high && a.key === (b as typeof a).key;
}

function identity(value: IndexValue): string {
  if (value.kind === 'key') return `k${value.param}\n${value.key}`;
  if (value.kind === 'text') return `t${value.param}\n${value.exact}\n${value.text}`;
  return `r${value.param}\n${value.key}\n${value.low}\n${value.high}`;
}
