/**
 * The FHIR edge: an HTTP request becomes a FhirRequest, and the FhirResponse goes out in the format that was asked for. It answers on node:http
 * before any framework, since every read and write passes here. https://hl7.org/fhir/R4/http.html
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { NO_ACCESS, type AccessContext } from '../../access/context.ts';
import { NOBODY, type Who } from '../../access/audit/note.ts';
import type { Definitions } from '../../fhir/definitions/registry.ts';
import { fault, FhirError } from '../../fhir/model/outcome.ts';
import { FORM } from '../body.ts';
import { dispatch, refusal, type Answer } from '../dispatch.ts';
import { decodeSegment, parseQuery } from '../query.ts';
import type { TenantRecord } from '../record.ts';
import type { FhirRequest, FhirResponse, Method, RequestBody } from '../request.ts';
import { refusalNote } from '../witness.ts';
import { binaryOf, contentOf, sendsContent, wantsContent } from './binary.ts';
import { corsHeaders, preflight } from './cors.ts';
import { evenTime } from './even-time.ts';
import { negotiate, type Format } from './negotiate.ts';
import { mediaType, readBody, readBytes } from './read-body.ts';
import { renderBody, send, VARY } from './render.ts';

export interface EdgeOptions {
  /** the record of a tenant, undefined where there is none */
  readonly tenant: (name: string) => Promise<TenantRecord | undefined> | TenantRecord | undefined;
  /** for answers where there is no tenant */
  readonly definitions: Definitions;
  /** what the caller of a request may do. Throws FhirError 401 for a bearer that is not accepted */
  readonly access: (caller: Caller) => AccessContext | Promise<AccessContext>;
  /** whether the caller may ask now. Throws FhirError 429 */
  readonly admit?: (request: IncomingMessage, tenant: string, access: AccessContext) => void;
  readonly publicUrl: string;
  readonly maxBodyBytes: number;
  readonly corsOrigins: readonly string[];
  /** requests in work at a time; more are answered 503 */
  readonly maxInFlight: number;
  /** called once a request, without anything that could be PHI */
  readonly observe: (seen: Observation) => void;
}

/** What is known of a caller before its request is read. */
export interface Caller {
  readonly record: TenantRecord;
  /** FHIR base of the tenant */
  readonly baseUrl: string;
  readonly authorization: string | undefined;
  readonly query: FhirRequest['query'];
  /** the header X-Purpose-Of-Use */
  readonly purpose: string | undefined;
}

export interface Observation {
  readonly requestId: string;
  readonly method: string;
  readonly interaction: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly failure?: unknown;
  /** who asked for what, and what they got: for the log of an app's developer, never for ours */
  readonly exchange?: Exchange;
}

export interface Exchange {
  readonly who: Who;
  readonly request: FhirRequest;
  readonly response: FhirResponse;
}

/** `/fhir…` is the default tenant, `/t/{tenant}/fhir…` another one; a proxy may send the whole URL. */
const ADDRESS = /^(?:https?:\/\/[^/?]*)?(?:\/t\/([a-z0-9-]{1,40}))?\/fhir(?:\/([^?]*))?(?:\?(.*))?$/s;
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const REQUEST_ID = /^[A-Za-z0-9._:-]{1,64}$/;
const FIXED_HEADERS = {
  'cache-control': 'private, no-cache',
  vary: VARY,
  'x-content-type-options': 'nosniff',
};

export const DEFAULT_TENANT = 'default';

/** A listener that answers what lies below a FHIR base and gives false for anything else. */
export function fhirEdge(
  options: EdgeOptions,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  let inFlight = 0;
  return (request, response) => {
    const address = ADDRESS.exec(request.url ?? '');
    if (!address) return false;
    inFlight++;
    void answer(options, request, response, address, inFlight > options.maxInFlight)
      // Every refusal has its answer before this: the last net, below a fault of the edge itself.
      .catch(() => response.destroy())
      .finally(() => inFlight--);
    return true;
  };
}

