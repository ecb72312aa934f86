/**
 * What makes the audit trail tamper-evident: each page carries a hash over itself and the page before, and proofs are made with a key from the secret of
 * the tenant. Both stores keep pages by it, `embergate audit verify` holds them against it (docs/adr/0031-audit.md).
 * https://www.rfc-editor.org/rfc/rfc2104, https://www.rfc-editor.org/rfc/rfc5869
 */
import { hash as digest, hkdfSync } from 'node:crypto';
import type { AuditHead, AuditPage, AuditRegister, NewAuditPage } from './audit-port.ts';

/** The end of a chain: its last page, or what comes before its first one. */
export interface Link {
  readonly seq: number;
  readonly hash: string;
}

export const BEGINNING: Link = { seq: 0, hash: '' };

/** The hash of a page, base64url. `before`: the hash of the page before. */
export function pageHash(before: string, page: Omit<AuditPage, 'hash' | 'mac'>): string {
  const { chain, seq, since, at, keys, body } = page;
  const head = `${before}\n${chain}\n${seq}\n${since}\n${at}\n${JSON.stringify(keys)}\n`;
  return digest('sha256', Buffer.concat([Buffer.from(head), body]), 'base64url');
}

export interface AuditSeal {
  /** The page that follows a link of its chain. */
  page(chain: string, before: Link, page: NewAuditPage): AuditPage;
  head(chain: string, link: Link): AuditHead;
  register(chains: readonly string[]): AuditRegister;
  /** the proof that a page ought to carry */
  pageMac(page: Pick<AuditPage, 'chain' | 'seq' | 'hash'>): string;
}

const BLOCK = 64;

/** HMAC-SHA-256, base64url. As two plain hashes it takes a fifth of the time of `createHmac`, and each answered read needs two. */
export function hmac(key: Uint8Array): (text: string) => string {
  const pad = (byte: number): Buffer =>
    Buffer.from(Array.from({ length: BLOCK }, (_, i) => (key[i] ?? 0) ^ byte));
  const [inner, outer] = [pad(0x36), pad(0x5c)];
  return (text) => {
    const first = digest('sha256', Buffer.concat([inner, Buffer.from(text)]), 'buffer');
    return digest('sha256', Buffer.concat([outer, first]), 'base64url');
  };
}

const sealOfKey = (key: Buffer): AuditSeal => {
  const sign = hmac(key);
  const mac = (kind: string, ...parts: readonly (string | number)[]): string =>
    sign([kind, ...parts].join('\n'));
  const pageMac: AuditSeal['pageMac'] = ({ chain, seq, hash }) => mac('page', chain, seq, hash);
  return {
    page: (chain, before, page) => {
      const placed = { ...page, chain, seq: before.seq + 1 };
      const hash = pageHash(before.hash, placed);
      return { ...placed, hash, mac: pageMac({ chain, seq: placed.seq, hash }) };
    },
    head: (chain, { seq, hash }) => ({ chain, seq, hash, mac: mac('head', chain, seq, hash) }),
    register: (chains) => {
      const sorted = [...new Set(chains)].sort();
      return { chains: sorted, mac: mac('chains', ...sorted) };
    },
    pageMac,
  };
};

/** `secret`: the 32 bytes that are kept with the data of the tenant. */
export function auditSeal(secret: Uint8Array): AuditSeal {
  return sealOfKey(Buffer.from(hkdfSync('sha256', secret, '', 'embergate audit chain', 32)));
}

/** Bytes and keys of one page that is made of several. */
const MOST_BYTES = 256 << 10;
const MOST_KEYS = 1000;
const NEWLINE = Buffer.from('\n');

/** Makes few pages of many that are kept together, in their order: so hash, head and row are paid once for all. */
export function joinedPages(pages: readonly NewAuditPage[]): NewAuditPage[] {
  if (pages.length < 2) return [...pages];
  const joined: NewAuditPage[] = [];
  for (let from = 0; from < pages.length;) {
    let [to, bytes, keys] = [from, 0, 0];
    do {
      bytes += pages[to]!.body.length + 1;
      keys += pages[to]!.keys.length;
      to++;
    } while (to < pages.length && bytes < MOST_BYTES && keys < MOST_KEYS);
    joined.push(onePage(pages.slice(from, to)));
    from = to;
  }
  return joined;
}

function onePage(pages: readonly NewAuditPage[]): NewAuditPage {
  if (pages.length === 1) return pages[0]!;
  let [since, at] = [Infinity, -Infinity];
  const keys = new Set<string>();
  for (const page of pages) {
    since = Math.min(since, page.since);
    at = Math.max(at, page.at);
    for (const key of page.keys) keys.add(key);
  }
  const bodies = pages.flatMap(({ body }, i) => (i === 0 ? [body] : [NEWLINE, body]));
  return { since, at, keys: [...keys], body: Buffer.concat(bodies) };
}
