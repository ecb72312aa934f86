/** transaction: all entries or none, judged as one. https://hl7.org/fhir/R4/http.html#trules */
import { parseJson } from '../../fhir/model/json.ts';
import { fault, FhirError, issue } from '../../fhir/model/outcome.ts';
import type { JsonObject, ResourceTree } from '../../fhir/model/tree.ts';
import type { ResourceKey } from '../../store/ports.ts';
import { authorize } from '../authorize.ts';
import { asResource, sentResource } from '../body.ts';
import type { BundleEntry } from '../bundle-text.ts';
import { etag } from '../etag.ts';
import { patchOf } from '../patch.ts';
import { preferences } from '../prefer.ts';
import type { Context } from '../record.ts';
import type { FhirResponse } from '../request.ts';
import { REPLAYED, said } from '../respond.ts';
import { route } from '../routes.ts';
import { atPlace, placed, type Effect, type Intent } from '../write/intent.ts';
import { perform } from '../write/perform.ts';
import { uuidv7 } from '../write/uuid.ts';
import { bundleResponse, responseEntry, statusText, type Dispatch } from './batch.ts';
import { entryRequests, type EntryRequest } from './bundle-entry.ts';
import { requireOwnId, requireSameId, stripType } from './write.ts';

export async function transaction(
  context: Context,
  bundle: JsonObject,
  dispatch: Dispatch,
): Promise<FhirResponse> {
  let requests = readEntries(context, bundle);
  let fresh = true;
  const reads = requests.filter(isRead);
  // Who may not read at all shall learn it before anything is written.
  for (const { method, path, place } of reads)
    atPlace(place, () => authorize(context, route(context.definitions, method, path), path));
  const also = reads.flatMap(readKey);
  const intents = (): readonly Intent[] => {
    if (!fresh) requests = readEntries(context, againParsed(context, bundle));
    fresh = false;
    return intentsOf(context, requests);
  };
  const performed = await perform(context, intents, also);
  const effects = new Map<string, Effect[]>();
  for (const { place, effect } of performed) effects.set(place, [...(effects.get(place) ?? []), effect]);
  const answers: BundleEntry[] = [];
  for (const request of requests) {
    const own = effects.get(request.place);
    answers.push(own ? effectEntry(context, own) : responseEntry(await dispatch(context, request)));
  }
  const again = performed.some(({ effect }) => effect.replayed);
  return bundleResponse('transaction-response', answers, again ? REPLAYED : {});
}

/** References are rewritten in place: a second attempt starts from what was sent. */
function againParsed(context: Context, bundle: JsonObject): JsonObject {
  const { body } = context.request;
  return body?.kind === 'text' ? sentResource(context) : (parseJson(JSON.stringify(bundle)) as JsonObject);
}

function readEntries(context: Context, bundle: JsonObject): EntryRequest[] {
  const all = entryRequests(context, bundle);
  const errors = all.filter((one) => one instanceof FhirError);
  if (errors.length > 0)
    throw new FhirError(
      errors[0]!.status,
      errors.flatMap((one) => one.issues),
    );
  const requests = all as EntryRequest[];
  refuseDoubleFullUrls(requests);
  return requests;
}

function refuseDoubleFullUrls(requests: readonly EntryRequest[]): void {
  const seen = new Map<string, string>();
  for (const { fullUrl, place, body } of requests) {
    if (fullUrl === undefined || !body) continue;
    const first = seen.get(fullUrl);
    if (first)
      throw fault(
        'invalid',
        `${first} and ${place} have the same fullUrl "${fullUrl.slice(0, 200)}": each entry needs its own`,
        `${place}.fullUrl`,
      );
    seen.set(fullUrl, place);
  }
}

function isRead({ method, path }: EntryRequest): boolean {
  return method === 'GET' || method === 'HEAD' || (method === 'POST' && path.at(-1) === '_search');
}

function readKey({ path }: EntryRequest): ResourceKey[] {
  return path.length === 2 && !path[1]!.startsWith('_') && !path[1]!.startsWith('$')
    ? [{ type: path[0]!, id: path[1]! }]
    : [];
}

