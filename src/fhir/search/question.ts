/**
 * What a search asks before its joins are answered: an Expression that may still hold chains and `_has`. No store ever sees one: each join is first
 * answered by an inner search, whose keys become a plain leaf (docs/adr/0015-joins.md). https://hl7.org/fhir/R4/search.html#chaining, #has
 */
import { fault } from '../model/outcome.ts';
import { and, not, or, type Expression } from './expression.ts';

/** A type of resource and what is asked of it. */
export interface Asked {
  readonly type: string;
  readonly where: Question;
}

export type Join =
  /** the reference `param` leads to a resource that answers a branch, or to a contained one: `inside` asks for that */
  | {
      readonly op: 'chain';
      readonly param: string;
      readonly branches: readonly Asked[];
      /** by canonical URL, not by type and id */
      readonly byUrl?: boolean;
      readonly inside?: Question;
    }
  /** a resource that answers the branch refers, by its parameter `param`, to this one, which is of type `of` */
  | {
      readonly op: 'has';
      readonly of: string;
      readonly param: string;
      readonly branch: Asked;
      readonly byUrl?: boolean;
    }
  /** the reference `param` leads to one of `keys` (`Type/id`), or to what is below or above it by the parameter `by` of its type */
  | {
      readonly op: 'tree';
      readonly param: string;
      readonly direction: 'below' | 'above';
      readonly of: string;
      readonly by: string;
      readonly keys: readonly string[];
    };

export type Question =
  | Expression
  | Join
  | { readonly op: 'and' | 'or'; readonly of: readonly Question[] }
  | { readonly op: 'not'; readonly of: Question };

// The three only look at `op` and `of`: to them a join is one more leaf.
export const every = (...parts: readonly Question[]): Question => and(...(parts as readonly Expression[]));
export const some = (...parts: readonly Question[]): Question => or(...(parts as readonly Expression[]));
export const no = (part: Question): Question => not(part as Expression);

export const isJoin = (question: Question): question is Join =>
  question.op === 'chain' || question.op === 'has' || question.op === 'tree';

export function hasJoins(question: Question): boolean {
  if (isJoin(question)) return true;
  if (question.op === 'and' || question.op === 'or') return question.of.some(hasJoins);
  return question.op === 'not' && hasJoins(question.of);
}

/** The question as it is, where nothing can be joined. Throws FhirError `not-supported` for a chain or `_has`. */
export function withoutJoins(question: Question): Expression {
  if (!hasJoins(question)) return question as Expression;
  throw fault('not-supported', 'A chained parameter or _has cannot be used here');
}
