/**
 * The one way out: every request that this server sends on its own goes through here. https alone, an address that is looked at and then connected to (so
 * that a name cannot change its mind in between), each redirect judged anew, within bounds of time and size. Our own network is out of bounds but for
 * what the operator has allowed. https://owasp.org/www-community/attacks/Server_Side_Request_Forgery
 */
import { lookup as systemLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { request as plainRequest } from 'node:http';
import { request as secureRequest, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import { allowedOf, isPublicAddress, type Allowed } from './addresses.ts';

export interface EgressLimits {
  /** of an answer's body; it is not decompressed */
  readonly bytes: number;
  /** for all of it, redirects included */
  readonly ms: number;
  /** redirects that are followed; where there is one more, it is the answer */
  readonly redirects: number;
}

const LIMITS: EgressLimits = { bytes: 65_536, ms: 2500, redirects: 0 };

export interface EgressInit extends RequestInit {
  readonly limits?: Partial<EgressLimits>;
}

export type Egress = (input: string | URL | Request, init?: EgressInit) => Promise<Response>;

type Lookup = (
  name: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface EgressOptions {
  /** what of our own network may be reached: names, addresses, CIDR networks */
  readonly allow?: readonly string[];
  /** for tests */
  readonly lookup?: Lookup;
}

/** This is no place to go. Nothing was sent there. */
export class EgressRefused extends TypeError {}

/** Takes what `fetch` does as far as it is needed: a URL, method, headers, a body of text or bytes, a signal. Throws EgressRefused where it does not go. */
export function egress({ allow = [], lookup = systemLookup }: EgressOptions = {}): Egress {
  const allowed = allowedOf(allow);
  return async (input, init = {}) => {
    const limits = { ...LIMITS, ...init.limits };
    const signal = AbortSignal.any([AbortSignal.timeout(limits.ms), ...(init.signal ? [init.signal] : [])]);
    let hop = firstHop(input, init);
    for (let hops = 0; ; hops++) {
      judgeUrl(hop.url, allowed);
      const guarded = guardedLookup(allowed, lookup);
      const response = await send(hop, { signal, lookup: guarded }, limits.bytes);
      const next = hops < limits.redirects ? redirected(hop, response) : undefined;
      if (!next) return response;
      hop = next;
    }
  };
}

interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

function firstHop(input: string | URL | Request, { method = 'GET', headers, body }: RequestInit): Hop {
  if (body !== undefined && body !== null && typeof body !== 'string' && !(body instanceof Uint8Array))
    throw new EgressRefused('a body is text or bytes');
  const sent = Object.fromEntries(new Headers(headers));
  // The name that is asked for is the one that is connected to.
  delete sent['host'];
  const url = new URL(input instanceof Request ? input.url : input);
  return { url, method: method.toUpperCase(), headers: sent, body: body ?? undefined };
}

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

function judgeUrl(url: URL, allowed: Allowed): void {
  const host = hostOf(url);
  const isLiteral = isIP(host) !== 0;
  const isAllowed = isLiteral ? allowed.address(host) : allowed.host(host);
  if (url.protocol !== 'https:' && !(isAllowed && url.protocol === 'http:'))
    throw new EgressRefused(`only https is fetched, not ${url.protocol}`);
  if (url.username !== '' || url.password !== '')
    throw new EgressRefused('an address with a user name or password is not fetched');
  if (isLiteral && !isAllowed && !isPublicAddress(host))
    throw new EgressRefused(`${host} is an address of our own network`);
}

/** The lookup of a connection: every address of the name has to be a good one, and the connection goes to one of those and no other. */
function guardedLookup(allowed: Allowed, lookup: Lookup): NonNullable<RequestOptions['lookup']> {
  return (name, options, done) => {
    lookup(name, { ...options, all: true }, (error, addresses) => {
      const refused = error ?? faultOf(name, addresses, allowed);
      if (refused) return done(refused, []);
      const [first] = addresses;
      return options.all ? done(null, addresses) : done(null, first!.address, first!.family);
    });
  };
}

function faultOf(
  name: string,
  addresses: readonly LookupAddress[],
  allowed: Allowed,
): EgressRefused | undefined {
  if (allowed.host(name) && addresses.length > 0) return undefined;
  const isGood = ({ address }: LookupAddress): boolean =>
    isPublicAddress(address) || allowed.address(address);
  if (addresses.length > 0 && addresses.every(isGood)) return undefined;
  return new EgressRefused(`${name} leads to an address of our own network`);
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Where a redirect leads. What proves who we are goes to no other origin. https://fetch.spec.whatwg.org/#http-redirect-fetch */
function redirected(hop: Hop, { status, headers }: Response): Hop | undefined {
  const location = headers.get('location');
  if (!REDIRECTS.includes(status) || location === null) return undefined;
  const url = URL.parse(location, hop.url.href);
  if (!url) return undefined;
  const keeps = status === 307 || status === 308 || hop.method === 'GET' || hop.method === 'HEAD';
  const { authorization: _proof, cookie: _cookie, ...plain } = hop.headers;
  const kept = url.origin === hop.url.origin ? hop.headers : plain;
  return keeps ? { ...hop, url, headers: kept } : { url, method: 'GET', headers: kept, body: undefined };
}

function send(
  { url, method, headers, body }: Hop,
  options: Pick<RequestOptions, 'signal' | 'lookup'>,
  most: number,
): Promise<Response> {
  const request = url.protocol === 'http:' ? plainRequest : secureRequest;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...options, method, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > most) incoming.destroy(new RangeError(`more than ${most} bytes`));
        else chunks.push(chunk);
      });
      incoming.on('error', reject);
      incoming.on('end', () => resolve(responseOf(incoming.statusCode ?? 502, incoming.headers, chunks)));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const WITHOUT_BODY: readonly number[] = [204, 205, 304];

function responseOf(
  status: number,
  received: Readonly<Record<string, string | readonly string[] | undefined>>,
  chunks: readonly Buffer[],
): Response {
  const headers = Object.entries(received).map(([name, value]): [string, string] => [name, String(value)]);
  // Some servers answer with a status that no Response can have.
  const known = status >= 200 && status <= 599 ? status : 502;
  return new Response(WITHOUT_BODY.includes(known) ? null : Buffer.concat(chunks), {
    status: known,
    headers,
  });
}
