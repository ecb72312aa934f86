/**
 * Which versions a caller may meet: a version by its own content, a deletion by the version before it. Current versions are judged inside the store;
 * these are the others. https://hl7.org/fhir/R4/http.html#history
 */
import { permits } from '../access/context.ts';
import { parseJson } from '../fhir/model/json.ts';
import type { ResourceTree } from '../fhir/model/tree.ts';
import type { Expression } from '../fhir/search/expression.ts';
import type { Scope } from '../fhir/search/plan.ts';
import type { ResourceKey, StoredResource } from '../store/ports.ts';
import { indexOf } from './index-of.ts';
import type { Context } from './record.ts';

/** Whether a version lies within a scope. */
export async function isWithin(context: Context, scope: Scope, version: StoredResource): Promise<boolean> {
  const where = scope(version.type);
  if (where.op === 'all') return true;
  if (where.op === 'none') return false;
  if (version.body) return isBodyWithin(context, scope, where, version);
  const before = await context.record.store.resources.vread(version, version.versionId - 1);
  return before?.body !== undefined && isBodyWithin(context, scope, where, before);
}

function isBodyWithin(context: Context, scope: Scope, where: Expression, version: StoredResource): boolean {
  if (!couldHold(where, version)) return false;
  return permits(scope, version, () => indexOf(context, treeOf(version.body!)));
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
