/** batch: every entry stands alone, and one bad entry spoils only itself. https://hl7.org/fhir/R4/http.html#brules */
import { jsonTextOf } from '../body.ts';
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { FhirError, operationOutcome } from '../../fhir/model/outcome.ts';
import { stringifyJson } from '../../fhir/model/json.ts';
import type { JsonObject } from '../../fhir/model/tree.ts';
import { bundlePieces, type BundleEntry } from '../bundle-text.ts';
import type { Context } from '../record.ts';
import type { FhirResponse, OnceKey } from '../request.ts';
import { claimBatch, entryKey, onceKey } from '../write/once.ts';
import { entryRequests, type EntryRequest } from './bundle-entry.ts';

/** Entries in work at a time. */
const PARALLEL = 16;

/** Answers one entry; never throws. `dispatch` is the door of all interactions, passed in to keep the imports one way. */
export type Dispatch = (context: Context, request: EntryRequest) => Promise<FhirResponse>;

export async function batch(context: Context, bundle: JsonObject, dispatch: Dispatch): Promise<FhirResponse> {
  const requests = entryRequests(context, bundle);
  const key = onceKey(context);
  if (key) await claimBatch(context, key);
  const answers = new Array<BundleEntry>(requests.length);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < requests.length) {
      const i = next++;
      answers[i] = await answerEntry(context, requests[i]!, key, dispatch);
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, requests.length) }, work));
  return bundleResponse('batch-response', answers);
}

async function answerEntry(
  context: Context,
  request: EntryRequest | FhirError,
  key: OnceKey | undefined,
  dispatch: Dispatch,
): Promise<BundleEntry> {
  if (request instanceof FhirError) return errorEntry(request);
  const keyed = key ? { ...request, once: entryKey(key, request.place) } : request;
  const text = jsonTextOf(context.request.body);
  const within = text === undefined ? undefined : { text, place: request.place };
  return responseEntry(await dispatch(context, { ...keyed, ...(within && { within }) }));
}

export function bundleResponse(
  type: 'batch-response' | 'transaction-response',
  entries: readonly BundleEntry[],
  headers: FhirResponse['headers'] = {},
): FhirResponse {
  const head = { type, id: randomUUID(), instant: Date.now() };
  return { status: 200, headers, body: { kind: 'pieces', pieces: bundlePieces(head, [], entries) } };
}

/** `201 Created` */
export const statusText = (status: number): string => `${status} ${STATUS_CODES[status] ?? ''}`.trim();

/** The answer to an interaction as an entry: an OperationOutcome goes into response.outcome, anything else is the entry's resource. */
export function responseEntry(response: FhirResponse): BundleEntry {
  const { status, headers } = response;
  const bytes = bodyBytes(response);
  const modified = headers['last-modified'];
  const rest: Record<string, unknown> = {
    status: statusText(status),
    location: headers['location'],
    etag: headers['etag'],
    lastModified: modified && new Date(modified).toISOString(),
  };
  const isOutcome =
    response.body?.kind === 'tree' && response.body.tree['resourceType'] === 'OperationOutcome';
  if (isOutcome && bytes) rest['outcome'] = JSON.parse(Buffer.from(bytes).toString('utf8'));
  return { fullUrl: undefined, resource: isOutcome ? undefined : bytes, rest: { response: rest } };
}

function bodyBytes({ body }: FhirResponse): Uint8Array | undefined {
  if (!body) return undefined;
  if (body.kind === 'bytes') return body.bytes;
  return body.kind === 'pieces' ? Buffer.concat(body.pieces) : Buffer.from(stringifyJson(body.tree));
}

export function errorEntry(error: FhirError): BundleEntry {
  return {
    rest: { response: { status: statusText(error.status), outcome: operationOutcome(error.issues) } },
  };
}
