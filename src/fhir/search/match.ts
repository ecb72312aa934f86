/** The in-memory reader of an Expression: the meaning that both stores must agree with. */
import type { Bound, Expression } from './expression.ts';
import type { IndexValue } from './index-value.ts';

/** A resource as an Expression sees it. */
export interface Subject {
  readonly id: string;
  /** meta.lastUpdated in ms */
  readonly instant: number;
  readonly index: readonly IndexValue[];
}

export function match(expression: Expression, subject: Subject): boolean {
  switch (expression.op) {
    case 'all':
      return true;
    case 'none':
      return false;
    case 'and':
      return expression.of.every((part) => match(part, subject));
    case 'or':
      return expression.of.some((part) => match(part, subject));
    case 'not':
      return !match(expression.of, subject);
    case 'id':
      return expression.ids.includes(subject.id);
    case 'updated':
      return expression.bounds.every((bound) => within(bound, subject.instant));
    default:
      return subject.index.some((value) => value.param === expression.param && satisfies(expression, value));
  }
}

type Leaf = Extract<Expression, { param: string }>;

function satisfies(leaf: Leaf, value: IndexValue): boolean {
  switch (leaf.op) {
    case 'present':
      return value.kind === leaf.kind;
    case 'key':
      return value.kind === 'key' && leaf.keys.includes(value.key);
    case 'range':
      return (
        value.kind === 'range' &&
        value.key === leaf.key &&
        leaf.bounds.every((bound) => within(bound, value[bound.end]))
      );
    case 'text':
      return value.kind === 'text' && textSatisfies(leaf, value.text, value.exact);
  }
}

function textSatisfies({ test, value }: Extract<Leaf, { op: 'text' }>, text: string, exact: string): boolean {
  switch (test) {
    case 'starts':
      return text.startsWith(value);
    case 'ends':
      return text.endsWith(value);
    case 'equals':
      return text === value;
    case 'contains':
      return text.includes(value);
    case 'exact':
      return exact === value;
  }
}

function within({ is, value }: Bound, at: number): boolean {
  switch (is) {
    case '<':
      return at < value;
    case '<=':
      return at <= value;
    case '>':
      return at > value;
    case '>=':
      return at >= value;
  }
}