/** The intents of all entries that write. Every faulty entry is named, not only the first. */
function intentsOf(context: Context, requests: readonly EntryRequest[]): Intent[] {
  const errors: FhirError[] = [];
  const intents: Intent[] = [];
  for (const request of requests) {
    if (isRead(request)) continue;
    try {
      intents.push(intentOf(context, request));
    } catch (error) {
      const known = placed(error, request.place);
      if (!(known instanceof FhirError)) throw known;
      errors.push(known);
    }
  }
  if (errors.length > 0)
    throw new FhirError(
      errors[0]!.status,
      errors.slice(0, 100).flatMap((one) => one.issues),
    );
  return intents;
}

function intentOf(context: Context, request: EntryRequest): Intent {
  const { method, path, place, fullUrl } = request;
  const [type = '', id, rest] = path;
  if (
    !context.definitions.isResourceType(type) ||
    rest !== undefined ||
    id?.startsWith('$') ||
    id?.startsWith('_')
  ) {
    throw fault('not-supported', `${method} ${path.join('/').slice(0, 200)} cannot be part of a transaction`);
  }
  const known = { type, place, fullUrl };
  const criteria = id === undefined ? queryText(request) : undefined;
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch, 'if-none-exist': ifNoneExist } = request.headers;
  if (method === 'POST') {
    if (id !== undefined)
      throw fault('not-supported', `POST is for a type: use ${type}, or PUT to ${type}/${id}`);
    return {
      ...known,
      kind: 'create',
      id: uuidv7(),
      tree: bodyOf(context, request, type),
      criteria: ifNoneExist && stripType(ifNoneExist, type),
    };
  }
  if (id === undefined && !criteria) {
    throw fault(
      'invalid',
      `${method} ${type} needs an id or search parameters: ${type}/123 or ${type}?identifier=…`,
    );
  }
  if (method === 'DELETE') return { ...known, kind: 'delete', id, criteria, ifMatch };
  if (method === 'PATCH')
    return {
      ...known,
      kind: 'patch',
      id,
      criteria,
      ifMatch,
      patch: patchOf(context, anyBody(context, request)),
    };
  const tree = bodyOf(context, request, type);
  if (id === undefined) requireOwnId(tree, type);
  else requireSameId(tree, type, id);
  return { ...known, kind: 'update', id, criteria, ifMatch, ifNoneMatch, tree };
}

function queryText(request: EntryRequest): string {
  return request.query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
}

function anyBody(context: Context, request: EntryRequest): ResourceTree {
  if (request.body?.kind !== 'tree') throw fault('required', 'The entry has no resource');
  return asResource(context, request.body.tree, '');
}

function bodyOf(context: Context, request: EntryRequest, type: string): ResourceTree {
  const tree = anyBody(context, request);
  if (tree.resourceType === type) return tree;
  throw fault(
    'invalid',
    `The resource is a ${tree.resourceType}, but request.url names ${type}`,
    'resourceType',
  );
}

function effectEntry(context: Context, effects: readonly Effect[]): BundleEntry {
  const effect = effects[0]!;
  const { status, type, id, versionId, instant, body, withheld } = effect;
  const wanted = preferences(context.request.headers['prefer']).return;
  const response = {
    status: statusText(status),
    location: body ? `${type}/${id}/_history/${versionId}` : undefined,
    etag: versionId === undefined ? undefined : etag(versionId),
    lastModified: instant === undefined ? undefined : new Date(instant).toISOString(),
    outcome:
      wanted === 'OperationOutcome'
        ? { resourceType: 'OperationOutcome', issue: effects.map(said) }
        : undefined,
  };
  return { resource: wanted === 'representation' && !withheld ? body?.() : undefined, rest: { response } };
}

/** Kept here so that a Bundle of another type is told what it could be. */
export function refuseBundleType(type: unknown): FhirError {
  return new FhirError(400, [
    issue(
      'value',
      `Bundle.type is ${JSON.stringify(type)?.slice(0, 40) ?? 'missing'}: POST a "batch" or a "transaction" to the base URL`,
      'Bundle.type',
    ),
  ]);
}
