/**
 * A search plan: what a store is asked. It can only be made together with a scope, the Expression of what the caller may see, so no path
 * can forget it. https://hl7.org/fhir/R4/search.html
 */
import { within, type Expression } from './expression.ts';
import type { IndexKind } from './index-value.ts';

/** What the caller may see of one resource type. `ALL` for everything, `NONE` for nothing. */
export type Scope = (type: string) => Expression;

export type SortKey =
  /** by order of creation (the default, newest first: no later write moves a resource, so pages stay stable) */
  | { readonly by: 'created'; readonly descending: boolean }
  | { readonly by: 'updated'; readonly descending: boolean }
  | { readonly by: 'id'; readonly descending: boolean }
  /**
   * by the smallest (ascending) or largest (descending) value of a parameter: `low` of a range, `text`, or `key`.
   * Only key values that begin with `prefix` count (tokens sort by the code alone). Resources without a value come last in both directions.
   */
  | {
      readonly by: 'param';
      readonly param: string;
      readonly kind: IndexKind;
      readonly prefix?: string;
      readonly descending: boolean;
    };

declare const scoped: unique symbol;

export interface SearchPlan {
  /** one branch a type; a resource matches when the branch of its type holds. The scope is already a part of `where`. */
  readonly branches: readonly { readonly type: string; readonly where: Expression }[];
  /** empty: newest created first. Ties are always broken by creation, newest first. */
  readonly sort: readonly SortKey[];
  /** page size; 0 asks for the total only */
  readonly count: number;
  /** position after which to go on, as a store gave it in `SearchPage.next` */
  readonly after?: string;
  /** the page that ends before `after`, or the last one where there is no `after`; its order is that of every page */
  readonly back?: boolean;
  /** only what was created up to this place in the order of creation: what a store gave as `SearchPage.until` */
  readonly until?: number;
  /** the position of each resource is wanted, too: `SearchPage.places` */
  readonly places?: boolean;
  /** `estimate`: exact where there are few, else from a part of them */
  readonly total: 'none' | 'estimate' | 'accurate';
  readonly [scoped]: true;
}

export interface SearchQuery {
  readonly branches: SearchPlan['branches'];
  readonly sort?: readonly SortKey[];
  readonly count: number;
  readonly after?: string;
  readonly back?: boolean;
  readonly until?: number;
  readonly places?: boolean;
  readonly total?: 'none' | 'estimate' | 'accurate';
}

/** The only way to make a plan: a query together with what the caller may see. */
export function searchPlan(query: SearchQuery, scope: Scope): SearchPlan {
  const branches = query.branches
    .map(({ type, where }) => ({ type, where: within(scope(type), where) }))
    .filter(({ where }) => where.op !== 'none');
  const plan = { total: 'none', sort: [], ...query, branches } as const;
  return plan as unknown as SearchPlan;
}
