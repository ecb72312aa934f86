/** read and vread, conditional on If-None-Match and If-Modified-Since. https://hl7.org/fhir/R4/http.html#read, #vread, #cread */
import { permits, scopesOf } from '../../access/context.ts';
import { parseJson } from '../../fhir/model/json.ts';
import { fault } from '../../fhir/model/outcome.ts';
import type { ResourceTree } from '../../fhir/model/tree.ts';
import { parseElements, pickElements } from '../../fhir/search/elements.ts';
import type { Scope } from '../../fhir/search/plan.ts';
import type { ResourceKey, StoredResource } from '../../store/ports.ts';
import { names } from '../etag.ts';
import type { Context } from '../record.ts';
import type { FhirResponse } from '../request.ts';
import { versionHeaders, versionResponse } from '../respond.ts';
import { indexOf } from '../index-of.ts';

export async function read(context: Context, key: ResourceKey): Promise<FhirResponse> {
  const [stored] = await context.record.store.resources.read([key]);
  if (!stored || !(await isVisible(context, stored)))
    throw fault('not-found', `There is no ${key.type}/${key.id}`);
  if (!stored.body)
    throw fault(
      'gone',
      `${key.type}/${key.id} was deleted; its history is at ${key.type}/${key.id}/_history`,
    );
  return answer(context, stored);
}

export async function vread(context: Context, key: ResourceKey, version: string): Promise<FhirResponse> {
  const name = `${key.type}/${key.id}/_history/${version}`;
  const stored = /^[1-9]\d{0,14}$/.test(version)
    ? await context.record.store.resources.vread(key, Number(version))
    : undefined;
  if (!stored || !(await isVisible(context, stored)))
    throw fault('not-found', `There is no ${name}: versions are whole numbers from 1`);
  if (!stored.body) throw fault('gone', `${name} is a deletion: the version before it has the content`);
  return answer(context, stored);
}

/** Whether the caller may see a version. Of a tombstone nothing can be asked: it is seen by those who see everything of the type. */
export async function isVisible(context: Context, stored: StoredResource): Promise<boolean> {
  return isWithin(context, await scopesOf(context.access, 'read', [stored.type]), stored);
}

export function isWithin(context: Context, scope: Scope, stored: StoredResource): boolean {
  return permits(scope, stored, () => (stored.body ? indexOf(context, treeOf(stored.body)) : []));
}

export function treeOf(bytes: Uint8Array): ResourceTree {
  return parseJson(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
  ) as ResourceTree;
}

function answer(context: Context, stored: StoredResource): FhirResponse {
  const { headers, query } = context.request;
  if (isUnchanged(headers['if-none-match'], headers['if-modified-since'], stored)) {
    return { status: 304, headers: versionHeaders(stored) };
  }
  if (query.length === 0) return versionResponse(stored);
  const elements = parseElements(query);
  if (!elements) return versionResponse(stored);
  const tree = pickElements(context.definitions, treeOf(stored.body!), elements);
  return { status: 200, headers: versionHeaders(stored), body: { kind: 'tree', tree } };
}

function isUnchanged(
  noneMatch: string | undefined,
  modifiedSince: string | undefined,
  stored: StoredResource,
): boolean {
  if (noneMatch !== undefined) return names(noneMatch, stored.versionId);
  if (modifiedSince === undefined) return false;
  const since = Date.parse(modifiedSince);
  return !Number.isNaN(since) && Math.floor(stored.instant / 1000) * 1000 <= since;
}
