/**
 * The one tree that says which resources are meant. All FHIR meaning (prefixes, precision, modifiers, units) has become plain predicates on
 * index values before it is built; it has three readers that must agree: match (in memory), the SQLite compiler and the MongoDB compiler.
 * A leaf holds if at least one index value of the resource satisfies it. Everything is frozen data that can be posted to a thread.
 */

/** A bound on one end of a range value, e.g. `{ end: 'low', is: '>=', value: 0 }`. */
export interface Bound {
  readonly end: 'low' | 'high';
  readonly is: '<' | '<=' | '>' | '>=';
  readonly value: number;
}

export type Expression =
  | { readonly op: 'all' }
  | { readonly op: 'none' }
  | { readonly op: 'and'; readonly of: readonly Expression[] }
  | { readonly op: 'or'; readonly of: readonly Expression[] }
  | { readonly op: 'not'; readonly of: Expression }
  /** logical id is one of these */
  | { readonly op: 'id'; readonly ids: readonly string[] }
  /** meta.lastUpdated in ms; both ends of a Bound mean the instant itself */
  | { readonly op: 'updated'; readonly bounds: readonly Bound[] }
  | { readonly op: 'key'; readonly param: string; readonly keys: readonly string[] }
  /** one and the same range value of that key satisfies all bounds */
  | { readonly op: 'range'; readonly param: string; readonly key: string; readonly bounds: readonly Bound[] }
  /** `starts`, `ends`, `equals` and `contains` look at the folded text, `exact` at the text as written */
  | {
      readonly op: 'text';
      readonly param: string;
      readonly test: 'starts' | 'ends' | 'equals' | 'contains' | 'exact';
      readonly value: string;
    }
  /** the resource has any index value of that parameter (`:missing=false`) */
  | { readonly op: 'present'; readonly param: string; readonly kind: 'key' | 'range' | 'text' };

export const ALL: Expression = Object.freeze({ op: 'all' });
export const NONE: Expression = Object.freeze({ op: 'none' });

/** Conjunction, flattened; `all` vanishes, `none` wins. */
export function and(...parts: readonly Expression[]): Expression {
  const flat = parts
    .flatMap((part) => (part.op === 'and' ? part.of : [part]))
    .filter((part) => part.op !== 'all');
  if (flat.some((part) => part.op === 'none')) return NONE;
  return flat.length === 0 ? ALL : flat.length === 1 ? flat[0]! : { op: 'and', of: flat };
}

/** Disjunction, flattened; `none` vanishes, `all` wins. */
export function or(...parts: readonly Expression[]): Expression {
  const flat = parts
    .flatMap((part) => (part.op === 'or' ? part.of : [part]))
    .filter((part) => part.op !== 'none');
  if (flat.some((part) => part.op === 'all')) return ALL;
  return flat.length === 0 ? NONE : flat.length === 1 ? flat[0]! : { op: 'or', of: flat };
}

export function not(part: Expression): Expression {
  if (part.op === 'all') return NONE;
  if (part.op === 'none') return ALL;
  return part.op === 'not' ? part.of : { op: 'not', of: part };
}

/** The conjunction of what is asked and what may be seen; of the latter, what is asked anyway is left out: `patient=A` within the record of A. */
export function within(scope: Expression, asked: Expression): Expression {
  const said = asked.op === 'and' ? asked.of : [asked];
  const bounds = scope.op === 'and' ? scope.of : [scope];
  return and(...bounds.filter((bound) => !said.some((part) => implies(part, bound))), asked);
}

/** Whether what satisfies the one satisfies the other, as far as it can be told by looking at them. */
function implies(part: Expression, bound: Expression): boolean {
  if (bound.op === 'or') return bound.of.some((other) => implies(part, other));
  if (part.op === 'key' && bound.op === 'key')
    return part.param === bound.param && part.keys.every((key) => bound.keys.includes(key));
  return part.op === 'id' && bound.op === 'id' && part.ids.every((id) => bound.ids.includes(id));
}

/**
 * What certainly satisfies an expression even if some index values were overlooked: without its negations. Whatever satisfies the result satisfies the
 * expression.
 */
export function withoutNegations(expression: Expression): Expression {
  switch (expression.op) {
    case 'not':
      return NONE;
    case 'and':
      return and(...expression.of.map(withoutNegations));
    case 'or':
      return or(...expression.of.map(withoutNegations));
    default:
      return expression;
  }
}
