/** history of an instance, a type and the whole system, newest first. https://hl7.org/fhir/R4/http.html#history */
import { randomUUID } from 'node:crypto';
import { fault } from '../../fhir/model/outcome.ts';
import { parseDateRange } from '../../fhir/search/date.ts';
import type { HistoryQuery, ResourceKey, StoredResource } from '../../store/ports.ts';
import { bundlePieces, type BundleEntry, type BundleLink } from '../bundle-text.ts';
import { bound, CURSOR, openCursor, sealCursor } from '../cursor.ts';
import { etag } from '../etag.ts';
import { lastValue } from '../query.ts';
import { whole } from '../masked.ts';
import type { Context } from '../record.ts';
import type { FhirResponse } from '../request.ts';
import { versionsOf } from '../versions.ts';

const DEFAULT_COUNT = 20;
const MOST_COUNT = 1000;
const PARAMETERS = ['_since', '_at', '_count', '_list', '_sort', '_format', '_pretty', CURSOR];

export interface HistoryTarget {
  readonly type?: string;
  readonly id?: string;
}

export async function history(context: Context, target: HistoryTarget): Promise<FhirResponse> {
  const { query } = context.request;
  refuseUnknown(context);
  const path = ['', target.type, target.id, '_history'].filter((part) => part !== undefined).join('/');
  const used = query.filter(([name]) => name !== CURSOR && !name.startsWith('_format') && name !== '_pretty');
  const question =
    path +
    (used.length > 0 ? `?${used.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')}` : '');
  const cursor = lastValue(query, CURSOR);
  const before =
    cursor === undefined
      ? undefined
      : Number(openCursor(context.record.store.secret, bound(context, question), cursor));
  const asked = { ...target, ...filters(context), before };
  const { versions, next: from } = await versionsOf(context, asked);
  if (target.id !== undefined && versions.length === 0)
    await refuseNever(context, { type: target.type!, id: target.id });
  const next =
    from === undefined
      ? undefined
      : sealCursor(context.record.store.secret, bound(context, question), String(from));
  const links = linksOf(context.request.baseUrl + question, next, cursor !== undefined);
  const entries = await historyEntries(context, versions);
  context.witness?.told.push(...versions.map(whole));
  const head = { type: 'history', id: randomUUID(), instant: Date.now() };
  return { status: 200, headers: {}, body: { kind: 'pieces', pieces: bundlePieces(head, links, entries) } };
}

function refuseUnknown(context: Context): void {
  const unknown = context.request.query.find(([name]) => !PARAMETERS.includes(name));
  if (unknown) {
    throw fault(
      'unknown-parameter',
      `"${unknown[0].slice(0, 64)}" is not a parameter of history: these are _since, _at, _count`,
    );
  }
  for (const name of ['_list', '_sort']) {
    if (lastValue(context.request.query, name) !== undefined) {
      throw fault('not-supported', `history does not support ${name}: it is always newest first`);
    }
  }
}

/** A history of nothing: is the resource unknown, or does only the filter hide its versions? */
async function refuseNever(context: Context, target: ResourceKey): Promise<void> {
  const { versions } = await versionsOf(context, { ...target, count: 1 });
  if (versions.length === 0) throw fault('not-found', `There never was a ${target.type}/${target.id}`);
}

function filters(context: Context): Pick<HistoryQuery, 'since' | 'at' | 'count'> {
  const { query } = context.request;
  const since = lastValue(query, '_since');
  const at = lastValue(query, '_at');
  const range = at === undefined ? undefined : parseDateRange(at, '_at');
  return {
    count: count(lastValue(query, '_count')),
    since: since === undefined ? undefined : parseDateRange(since, '_since').low,
    at: range && { from: range.low, to: range.high },
  };
}

function count(text: string | undefined): number {
  if (text === undefined) return DEFAULT_COUNT;
  if (!/^\d{1,9}$/.test(text))
    throw fault('value', `_count is "${text.slice(0, 40)}": give a whole number`, '_count');
  return Math.min(Math.max(Number(text), 1), MOST_COUNT);
}

function linksOf(self: string, next: string | undefined, later: boolean): BundleLink[] {
  const links: BundleLink[] = [{ relation: 'self', url: self }];
  if (later) links.push({ relation: 'first', url: self });
  if (next !== undefined)
    links.push({ relation: 'next', url: `${self}${self.includes('?') ? '&' : '?'}${CURSOR}=${next}` });
  return links;
}

async function historyEntries(context: Context, versions: readonly StoredResource[]): Promise<BundleEntry[]> {
  const revived = await revivals(context, versions);
  return versions.map((version) => entry(context, version, revived.has(version)));
}

/** Versions by PUT that brought a deleted resource back: they answered 201, which only the version before them tells. */
async function revivals(context: Context, versions: readonly StoredResource[]): Promise<Set<StoredResource>> {
  const puts = versions.filter(({ method, versionId, body }) => body && method === 'PUT' && versionId > 1);
  const before = new Map(versions.map((one) => [`${one.type}/${one.id}/${one.versionId}`, one]));
  const previous = await Promise.all(
    puts.map(
      async (one) =>
        before.get(`${one.type}/${one.id}/${one.versionId - 1}`) ??
        context.record.store.resources.vread(one, one.versionId - 1),
    ),
  );
  return new Set(puts.filter((_, i) => previous[i] && !previous[i].body));
}

function entry(context: Context, version: StoredResource, revived: boolean): BundleEntry {
  const { type, id, versionId, instant, body, method } = version;
  const created = body !== undefined && (method === 'POST' || versionId === 1 || revived);
  const status = body === undefined ? '204 No Content' : created ? '201 Created' : '200 OK';
  return {
    fullUrl: `${context.request.baseUrl}/${type}/${id}`,
    resource: body,
    rest: {
      request: { method, url: method === 'POST' ? type : `${type}/${id}` },
      response: { status, etag: etag(versionId), lastModified: new Date(instant).toISOString() },
    },
  };
}