async function answer(
  options: EdgeOptions,
  request: IncomingMessage,
  response: ServerResponse,
  address: RegExpExecArray,
  isFull: boolean,
): Promise<void> {
  const started = performance.now();
  const sentId = request.headers['x-request-id'];
  const id = typeof sentId === 'string' && REQUEST_ID.test(sentId) ? sentId : randomUUID();
  const method = request.method ?? '';
  if (method === 'OPTIONS') return preflight(request, response, options.corsOrigins);
  const { outcome, pieces, answered, exchange } = await work(options, request, address, id, isFull);
  const headers = {
    'x-request-id': id,
    ...FIXED_HEADERS,
    ...corsHeaders(request, options.corsOrigins),
    ...outcome.headers,
  };
  if (!request.complete) discard(request);
  await send(
    response,
    { status: outcome.status, headers },
    pieces,
    request.headers['accept-encoding'],
    method === 'HEAD',
  );
  const milliseconds = performance.now() - started;
  options.observe({
    requestId: id,
    method,
    interaction: answered.interaction,
    status: outcome.status,
    milliseconds,
    failure: answered.failure,
    ...(exchange && { exchange }),
  });
}

/** How long a client may go on sending a body that was refused. */
const DISCARD_MS = 10_000;

/**
 * A body that was refused unread: the client may still be sending it. It is read and thrown away for a while, since a connection that is cut at once
 * often takes the answer with it.
 */
function discard(request: IncomingMessage): void {
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), DISCARD_MS).unref();
  request.once('end', () => clearTimeout(timer));
}

interface Work {
  readonly outcome: FhirResponse;
  readonly pieces: readonly Uint8Array[];
  readonly answered: Pick<Answer, 'interaction' | 'failure'>;
  readonly exchange?: Exchange;
}

async function work(
  options: EdgeOptions,
  request: IncomingMessage,
  address: RegExpExecArray,
  id: string,
  isFull: boolean,
): Promise<Work> {
  const began = performance.now();
  let record: TenantRecord | undefined;
  let format: Format = negotiate(undefined, []);
  let answered: Answer;
  let exchange: Exchange | undefined;
  let access: AccessContext | undefined;
  try {
    record = await options.tenant(address[1] ?? DEFAULT_TENANT);
    if (!record) throw fault('not-found', `There is no tenant "${address[1]}"`);
    if (isFull) throw fault('busy', 'The server is busy: try again in a moment');
    const asked = parseQuery(address[3] ?? '');
    const asIs = wantsContent(request.method ?? '', pathOf(address), request.headers.accept, asked);
    if (!asIs) format = negotiate(request.headers.accept, asked);
    access = await accessOf(options, record, request, address, asked);
    options.admit?.(request, address[1] ?? DEFAULT_TENANT, access);
    const sent = await fhirRequest(options, request, address, asked, id);
    answered = await dispatch(record, access, sent);
    exchange = { who: access.who, request: sent, response: answered.response };
    if (access.caller !== '') await evenTime(answered.response.status, answered.interaction, began);
    const content = asIs && answered.response.status === 200 ? contentOf(answered.response) : undefined;
    if (content) return { ...native(content, answered), exchange };
  } catch (error) {
    answered = {
      response: refusal(error, id),
      interaction: 'unknown',
      failure: error instanceof FhirError ? undefined : error,
    };
    const asked = { method: request.method ?? '', path: address[2]?.split('/') ?? [], id };
    if (record) answered = await noted(record, access?.who ?? NOBODY, asked, answered);
  }
  return { ...rendered(record?.definitions() ?? options.definitions, answered, format, id), exchange };
}

/** Of what was not looked at, since too much came at once, each one more on record would only be one more to do. */
const TOO_BUSY = [429, 503];

/** A refusal before there was an interaction is on record, too. */
async function noted(
  { audit }: TenantRecord,
  who: Who,
  asked: Parameters<typeof refusalNote>[1],
  answered: Answer,
): Promise<Answer> {
  if (!audit.isOn || TOO_BUSY.includes(answered.response.status)) return answered;
  try {
    await audit.note(refusalNote(who, asked, answered.response));
    return answered;
  } catch (error) {
    return { response: refusal(error, asked.id), interaction: 'unknown' };
  }
}

