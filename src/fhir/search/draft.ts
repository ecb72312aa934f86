/** What the parsing of one search takes in, gathers and gives. https://hl7.org/fhir/R4/search.html */
import type { Definitions } from '../definitions/registry.ts';
import { FhirError, type Issue } from '../model/outcome.ts';
import type { Elements } from './elements.ts';
import type { Expression } from './expression.ts';
import type { SortKey } from './plan.ts';

export interface SearchInput {
  /** types to be searched; empty: all, or those of `_type` */
  readonly types: readonly string[];
  readonly parameters: readonly (readonly [name: string, value: string])[];
  /** lenient: parameters that are unknown or not supported are ignored, each with a warning */
  readonly handling: 'strict' | 'lenient';
  readonly baseUrl: string;
  readonly compartment?: { readonly type: string; readonly id: string };
  /** the instant (ms) that `ap` of dates measures from */
  readonly now?: number;
}

export interface ParsedSearch {
  /** empty when there are errors */
  readonly branches: readonly { readonly type: string; readonly where: Expression }[];
  readonly sort: readonly SortKey[];
  readonly count?: number;
  readonly total?: 'none' | 'estimate' | 'accurate';
  readonly summary?: string;
  readonly elements?: Elements;
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
  readonly conditions: ((type: string) => Expression)[];
  readonly sort: SortKey[];
  count?: number;
  total?: ParsedSearch['total'];
  summary?: string;
  elements?: Elements;
  readonly used: (readonly [string, string])[];
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
