/**
 * Which addresses may be connected to: those of the internet at large, and those of our own network that the operator has allowed.
 * https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
 */
import { BlockList, isIP } from 'node:net';

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
type Ranges = Readonly<Record<Family, BlockList>>;

const inside = rangesOf(INSIDE);

function rangesOf(networks: readonly (readonly [network: string, prefix: number])[]): Ranges {
  const ranges = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const [network, prefix] of networks) {
    const family = familyOf(network);
    ranges[family].addSubnet(network, prefix, family);
  }
  return ranges;
}

const isIn = (ranges: Ranges, address: string): boolean => {
  const family = familyOf(address);
  return isIP(address) !== 0 && ranges[family].check(address, family);
};

/** Whether an address is one of the internet at large. */
export const isPublicAddress = (address: string): boolean => isIP(address) !== 0 && !isIn(inside, address);

/** What of our own network may be connected to: names, addresses, networks in CIDR notation. */
export interface Allowed {
  readonly host: (name: string) => boolean;
  readonly address: (address: string) => boolean;
}

const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

/** undefined: this is neither a name nor an address nor a network. */
function networkOf(entry: string): readonly [network: string, prefix: number] | undefined {
  const [network = '', length] = entry.replace(/^\[|\]$/g, '').split('/');
  const kind = isIP(network);
  if (kind === 0) return undefined;
  const most = kind === 4 ? 32 : 128;
  const prefix = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  return prefix >= 0 && prefix <= most ? [network, prefix] : undefined;
}

/** Whether an entry of a list of allowed hosts can be understood. */
export const isAllowEntry = (entry: string): boolean =>
  networkOf(entry) !== undefined || (isIP(entry.split('/')[0]!) === 0 && NAME.test(entry.toLowerCase()));

/** Reads a list of allowed hosts; entries that cannot be understood allow nothing. */
export function allowedOf(entries: readonly string[]): Allowed {
  const networks = entries.flatMap((entry) => {
    const network = networkOf(entry);
    return network ? [network] : [];
  });
  const names = new Set(entries.filter((entry) => !networkOf(entry)).map((entry) => entry.toLowerCase()));
  const ranges = rangesOf(networks);
  return {
    host: (name) => names.has(name.toLowerCase().replace(/\.$/, '')),
    address: (address) => isIn(ranges, address),
  };
}
