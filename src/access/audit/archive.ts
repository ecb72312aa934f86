/**
 * The trail as a signed archive: one JSON object a line, first what it is of, then each page as it is kept followed by its events in FHIR, last the
 * signature over all lines before. Who has the public key can tell that nothing in it was changed. https://www.rfc-editor.org/rfc/rfc8032 (Ed25519)
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import type { AuditHead, AuditStore } from '../../store/audit-port.ts';
import { auditEvent, TRAIL_ID, type Telling } from './event.ts';
import { decodeNotes } from './page.ts';

const FORMAT = 'embergate-audit-1';

/** PKCS #8 around the 32 bytes of an Ed25519 key. https://www.rfc-editor.org/rfc/rfc8410 */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

function archiveKey(secret: Uint8Array): KeyObject {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', 'embergate audit archive', 32));
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
}

const publicText = (key: KeyObject): string =>
  createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64url');

export interface Archived {
  readonly pages: number;
  readonly events: number;
}

/** Gives the lines of an archive, each with its end. */
export async function* archiveLines(
  { audit, secret }: { readonly audit: AuditStore; readonly secret: Uint8Array },
  telling: Telling,
  now: number,
): AsyncGenerator<string, Archived> {
  const key = archiveKey(secret);
  const hash = createHash('sha256');
  const line = (value: unknown): string => {
    const text = `${JSON.stringify(value)}\n`;
    hash.update(text);
    return text;
  };
  const heads = await audit.heads();
  const register = await audit.register();
  const made = new Date(now).toISOString();
  yield line({ archive: FORMAT, base: telling.base, made, key: publicText(key), heads, register });
  let [pages, events] = [0, 0];
  for await (const page of audit.walk()) {
    pages++;
    const { body, ...head } = page;
    yield line({ page: { ...head, body: Buffer.from(body).toString('utf8') } });
    for (const [offset, note] of decodeNotes(body).entries()) {
      events++;
      const id = `${TRAIL_ID}${page.at.toString(36)}.${page.chain}.${page.seq}.${offset}`;
      yield line({ event: auditEvent(id, note, telling) });
    }
  }
  const signature = sign(null, hash.digest(), key).toString('base64url');
  yield `${JSON.stringify({ signature })}\n`;
  return { pages, events };
}

export interface ArchiveHead {
  readonly base: string;
  readonly made: string;
  readonly heads: readonly AuditHead[];
}

/** What an archive is of. Throws an Error with one clear line where it was changed, or was not made with the secret. */
export async function readArchive(lines: AsyncIterable<string>, secret: Uint8Array): Promise<ArchiveHead> {
  const hash = createHash('sha256');
  let head: (ArchiveHead & { readonly archive?: string; readonly key?: string }) | undefined;
  let last: string | undefined;
  for await (const one of lines) {
    if (last !== undefined) hash.update(`${last}\n`);
    head ??= parsed(one);
    last = one;
  }
  if (head?.archive !== FORMAT) throw new Error('this is no archive of an audit trail');
  const key = createPublicKey(archiveKey(secret));
  if (head.key !== key.export({ format: 'der', type: 'spki' }).toString('base64url'))
    throw new Error('the archive was made by another server or tenant: its key is another');
  const { signature } = parsed(last ?? '') as { readonly signature?: string };
  const isWhole =
    typeof signature === 'string' && verify(null, hash.digest(), key, Buffer.from(signature, 'base64url'));
  if (!isWhole) throw new Error('the archive was changed or is not whole: its signature does not fit');
  return head;
}

function parsed(line: string): ArchiveHead {
  try {
    return JSON.parse(line) as ArchiveHead;
  } catch {
    throw new Error('this is no archive of an audit trail');
  }
}
