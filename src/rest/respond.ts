/** Answers of reads and writes: headers of a version, and a body as Prefer asks. https://hl7.org/fhir/R4/http.html#return */
import { operationOutcome, type Issue } from '../fhir/model/outcome.ts';
import type { JsonObject } from '../fhir/model/tree.ts';
import type { StoredResource } from '../store/ports.ts';
import { etag, httpDate } from './etag.ts';
import { preferences } from './prefer.ts';
import type { Context } from './record.ts';
import type { FhirResponse } from './request.ts';
import type { Effect } from './write/intent.ts';

/** ETag and Last-Modified of a version. */
export function versionHeaders(version: {
  readonly versionId: number;
  readonly instant: number;
}): Record<string, string> {
  return { etag: etag(version.versionId), 'last-modified': httpDate(version.instant) };
}

/** An OperationOutcome as the whole answer. */
export function outcomeResponse(
  status: number,
  issues: readonly Issue[],
  headers: Readonly<Record<string, string>> = {},
): FhirResponse {
  return { status, headers, body: { kind: 'tree', tree: operationOutcome(issues) as unknown as JsonObject } };
}

/** A version that was read. */
export function versionResponse(stored: StoredResource): FhirResponse {
  return { status: 200, headers: versionHeaders(stored), body: { kind: 'bytes', bytes: stored.body! } };
}

/** Says that nothing was done anew. */
export const REPLAYED = { 'idempotency-replayed': 'true' } as const;

/** The answer to a create, update, patch or delete. The representation is the default, as most clients expect it. */
export function effectResponse(context: Context, effect: Effect): FhirResponse {
  const { status, versionId, instant } = effect;
  const headers: Record<string, string> =
    versionId === undefined ? {} : versionHeaders({ versionId, instant: instant! });
  if (effect.body)
    headers['location'] = `${context.request.baseUrl}/${effect.type}/${effect.id}/_history/${versionId}`;
  if (effect.replayed) Object.assign(headers, REPLAYED);
  const wanted = preferences(context.request.headers['prefer']).return;
  if (wanted === 'OperationOutcome')
    return outcomeResponse(status === 204 ? 200 : status, [said(effect)], headers);
  if (wanted === 'minimal' || !effect.body || effect.withheld) return { status, headers };
  return { status, headers, body: { kind: 'bytes', bytes: effect.body() } };
}

/** What happened, in a sentence. */
export function said(effect: Effect): Issue {
  const name = `${effect.type}/${effect.id}`;
  const text =
    effect.status === 201
      ? `Created ${name}, version ${effect.versionId}`
      : effect.body
        ? `${name} is at version ${effect.versionId}`
        : effect.versionId === undefined
          ? 'There was nothing to delete'
          : `Deleted ${name}`;
  return { severity: 'information', code: 'informational', diagnostics: text };
}
