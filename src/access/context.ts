/**
 * The access context of a request: who asks, and what they may see, as one Expression per interaction and type. Nothing else in the program
 * decides who sees what. Tokens, policies and consent will make narrower contexts here; today there is only the open one.
 */
import { ALL, type Expression } from '../fhir/search/expression.ts';
import { match } from '../fhir/search/match.ts';
import type { IndexValue } from '../fhir/search/index-value.ts';
import type { Scope } from '../fhir/search/plan.ts';

/** The letters of SMART's scopes: create, read, update, delete, search. */
export type Action = 'create' | 'read' | 'update' | 'delete' | 'search';

export interface AccessContext {
  /** what of a type may be met by an action; `NONE` when nothing */
  scope(action: Action, type: string): Expression;
}

/** `ACCESS=open`: everything, for local work and benchmarks. */
export const OPEN_ACCESS: AccessContext = { scope: () => ALL };

/** The scope of one action, as a search plan wants it. */
export function scopeOf(access: AccessContext, action: Action): Scope {
  return (type) => access.scope(action, type);
}

/** Whether a resource may be met by the action. `index` is only computed when the scope asks something of it. */
export function permits(
  access: AccessContext,
  action: Action,
  resource: { readonly type: string; readonly id: string; readonly instant: number },
  index: () => readonly IndexValue[],
): boolean {
  const scope = access.scope(action, resource.type);
  if (scope.op === 'all') return true;
  if (scope.op === 'none') return false;
  return match(scope, { id: resource.id, instant: resource.instant, index: index() });
}
