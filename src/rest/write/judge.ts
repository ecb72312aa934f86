/**
 * What one intent means for the resource it is about, given that resource's current version: a new version, nothing, or a refusal.
 * https://hl7.org/fhir/R4/http.html#update, #patch, #delete, #concurrency
 */
import { parseJson } from '../../fhir/model/json.ts';
import { fault, FAULTS, FhirError } from '../../fhir/model/outcome.ts';
import type { ResourceTree } from '../../fhir/model/tree.ts';
import type { IndexValue } from '../../fhir/search/index-value.ts';
import type { StoredResource, Write, WriteMethod } from '../../store/ports.ts';
import { names } from '../etag.ts';
import { whole } from '../masked.ts';
import type { Context } from '../record.ts';
import type { Effect, Intent } from './intent.ts';
import type { Target } from './target.ts';
import { versionBytes, versionText, type VersionText } from './version-text.ts';
import { indexOf } from '../index-of.ts';
import { isReadable, isUnbounded, requirePermit, type Permits } from './permit.ts';

export interface Judgement {
  /** absent: nothing is to be written */
  readonly write?: Write;
  /** what became of it, once the instant of the commit is known */
  readonly effect: (instant: number) => Effect;
}

const METHODS = { create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const satisfies Record<
  string,
  WriteMethod
>;

/** Judges one intent. `current` is undefined where there never was such a resource. Throws FhirError for every refusal. */
export function judge(
  context: Context,
  permitted: Permits,
  target: Target,
  current: StoredResource | undefined,
): Judgement {
  const { intent, type } = target;
  if (target.id === undefined) return { effect: () => ({ status: 204, type }) };
  const key = { type, id: target.id };
  if (target.found) return { effect: () => unchanged(context, permitted, current!) };
  refuseStale(intent, key, current);
  if (current?.body) requirePermit(permitted, intent, current, () => storedIndex(context, current));
  if (intent.kind === 'delete') {
    if (current?.body && context.access.limits) context.access.limits.judgeDelete(storedTree(whole(current)));
    return judgeDelete(target, key, current);
  }
  if (intent.kind === 'patch' && !current?.body) throw missing(key, current);
  const sent = intent.kind === 'patch' ? patched(intent, current!) : intent.tree!;
  const tree = settled(context, intent, current, sent);
  return judgeContent(context, permitted, target, key, current, tree);
}

/** A patch is of what its sender is shown, and so is what is sent whole: what is hidden is put back. */
function settled(
  { access }: Context,
  { kind }: Intent,
  current: StoredResource | undefined,
  sent: ResourceTree,
): ResourceTree {
  if (!access.limits) return sent;
  const before = current?.body ? storedTree(whole(current)) : undefined;
  return access.limits.settle(kind === 'create' ? 'create' : 'update', before, sent);
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

function storedIndex(context: Context, stored: StoredResource): readonly IndexValue[] {
  return indexOf(context, storedTree(whole(stored)));
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
  permitted: Permits,
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
  if (!current && intent.kind === 'update') refuseChosenId(permitted, target, key);
  refuseInvalid(context, tree);
  const text = versionText(tree, key.id);
  if (isSame(text, current)) {
    return { effect: () => unchanged(context, permitted, current!) };
  }
  const versionId = (current?.versionId ?? 0) + 1;
  const index = indexOf(context, tree['id'] === key.id ? tree : { ...tree, id: key.id });
  requirePermit(permitted, intent, { ...key, instant: Date.now() }, () => index);
  const write: Write = {
    ...key,
    expected: versionId - 1,
    versionId,
    method: METHODS[intent.kind],
    content: { ...versionBytes(text, versionId), index },
  };
  const status = current?.body ? 200 : 201;
  // Who sent the whole of it knows it; a patch shows what it left as it was.
  const withheld =
    intent.kind === 'patch' && !isReadable(permitted, { ...key, instant: Date.now() }, () => index);
  return {
    write,
    effect: (instant) => ({
      status,
      ...key,
      versionId,
      instant,
      body: () => shown(context, key.type, versionBytes(text, versionId, instant).body),
      withheld,
    }),
  };
}

/**
 * An update that would make a resource under an id of the client's choice: who may not meet every resource of the type would learn from the answer whether
 * the id is taken.
 */
function refuseChosenId(permitted: Permits, { intent }: Target, key: { type: string; id: string }): void {
  const isChosen = intent.id !== undefined || intent.tree?.['id'] !== undefined;
  if (!isChosen || isUnbounded(permitted, intent, key.type)) return;
  throw fault('not-found', `There is no ${key.type}/${key.id}: to make one, POST it to ${key.type}`);
}

function refuseInvalid(context: Context, tree: ResourceTree): void {
  const issues = context.record.validate(context.definitions, tree);
  if (issues.some((one) => one.severity === 'error' || one.severity === 'fatal'))
    throw new FhirError(FAULTS.invalid[0], issues);
}

function isSame(text: VersionText, current: StoredResource | undefined): boolean {
  const body = current && whole(current).body;
  return body !== undefined && sameBytes(versionBytes(text, current!.versionId, current!.instant).body, body);
}

const shown = ({ access }: Context, type: string, body: Uint8Array): Uint8Array =>
  access.view ? access.view.text(type, body) : body;

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

function unchanged(context: Context, permitted: Permits, current: StoredResource): Effect {
  const { type, id, versionId, instant, body } = current;
  const withheld = !isReadable(permitted, current, () => storedIndex(context, current));
  return { status: 200, type, id, versionId, instant, body: () => body!, withheld };
}
