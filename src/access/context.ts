/**
 * The access context of a request: who asks, and what they may see, as one Expression per interaction and type. Nothing else in the program
 * decides who sees what (docs/adr/0026-who-sees-what.md).
 */
import { ALL, NONE, type Expression } from '../fhir/search/expression.ts';
import { match } from '../fhir/search/match.ts';
import { fault, type FhirError } from '../fhir/model/outcome.ts';
import type { IndexValue } from '../fhir/search/index-value.ts';
import type { Scope } from '../fhir/search/plan.ts';
import type { Action } from './action.ts';
import { NOBODY, type TrailGrant, type Who } from './audit/note.ts';
import type { Limits } from './policy/limits.ts';
import type { View } from './policy/view.ts';

export type { Action } from './action.ts';

export interface AccessContext {
  /** differs between any two callers: client, user and launch context. What is made for a caller, such as a cursor, is bound to it */
  readonly caller: string;
  /** who asks, for the audit trail; the same object for every request of a token, as long as nothing changes */
  readonly who: Who;
  /** why the request is made, as it says itself: a code of `PURPOSES` (policy/rule.ts) */
  readonly purpose?: string;
  /** what is hidden from the caller inside of what it may see; absent mostly, so that reads stay unparsed */
  readonly view?: View;
  /** what the caller must keep to in what it writes; absent mostly */
  readonly limits?: Limits;
  /**
   * What of a type may be met by an action; `NONE` when nothing. At once where it follows from the token, later where the record has to be asked
   * (which Practitioner a patient's record refers to).
   */
  scope(action: Action, type: string): Expression | Promise<Expression>;
  /** What of a type the caller may refer to in what it writes: all that its record holds and reaches, whatever the letters of its scopes. */
  mention(type: string): Expression | Promise<Expression>;
  /** What of the audit trail the caller may read; undefined: nothing. */
  trail?(action: 'read' | 'search'): TrailGrant | undefined;
  /**
   * The 403 for an action that nothing was granted for, whatever the resource; undefined where something was. `type` undefined: on any type. It follows
   * from the token alone, so it tells nothing of the record.
   */
  refusal(action: Action, type: string | undefined): FhirError | undefined;
}

/** `ACCESS=open`: everything, for local work and benchmarks; and what the server does by itself, such as loading the demo. */
export const OPEN_ACCESS: AccessContext = {
  caller: '',
  who: { kind: 'open' },
  trail: () => 'all',
  scope: () => ALL,
  mention: () => ALL,
  refusal: () => undefined,
};

/** Nothing at all: for what is open to everyone and looks at no resource. */
export const NO_ACCESS: AccessContext = {
  caller: '',
  who: NOBODY,
  scope: () => NONE,
  mention: () => NONE,
  refusal: () => fault('forbidden', 'This needs an access token'),
};

const EVERYTHING: Scope = () => ALL;

/** The scope of one action on these types, as a search plan wants it. Of any other type it gives nothing. */
export function scopesOf(access: AccessContext, action: Action, types: readonly string[]): Promise<Scope> {
  return gather(access, types, (type) => access.scope(action, type));
}

/** What may be referred to, of these types. */
export function mentionsOf(access: AccessContext, types: readonly string[]): Promise<Scope> {
  return gather(access, types, (type) => access.mention(type));
}

async function gather(
  access: AccessContext,
  types: readonly string[],
  of: (type: string) => Expression | Promise<Expression>,
): Promise<Scope> {
  if (access === OPEN_ACCESS) return EVERYTHING;
  if (types.length === 1) return one(types[0]!, await of(types[0]!));
  const distinct = [...new Set(types)];
  const scopes = await Promise.all(distinct.map(async (type) => of(type)));
  const known = new Map(distinct.map((type, i) => [type, scopes[i]!]));
  return (type) => known.get(type) ?? NONE;
}

const one =
  (type: string, where: Expression): Scope =>
  (asked) =>
    asked === type ? where : NONE;

/** Whether a resource lies within a scope. `index` is only computed when the scope asks something of it. */
export function permits(
  scope: Scope,
  resource: { readonly type: string; readonly id: string; readonly instant: number },
  index: () => readonly IndexValue[],
): boolean {
  const where = scope(resource.type);
  if (where.op === 'all') return true;
  if (where.op === 'none') return false;
  if (where.op === 'id') return where.ids.includes(resource.id);
  return match(where, { id: resource.id, instant: resource.instant, index: index() });
}
