/**
 * What one intent means for the resource it is about, given that resource's current version: a new version, nothing, or a refusal.
 * https://hl7.org/fhir/R4/http.html#update, #patch, #delete, #concurrency
 */
import { permits, scopesOf, type Action } from '../../access/context.ts';
import { parseJson } from '../../fhir/model/json.ts';
import { fault, FAULTS, FhirError } from '../../fhir/model/outcome.ts';
import type { ResourceTree } from '../../fhir/model/tree.ts';
import type { IndexValue } from '../../fhir/search/index-value.ts';
import type { Scope } from '../../fhir/search/plan.ts';
import type { StoredResource, Write, WriteMethod } from '../../store/ports.ts';
import { names } from '../etag.ts';
import type { Context } from '../record.ts';
import type { Effect, Intent } from './intent.ts';
import type { Target } from './target.ts';
import { versionBytes, versionText } from './version-text.ts';
import { indexOf } from '../index-of.ts';

export interface Judgement {
  /** absent: nothing is to be written */
  readonly write?: Write;
  /** what became of it, once the instant of the commit is known */
  readonly effect: (instant: number) => Effect;
}

const ACTIONS = {
  create: 'create',
  update: 'update',
  patch: 'update',
  delete: 'delete',
} as const satisfies Record<string, Action>;
const METHODS = { create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const satisfies Record<
  string,
  WriteMethod
>;

export type Scopes = Readonly<Record<(typeof ACTIONS)[keyof typeof ACTIONS], Scope>>;

/** What the caller may write of the types of these targets. */
export async function writeScopes(context: Context, targets: readonly Target[]): Promise<Scopes> {
  const types = targets.map(({ type }) => type);
  const [create, update, remove] = await Promise.all([
    scopesOf(context.access, 'create', types),
    scopesOf(context.access, 'update', types),
    scopesOf(context.access, 'delete', types),
  ]);
  return { create, update, delete: remove };
}

/** Judges one intent. `current` is undefined where there never was such a resource. Throws FhirError for every refusal. */
export function judge(
  context: Context,
  scopes: Scopes,
  target: Target,
  current: StoredResource | undefined,
): Judgement {
  const { intent, type } = target;
  if (target.id === undefined) return { effect: () => ({ status: 204, type }) };
  const key = { type, id: target.id };
  if (target.found) return { effect: () => unchanged(current!, 200) };
  refuseStale(intent, key, current);
  if (current?.body) requirePermit(scopes, intent, current, () => storedIndex(context, current));
  if (intent.kind === 'delete') return judgeDelete(target, key, current);
  if (intent.kind === 'patch' && !current?.body) throw missing(key, current);
  const tree = intent.kind === 'patch' ? patched(intent, current!) : intent.tree!;
  return judgeContent(context, scopes, target, key, current, tree);
}

function refuseStale(
  intent: Intent,
  key: { type: string; id: string },
  current: StoredResource | undefined,
): void {
  const { ifMatch, ifNoneMatch } = intent;
  const live = current?.body ? current.versionId : undefined;
  if (ifMatch !== undefined && (live === undefined || !names(ifMatch, live))) {
    const now = live === undefined ? 'it does not exist' : `its current version is W/"${live}"`;
    throw fault(
      'precondition',
      `If-Match is ${ifMatch}, but of ${key.type}/${key.id} ${now}: read it again and repeat the change`,
    );
  }
  if (ifNoneMatch !== undefined && live !== undefined && names(ifNoneMatch, live)) {
    throw fault(
      'precondition',
      `If-None-Match is ${ifNoneMatch}, but ${key.type}/${key.id} exists in version W/"${live}"`,
    );
  }
}

function missing(key: { type: string; id: string }, current: StoredResource | undefined): Error {
  const name = `${key.type}/${key.id}`;
  return current
    ? fault('gone', `${name} was deleted: PUT it to bring it back`)
    : fault('not-found', `There is no ${name}`);
}

function requirePermit(
  scopes: Scopes,
  intent: Intent,
  resource: { type: string; id: string; instant: number },
  index: () => readonly IndexValue[],
): void {
  if (!permits(scopes[ACTIONS[intent.kind]], resource, index)) {
    throw fault('forbidden', `You may not ${intent.kind} this ${resource.type}`);
  }
}

function storedIndex(context: Context, stored: StoredResource): readonly IndexValue[] {
  return indexOf(context, storedTree(stored));
}

const storedTree = (stored: StoredResource): ResourceTree =>
  parseJson(Buffer.from(stored.body!).toString('utf8')) as ResourceTree;

function judgeDelete(
  target: Target,
  key: { type: string; id: string },
  current: StoredResource | undefined,
): Judgement {
  if (!current?.body)
    return {
      effect: () => ({ status: 204, ...key, versionId: current?.versionId, instant: current?.instant }),
    };
  const expected = current.versionId;
  const write: Write = { ...key, expected, versionId: expected + 1, method: METHODS[target.intent.kind] };
  return { write, effect: (instant) => ({ status: 204, ...key, versionId: expected + 1, instant }) };
}

function patched(intent: Intent, current: StoredResource): ResourceTree {
  const before = storedTree(current);
  const after = intent.patch!(before);
  if (after['id'] !== current.id) {
    throw fault(
      'business-rule',
      `The patch changes the id of ${current.type}/${current.id}: an id never changes`,
      `${current.type}.id`,
    );
  }
  return after;
}

function judgeContent(
  context: Context,
  scopes: Scopes,
  target: Target,
  key: { type: string; id: string },
  current: StoredResource | undefined,
  tree: ResourceTree,
): Judgement {
  const { intent } = target;
  if (target.fresh && current?.body) {
    throw fault(
      'conflict',
      `${key.type}/${key.id} exists but does not match the condition "${intent.criteria}"`,
      `${key.type}.id`,
    );
  }
  refuseInvalid(context, tree);
  const text = versionText(tree, key.id);
  if (current?.body && sameBytes(versionBytes(text, current.versionId, current.instant).body, current.body)) {
    return { effect: () => unchanged(current, 200) };
  }
  const versionId = (current?.versionId ?? 0) + 1;
  const index = indexOf(context, tree['id'] === key.id ? tree : { ...tree, id: key.id });
  requirePermit(scopes, intent, { ...key, instant: Date.now() }, () => index);
  const write: Write = {
    ...key,
    expected: versionId - 1,
    versionId,
    method: METHODS[intent.kind],
    content: { ...versionBytes(text, versionId), index },
  };
  const status = current?.body ? 200 : 201;
  return {
    write,
    effect: (instant) => ({
      status,
      ...key,
      versionId,
      instant,
      body: () => versionBytes(text, versionId, instant).body,
    }),
  };
}

function refuseInvalid(context: Context, tree: ResourceTree): void {
  const issues = context.record.validate(context.definitions, tree);
  if (issues.some((one) => one.severity === 'error' || one.severity === 'fatal'))
    throw new FhirError(FAULTS.invalid[0], issues);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

function unchanged(current: StoredResource, status: 200): Effect {
  const { type, id, versionId, instant, body } = current;
  return { status, type, id, versionId, instant, body: () => body! };
}
