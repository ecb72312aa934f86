/**
 * Fetches what a client names, and nothing of our own network: https alone, no redirect, an address that is looked at and then connected to (so that
 * a name cannot change its mind in between), within bounds of time and size. https://owasp.org/www-community/attacks/Server_Side_Request_Forgery
 */
import { lookup, type LookupAddress } from 'node:dns';
import { request, type RequestOptions } from 'node:https';
import { BlockList, isIP } from 'node:net';

const MOST_BYTES = 65_536;
const MOST_MS = 2500;

/** Special-purpose addresses. https://www.iana.org/assignments/iana-ipv4-special-registry, iana-ipv6-special-registry */
const INSIDE: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
];

type Family = 'ipv4' | 'ipv6';
const familyOf = (network: string): Family => (network.includes(':') ? 'ipv6' : 'ipv4');

/** One list a family: a list that has the mapped IPv4 addresses takes every IPv4 address for one of them. */
const inside: Readonly<Record<Family, BlockList>> = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const [network, prefix] of INSIDE)
  inside[familyOf(network)].addSubnet(network, prefix, familyOf(network));

/** Whether an address may be connected to: one of the internet at large. */
export function isPublicAddress(address: string): boolean {
  const family = familyOf(address);
  return isIP(address) !== 0 && !inside[family].check(address, family);
}

/** Takes what `fetch` does, as far as key sets are fetched: a URL, headers and a signal. Throws where it does not go. */
export async function guardedFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input);
  if (url.protocol !== 'https:') throw new TypeError(`only https is fetched, not ${url.protocol}`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isPublicAddress(host))
    throw new TypeError(`${host} is an address of our own network`);
  const headers = Object.fromEntries(new Headers(init.headers));
  const signal = AbortSignal.any([AbortSignal.timeout(MOST_MS), ...(init.signal ? [init.signal] : [])]);
  return get(url, { headers, signal, lookup: publicLookup });
}

/** The lookup of a connection: every address of the name has to be a public one. */
const publicLookup: NonNullable<RequestOptions['lookup']> = (name, options, done) => {
  lookup(name, { ...options, all: true }, (error, addresses) => {
    const refused = error ?? faultOf(name, addresses);
    if (refused) return done(refused, []);
    const [first] = addresses;
    return options.all ? done(null, addresses) : done(null, first!.address, first!.family);
  });
};

function faultOf(name: string, addresses: readonly LookupAddress[]): Error | undefined {
  if (addresses.length > 0 && addresses.every(({ address }) => isPublicAddress(address))) return undefined;
  return new TypeError(`${name} leads to an address of our own network`);
}

function get(url: URL, options: RequestOptions): Promise<Response> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...options, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MOST_BYTES) incoming.destroy(new RangeError(`more than ${MOST_BYTES} bytes`));
        else chunks.push(chunk);
      });
      incoming.on('error', reject);
      incoming.on('end', () => {
        const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [
          name,
          String(value),
        ]);
        const status = incoming.statusCode ?? 502;
        resolve(
          new Response(status === 204 || status === 304 ? null : Buffer.concat(chunks), { status, headers }),
        );
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
