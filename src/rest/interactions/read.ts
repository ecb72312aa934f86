/** read and vread, conditional on If-None-Match and If-Modified-Since. https://hl7.org/fhir/R4/http.html#read, #vread, #cread */
import { OPEN_ACCESS, scopesOf } from '../../access/context.ts';
import { fault } from '../../fhir/model/outcome.ts';
import { parseElements, pickElements } from '../../fhir/search/elements.ts';
import type { ResourceKey, StoredResource } from '../../store/ports.ts';
import { NONE } from '../../fhir/search/expression.ts';
import type { Scope } from '../../fhir/search/plan.ts';
import { names } from '../etag.ts';
import { ownOperation } from '../own-operations.ts';
import { whole } from '../masked.ts';
import type { Context } from '../record.ts';
import type { FhirResponse } from '../request.ts';
import { versionHeaders, versionResponse } from '../respond.ts';
import { seenOf, treeOf } from '../visible.ts';

export async function read(context: Context, key: ResourceKey): Promise<FhirResponse> {
  const stored = await current(context, key);
  const own = stored ? undefined : ownOperation(context.request.baseUrl, key.type, key.id);
  if (own) return { status: 200, headers: {}, body: { kind: 'tree', tree: own } };
  if (!stored) throw fault('not-found', `There is no ${key.type}/${key.id}`);
  if (!stored.body)
    throw fault(
      'gone',
      `${key.type}/${key.id} was deleted; its history is at ${key.type}/${key.id}/_history`,
    );
  return answer(context, stored);
}

async function current(context: Context, key: ResourceKey): Promise<StoredResource | undefined> {
  const { access, record } = context;
  if (access === OPEN_ACCESS) return (await record.store.resources.read([key]))[0];
  const where = access.scope('read', key.type);
  const here = where instanceof Promise ? await where : where;
  const scope: Scope = (type) => (type === key.type ? here : NONE);
  const [stored] = await record.store.resources.read([key], scope);
  if (!stored || stored.body) return stored;
  return (await seenOf(context, scope, [stored]))[0];
}

export async function vread(context: Context, key: ResourceKey, version: string): Promise<FhirResponse> {
  const name = `${key.type}/${key.id}/_history/${version}`;
  const stored = /^[1-9]\d{0,14}$/.test(version)
    ? await context.record.store.resources.vread(key, Number(version))
    : undefined;
  const scope = await scopesOf(context.access, 'read', [key.type]);
  if (!stored || (await seenOf(context, scope, [stored])).length === 0)
    throw fault('not-found', `There is no ${name}: versions are whole numbers from 1`);
  if (!stored.body) throw fault('gone', `${name} is a deletion: the version before it has the content`);
  return answer(context, stored);
}

function answer(context: Context, stored: StoredResource): FhirResponse {
  const { headers, query } = context.request;
  context.witness?.told.push(whole(stored));
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
