/** What the parsing of one search takes in, gathers and gives. https://hl7.org/fhir/R4/search.html */
import type { Definitions } from '../definitions/registry.ts';
import { FhirError, type Issue } from '../model/outcome.ts';
import type { Elements } from './elements.ts';
import type { SortKey } from './plan.ts';
import type { Asked, Question } from './question.ts';

export interface SearchInput {
  /** types to be searched; empty: all, or those of `_type` */
  readonly types: readonly string[];
  readonly parameters: readonly (readonly [name: string, value: string])[];
  /** lenient: parameters that are unknown or not supported are ignored, each with a warning */
  readonly handling: 'strict' | 'lenient';
  readonly baseUrl: string;
  readonly compartment?: { readonly type: string; readonly id: string };
  /** codes of parameters that are known but not indexed by yet */
  readonly pending?: readonly string[];
  /** the instant (ms) that `ap` of dates measures from */
  readonly now?: number;
}

/** One `_include` or `_revinclude`. */
export interface Include {
  readonly reverse: boolean;
  /** the type whose parameter it is; undefined: every type */
  readonly source: string | undefined;
  /** a reference parameter; undefined: all of them */
  readonly param: string | undefined;
  /** only references to this type */
  readonly target: string | undefined;
  /** also from what was included */
  readonly iterate: boolean;
}

/** `_contained` and `_containedType`. */
export interface ContainedSearch {
  readonly which: 'true' | 'both';
  readonly returns: 'container' | 'contained';
  /** the types of contained resources that are searched, and what is asked of them */
  readonly asked: readonly Asked[];
}

export interface ParsedSearch {
  /** empty when there are errors; what joins they hold must be answered before a store is asked (`answerJoins`) */
  readonly branches: readonly Asked[];
  /** what comes along with the matches */
  readonly includes: readonly Include[];
  readonly sort: readonly SortKey[];
  readonly count?: number;
  readonly total?: 'none' | 'estimate' | 'accurate';
  readonly summary?: string;
  readonly elements?: Elements;
  /** stems by which entries are scored; undefined: no scores are wanted */
  readonly scored?: ReadonlySet<string>;
  /** resources within others are searched */
  readonly contained?: ContainedSearch;
  /** what was understood, for the self link */
  readonly used: readonly (readonly [name: string, value: string])[];
  /** errors make the search impossible; warnings say what was ignored */
  readonly issues: readonly Issue[];
}

/** What the parsing of one query gathers. */
export interface Draft {
  readonly input: SearchInput;
  readonly definitions: Definitions;
  types: readonly string[];
  /** conditions that must all hold, by type */
  readonly conditions: ((type: string) => Question)[];
  readonly includes: Include[];
  readonly sort: SortKey[];
  count?: number;
  total?: ParsedSearch['total'];
  summary?: string;
  elements?: Elements;
  score?: boolean;
  contained?: 'false' | 'true' | 'both';
  containedType?: 'container' | 'contained';
  used: (readonly [string, string])[];
  readonly issues: Issue[];
}

/** Runs a step and keeps what it refuses, so that all faults of a query are told together. */
export function collect<T>(draft: Draft, step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    draft.issues.push(...error.issues);
    return undefined;
  }
}
