/**
 * The network address that a request comes from: what attempts are counted by. Behind reverse proxies of ours it is what the outermost of them saw;
 * anything further left in X-Forwarded-For was written by the client itself. https://www.rfc-editor.org/rfc/rfc7239#section-8.1
 */
import type { IncomingMessage } from 'node:http';

/** `proxies`: how many reverse proxies of ours stand in front. */
export function clientAddress(request: IncomingMessage, proxies: number): string {
  if (proxies === 0) return request.socket.remoteAddress ?? '';
  let address = known.get(request);
  if (address === undefined) known.set(request, (address = forwardedFor(request, proxies)));
  return address;
}

/** What a request said at first counts: later on its headers are made ours. */
const known = new WeakMap<IncomingMessage, string>();

function forwardedFor(request: IncomingMessage, proxies: number): string {
  const nearest = request.socket.remoteAddress ?? '';
  const header = request.headers['x-forwarded-for'] ?? '';
  const forwarded = String(header)
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  const chain = [...forwarded, nearest];
  return withoutPort(chain[Math.max(0, chain.length - 1 - proxies)]!);
}

/** Some proxies write `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function withoutPort(address: string): string {
  const [, v6] = /^\[([^\]]+)\](?::\d+)?$/.exec(address) ?? [];
  return v6 ?? address.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
}
