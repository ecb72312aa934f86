/**
 * What the caller of a write may meet and make. What it may not see is to it as if it were not there, so that no write can ask whether something exists:
 * not by an id, a condition, a reference or a version (docs/adr/0026-who-sees-what.md).
 */
import { mentionsOf, OPEN_ACCESS, permits, scopesOf, type Action } from '../../access/context.ts';
import { fault } from '../../fhir/model/outcome.ts';
import { ALL, or } from '../../fhir/search/expression.ts';
import { REFERENCE, type IndexValue } from '../../fhir/search/index-value.ts';
import type { Scope } from '../../fhir/search/plan.ts';
import type { ResourceKey, StoredResource } from '../../store/ports.ts';
import { requireGranted } from '../authorize.ts';
import { indexOf } from '../index-of.ts';
import { whole } from '../masked.ts';
import type { Context } from '../record.ts';
import { readWithin, treeOf } from '../visible.ts';
import { atPlace, type Intent, type IntentKind } from './intent.ts';
import type { Target } from './target.ts';

const ACTIONS = {
  create: 'create',
  update: 'update',
  patch: 'update',
  delete: 'delete',
} as const satisfies Record<IntentKind, Action>;

/** Throws FhirError 403, naming the entry, for an intent of a kind for which nothing was granted. */
export function requireIntents(context: Context, intents: readonly Intent[]): void {
  for (const { kind, type, criteria, place } of intents) {
    const actions: Action[] = criteria === undefined ? [ACTIONS[kind]] : [ACTIONS[kind], 'search'];
    atPlace(place, () => requireGranted(context, actions, type));
  }
}

/** What may be written, and what may be known of, of the types in question. */
export interface Permits {
  readonly create: Scope;
  readonly update: Scope;
  readonly delete: Scope;
  readonly read: Scope;
  /** all that the caller can come to know of by reading or searching */
  readonly known: Scope;
}

const EVERYTHING: Scope = () => ALL;
const UNBOUNDED: Permits = {
  create: EVERYTHING,
  update: EVERYTHING,
  delete: EVERYTHING,
  read: EVERYTHING,
  known: EVERYTHING,
};

export async function permitsFor(context: Context, targets: readonly Target[]): Promise<Permits> {
  if (context.access === OPEN_ACCESS) return UNBOUNDED;
  const types = targets.map(({ type }) => type);
  const of = (action: Action): Promise<Scope> => scopesOf(context.access, action, types);
  const [create, update, remove, read, search] = await Promise.all([
    of('create'),
    of('update'),
    of('delete'),
    of('read'),
    of('search'),
  ]);
  const known: Scope = (type) => or(read(type), search(type));
  return { create, update, delete: remove, read, known };
}

/** Whether the caller may meet everything of a type by an intent: then nothing has to be hidden from it. */
export const isUnbounded = (permitted: Permits, { kind }: Intent, type: string): boolean =>
  permitted[ACTIONS[kind]](type).op === 'all';

/** Throws FhirError 403: the resource can be known of, but not be written so. */
export function requirePermit(
  permitted: Permits,
  { kind }: Intent,
  resource: { type: string; id: string; instant: number },
  index: () => readonly IndexValue[],
): void {
  if (permits(permitted[ACTIONS[kind]], resource, index)) return;
  const what =
    kind === 'create' ? 'make such a' : `${kind} this ${resource.type}, or not so: what was or is to be is a`;
  throw fault(
    'forbidden',
    `You may not ${what} ${resource.type} that lies outside what you were granted`,
    resource.type,
  );
}

/** Whether the text of a version may be shown to the caller who wrote it. */
export function isReadable(
  permitted: Permits,
  resource: { type: string; id: string; instant: number },
  index: () => readonly IndexValue[],
): boolean {
  return permits(permitted.read, resource, index);
}

/** The current versions that the caller can know of, or may write blindly. */
export function readKnown(
  context: Context,
  permitted: Permits,
  targets: readonly (Target | undefined)[],
): Promise<(StoredResource | undefined)[]> {
  const kinds = new Map<string, Set<IntentKind>>();
  for (const target of targets) {
    if (!target) continue;
    const of = kinds.get(target.type) ?? new Set();
    kinds.set(target.type, of.add(target.intent.kind));
  }
  const scope: Scope = (type) =>
    or(permitted.known(type), ...[...(kinds.get(type) ?? [])].map((kind) => permitted[ACTIONS[kind]](type)));
  const keys = targets.flatMap((target) => (target ? [{ type: target.type, id: target.id! }] : []));
  return readWithin(context, scope, keys);
}

/** `Type/id` of what a version refers to. */
export function referencesIn(index: readonly IndexValue[]): string[] {
  return index.flatMap((value) => (value.kind === 'key' && value.param === REFERENCE ? [value.key] : []));
}

/**
 * References that a caller adds to what it writes and that lead outside what it may refer to, or nowhere: which of the two is not told. What was referred
 * to before may stay.
 */
export async function strangeReferences(
  context: Context,
  added: readonly { readonly index: readonly IndexValue[]; readonly before: StoredResource | undefined }[],
  written: ReadonlySet<string>,
): Promise<ResourceKey[]> {
  if (context.access === OPEN_ACCESS) return [];
  const names = new Set<string>();
  for (const { index, before } of added) {
    const fresh = referencesIn(index).filter((name) => !written.has(name));
    const old =
      before?.body && fresh.length > 0 ? referencesIn(indexOf(context, treeOf(whole(before).body!))) : [];
    for (const name of fresh) if (!old.includes(name)) names.add(name);
  }
  const keys = [...names].map(keyOf);
  const mentions = await mentionsOf(
    context.access,
    keys.map(({ type }) => type),
  );
  const bounded = keys.filter(({ type }) => mentions(type).op !== 'all');
  const found = bounded.length > 0 ? await readWithin(context, mentions, bounded) : [];
  return bounded.filter((_, i) => !found[i]?.body);
}

export function keyOf(text: string): ResourceKey {
  const slash = text.indexOf('/');
  return { type: text.slice(0, slash), id: text.slice(slash + 1) };
}
