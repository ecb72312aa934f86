/**
 * Which versions a caller may meet: a version by its own content, a deletion by the version before it. Current versions are judged inside the store;
 * these are the others. https://hl7.org/fhir/R4/http.html#history
 */
import { permits } from '../access/context.ts';
import { isAttached } from '../access/patient-record.ts';
import { parseJson } from '../fhir/model/json.ts';
import type { ResourceTree } from '../fhir/model/tree.ts';
import { and, NONE, or, type Expression } from '../fhir/search/expression.ts';
import type { Scope } from '../fhir/search/plan.ts';
import type { ResourceKey, StoredResource } from '../store/ports.ts';
import { indexOf } from './index-of.ts';
import { whole } from './masked.ts';
import type { Context } from './record.ts';

/**
 * Those of some versions that lie within a scope, in their order. Most versions are current ones, which the store judges by its index; only the others
 * have to be parsed.
 */
export async function seenOf(
  context: Context,
  scope: Scope,
  versions: readonly StoredResource[],
): Promise<StoredResource[]> {
  const current = await currentOnes(context, scope, versions);
  const seen = await Promise.all(
    versions.map(async (version) => current.has(version.seq) || isWithin(context, scope, version)),
  );
  return versions.filter((_, i) => seen[i]);
}

async function currentOnes(
  context: Context,
  scope: Scope,
  versions: readonly StoredResource[],
): Promise<ReadonlySet<number>> {
  const asked = versions.filter(
    (one) => one.body && scope(one.type).op !== 'all' && couldHold(scope(one.type), whole(one)),
  );
  const keys = new Map(asked.map(({ type, id }) => [`${type}/${id}`, { type, id }]));
  const found = keys.size > 0 ? await context.record.store.resources.read([...keys.values()], scope) : [];
  return new Set(found.flatMap((one) => (one?.body ? [one.seq] : [])));
}

/** Whether a version that is not the current one lies within a scope, judged by its own content. */
async function isWithin(context: Context, scope: Scope, version: StoredResource): Promise<boolean> {
  const where = scope(version.type);
  if (where.op === 'all') return true;
  if (where.op === 'none') return false;
  if (version.body) return isBodyWithin(context, scope, where, whole(version));
  const before = await context.record.store.resources.vread(version, version.versionId - 1);
  return before?.body !== undefined && isBodyWithin(context, scope, where, whole(before));
}

function isBodyWithin(context: Context, scope: Scope, where: Expression, version: StoredResource): boolean {
  if (!couldHold(where, version)) return false;
  // What is attached to a record by what it names now may have named something else before.
  const judged: Scope = isAttached(version.type) ? () => withoutIds(where) : scope;
  return permits(judged, version, () => indexOf(context, treeOf(version.body!)));
}

function withoutIds(where: Expression): Expression {
  if (where.op === 'id') return NONE;
  if (where.op === 'and') return and(...where.of.map(withoutIds));
  return where.op === 'or' ? or(...where.of.map(withoutIds)) : where;
}

/** The current versions that lie within a scope, tombstones included, in the order of the keys. */
export async function readWithin(
  context: Context,
  scope: Scope,
  keys: readonly ResourceKey[],
): Promise<(StoredResource | undefined)[]> {
  const found = await context.record.store.resources.read(keys, scope);
  const judged = found.map((one) =>
    one && !one.body ? isWithin(context, scope, one).then((yes) => (yes ? one : undefined)) : one,
  );
  return Promise.all(judged.map(async (one) => one));
}

const NAME = /^[A-Z][A-Za-z]+\/([A-Za-z0-9\-.]{1,64})$/;

/**
 * Whether an Expression could hold, told without parsing: what is found by a reference has the id that is referred to somewhere in its text. So most of
 * what is not the caller's costs a look at its bytes.
 */
export function couldHold(where: Expression, version: StoredResource): boolean {
  switch (where.op) {
    case 'and':
      return where.of.every((part) => couldHold(part, version));
    case 'or':
      return where.of.some((part) => couldHold(part, version));
    case 'id':
      return where.ids.includes(version.id);
    case 'key': {
      const text = bytesOf(version.body!);
      return where.keys.some((key) => {
        const id = NAME.exec(key)?.[1];
        return id === undefined || text.includes(id);
      });
    }
    default:
      return true;
  }
}

const bytesOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function treeOf(bytes: Uint8Array): ResourceTree {
  return parseJson(bytesOf(bytes).toString('utf8')) as ResourceTree;
}