/** Whoever asks may know what the server can do; for all else the bearer is judged before the body is read. */
function accessOf(
  options: EdgeOptions,
  record: TenantRecord,
  request: IncomingMessage,
  address: RegExpExecArray,
  query: FhirRequest['query'],
): AccessContext | Promise<AccessContext> {
  if (address[2] === 'metadata' && request.method !== 'POST') return NO_ACCESS;
  const { authorization, 'x-purpose-of-use': sent } = request.headers;
  const purpose = typeof sent === 'string' ? sent : sent?.join();
  return options.access({ record, baseUrl: baseUrl(options, address), authorization, query, purpose });
}

const baseUrl = ({ publicUrl }: EdgeOptions, address: RegExpExecArray): string =>
  publicUrl + (address[1] ? `/t/${address[1]}` : '') + '/fhir';

/** The content of a Binary goes out with its own type. */
function native(outcome: FhirResponse, answered: Answer): Work {
  const { body } = outcome;
  const pieces = body?.kind === 'bytes' ? [body.bytes] : [];
  return { outcome, pieces, answered };
}

function pathOf(address: RegExpExecArray): string[] {
  const path = address[2];
  if (!path) return [];
  return path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeSegment);
}

function rendered(definitions: Definitions, answered: Answer, format: Format, id: string): Work {
  const { response } = answered;
  if (!response.body) return { outcome: response, pieces: [], answered };
  try {
    const pieces = renderBody(definitions, response.body, format);
    return { outcome: typed(response, format), pieces, answered };
  } catch (error) {
    // What JSON can hold and XML cannot: the refusal itself goes out as JSON, and so does what a write has done already.
    const json = negotiate(undefined, []);
    const outcome = typed(isDone(answered) ? response : refusal(error, id), json);
    const pieces = renderBody(definitions, outcome.body!, json);
    const failure = error instanceof FhirError ? undefined : error;
    return { outcome, pieces, answered: { ...answered, failure } };
  }
}

const typed = (response: FhirResponse, { contentType }: Format): FhirResponse => ({
  ...response,
  headers: { 'content-type': contentType, ...response.headers },
});

const isDone = ({ interaction, response }: Pick<Answer, 'interaction' | 'response'>): boolean =>
  response.status < 400 && /^(?:create|update|patch|delete|bundle)/.test(interaction);

async function fhirRequest(
  options: EdgeOptions,
  request: IncomingMessage,
  address: RegExpExecArray,
  asked: readonly (readonly [string, string])[],
  id: string,
): Promise<FhirRequest> {
  const method = request.method ?? '';
  if (!METHODS.includes(method)) throw unknownMethod(method);
  const path = pathOf(address);
  const body = method === 'GET' || method === 'HEAD' ? undefined : await bodyOf(options, request, path);
  const isForm = body?.kind === 'text' && body.mediaType === FORM && path.at(-1) === '_search';
  return {
    method: method as Method,
    path,
    query: isForm ? [...asked, ...parseQuery(body.text)] : asked,
    headers: request.headers as Record<string, string | undefined>,
    body: isForm ? undefined : body,
    baseUrl: baseUrl(options, address),
    id,
  };
}

function unknownMethod(method: string): Error {
  const allow = METHODS.join(', ');
  const error = fault('method', `The method ${method.slice(0, 20)} is not one of ${allow}`);
  return Object.assign(error, { headers: { allow } });
}

async function bodyOf(
  options: EdgeOptions,
  request: IncomingMessage,
  path: readonly string[],
): Promise<RequestBody | undefined> {
  const { headers } = request;
  if (
    headers['content-length'] === '0' ||
    (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined)
  ) {
    return undefined;
  }
  const type = mediaType(headers['content-type']);
  if (sendsContent(request.method ?? '', path, type)) {
    const context = headers['x-security-context'];
    const bytes = await readBytes(request, options.maxBodyBytes);
    return {
      kind: 'tree',
      tree: binaryOf(path, headers['content-type']!, context as string | undefined, bytes),
    };
  }
  const text = await readBody(request, options.maxBodyBytes);
  return text === '' ? undefined : { kind: 'text', mediaType: mediaType(headers['content-type']), text };
}
