/**
 * The access context of a request: who asks, and what they may see, as one Expression per interaction and type. Nothing else in the program
 * decides who sees what. Tokens, policies and consent will make narrower contexts here; today there is only the open one.
 */
import { ALL, NONE, type Expression } from '../fhir/search/expression.ts';
import { match } from '../fhir/search/match.ts';
import type { IndexValue } from '../fhir/search/index-value.ts';
import type { Scope } from '../fhir/search/plan.ts';

/** The letters of SMART's scopes: create, read, update, delete, search. */
export type Action = 'create' | 'read' | 'update' | 'delete' | 'search';

export interface AccessContext {
  /**
   * What of a type may be met by an action; `NONE` when nothing. At once where it follows from the token, later where the record has to be asked
   * (which Practitioner a patient's record refers to).
   */
  scope(action: Action, type: string): Expression | Promise<Expression>;
}

/** `ACCESS=open`: everything, for local work and benchmarks. */
export const OPEN_ACCESS: AccessContext = { scope: () => ALL };

const EVERYTHING: Scope = () => ALL;

/** The scope of one action on these types, as a search plan wants it. Of any other type it gives nothing. */
export async function scopesOf(
  access: AccessContext,
  action: Action,
  types: readonly string[],
): Promise<Scope> {
  if (access === OPEN_ACCESS) return EVERYTHING;
  const distinct = [...new Set(types)];
  const scopes = await Promise.all(distinct.map(async (type) => access.scope(action, type)));
  const known = new Map(distinct.map((type, i) => [type, scopes[i]!]));
  return (type) => known.get(type) ?? NONE;
}

/** Whether a resource lies within a scope. `index` is only computed when the scope asks something of it. */
export function permits(
  scope: Scope,
  resource: { readonly type: string; readonly id: string; readonly instant: number },
  index: () => readonly IndexValue[],
): boolean {
  const where = scope(resource.type);
  if (where.op === 'all') return true;
  if (where.op === 'none') return false;
  return match(where, { id: resource.id, instant: resource.instant, index: index() });
}
