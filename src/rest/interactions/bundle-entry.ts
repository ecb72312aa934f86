/** One entry of a batch or transaction as a request of its own. https://hl7.org/fhir/R4/bundle.html#bundle-request */
import { fault, FhirError, issue, type Issue } from '../../fhir/model/outcome.ts';
import { isObject, type JsonObject, type JsonValue } from '../../fhir/model/tree.ts';
import { decodeSegment, parseQuery } from '../query.ts';
import type { Context } from '../record.ts';
import type { FhirRequest, Method } from '../request.ts';

export interface EntryRequest extends FhirRequest {
  /** `Bundle.entry[3]` */
  readonly place: string;
  readonly fullUrl?: string;
}

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Headers that an entry's request can carry, by their name in the Bundle. */
const HEADERS = {
  ifMatch: 'if-match',
  ifNoneMatch: 'if-none-match',
  ifModifiedSince: 'if-modified-since',
  ifNoneExist: 'if-none-exist',
} as const;

/** The entries of a Bundle. Throws 413 above the operator's limit; a malformed entry becomes an error in its place. */
export function entryRequests(context: Context, bundle: JsonObject): (EntryRequest | FhirError)[] {
  const entries = bundle['entry'] ?? [];
  if (!Array.isArray(entries)) throw fault('invalid', 'Bundle.entry must be an array', 'Bundle.entry');
  const most = context.record.rules.maxBundleEntries;
  if (entries.length > most)
    throw fault(
      'too-large',
      `The Bundle has ${entries.length} entries: send at most ${most} at a time`,
      'Bundle.entry',
    );
  return entries.map((entry, i) => {
    try {
      return entryRequest(context, entry, `Bundle.entry[${i}]`);
    } catch (error) {
      if (error instanceof FhirError) return error;
      throw error;
    }
  });
}

function entryRequest(context: Context, entry: JsonValue, place: string): EntryRequest {
  const issues: Issue[] = [];
  const request = isObject(entry) && isObject(entry['request']) ? entry['request'] : {};
  const { method, url } = request;
  if (typeof method !== 'string' || !METHODS.includes(method)) {
    issues.push(
      issue(
        'required',
        `${place}: request.method must be one of ${METHODS.join(', ')}`,
        `${place}.request.method`,
      ),
    );
  }
  if (typeof url !== 'string') {
    issues.push(
      issue(
        'required',
        `${place}: request.url must be a URL below the FHIR base, such as Patient/123`,
        `${place}.request.url`,
      ),
    );
  }
  if (issues.length > 0) throw new FhirError(400, issues);
  const { fullUrl, resource } = entry as JsonObject;
  return {
    ...locate(context, url as string, place),
    method: method as Method,
    headers: headersOf(context, request),
    body: isObject(resource) ? { kind: 'tree', tree: resource } : undefined,
    baseUrl: context.request.baseUrl,
    id: context.request.id,
    place,
    fullUrl: typeof fullUrl === 'string' ? fullUrl : undefined,
  };
}

function headersOf(context: Context, request: JsonObject): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = { prefer: context.request.headers['prefer'] };
  for (const [name, header] of Object.entries(HEADERS)) {
    if (typeof request[name] === 'string') headers[header] = request[name];
  }
  return headers;
}

function locate(context: Context, url: string, place: string): Pick<FhirRequest, 'path' | 'query'> {
  const { baseUrl } = context.request;
  const relative = url.startsWith(`${baseUrl}/`) ? url.slice(baseUrl.length + 1) : url.replace(/^\//, '');
  if (/^[a-z][a-z0-9+.-]*:/i.test(relative)) {
    throw fault(
      'invalid',
      `${place}: request.url "${url.slice(0, 200)}" is not below ${baseUrl}`,
      `${place}.request.url`,
    );
  }
  const at = relative.indexOf('?');
  const path = at < 0 ? relative : relative.slice(0, at);
  return {
    path: path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeSegment),
    query: at < 0 ? [] : parseQuery(relative.slice(at + 1)),
  };
}
