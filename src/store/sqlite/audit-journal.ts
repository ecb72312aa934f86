/**
 * Where a thread writes its pages of the audit trail before anyone is answered: a file of its own, so that a read waits for one write to the operating
 * system and for nobody else. The writer thread moves the pages into the database a moment later, and after a crash (docs/adr/0031-audit.md).
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { randomBytes } from 'node:crypto';
import { auditSeal, BEGINNING, type AuditSeal, type Link } from '../audit-chain.ts';
import { fault } from '../../fhir/model/outcome.ts';
import type { AuditHead, AuditPage, NewAuditPage } from '../audit-port.ts';

/** Beside the database of a tenant. */
export const journalFolder = (file: string): string => file.replace(/\.db$/, '.audit');

/** Time, process and thread, so that the names of chains read as a history and tell whose they are. */
const newChain = (): string =>
  `${Date.now().toString(36)}-${process.pid}-${threadId}-${randomBytes(4).toString('hex')}`;

/** Which process began a chain, and when (ms); undefined for the chain of commits. */
export function makerOf(chain: string): { readonly pid: number; readonly at: number } | undefined {
  const [, at, pid] = /^([0-9a-z]+)-(\d+)-\d+-[0-9a-f]{8}$/.exec(chain) ?? [];
  return at === undefined ? undefined : { pid: Number(pid), at: parseInt(at, 36) };
}

export const segmentFile = (folder: string, chain: string, segment: number): string =>
  join(folder, `${chain}.${segment}.log`);
export const headFile = (folder: string, chain: string): string => join(folder, `${chain}.head`);

/** A head always fills so many bytes, so that a newer one covers it. */
const HEAD_BYTES = 320;

export function encodeHead({ chain, seq, hash, mac }: AuditHead): Buffer {
  return Buffer.from(JSON.stringify({ chain, seq, hash, mac }).padEnd(HEAD_BYTES));
}

/** Undefined where there is none, or what stands there is none. */
export function readHead(file: string): AuditHead | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as AuditHead;
  } catch {
    return undefined;
  }
}

/** A page as it stands in a file: its head as a line of JSON, which tells how long the body is, and the body. */
export function encodeFrame({ body, ...head }: AuditPage): Buffer {
  const line = Buffer.from(`${JSON.stringify({ ...head, bytes: body.length })}\n`);
  return Buffer.concat([line, body, NEWLINE]);
}

const NEWLINE = Buffer.from('\n');

/** The whole pages of a file. What a kill has cut off at its end was told to nobody. */
export function decodeFrames(bytes: Buffer): AuditPage[] {
  const pages: AuditPage[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0x0a, at);
    const head = end < 0 ? undefined : parsed(bytes.toString('utf8', at, end));
    if (!head) break;
    const to = end + 1 + head.bytes;
    if (to >= bytes.length) break;
    const { bytes: _length, ...page } = head;
    pages.push({ ...page, body: bytes.subarray(end + 1, to) });
    at = to + 1;
  }
  return pages;
}

type FrameHead = Omit<AuditPage, 'body'> & { readonly bytes: number };

function parsed(line: string): FrameHead | undefined {
  try {
    const head = JSON.parse(line) as FrameHead;
    return Number.isSafeInteger(head.bytes) && Array.isArray(head.keys) ? head : undefined;
  } catch {
    return undefined;
  }
}

export interface JournalOptions {
  /** database of the tenant */
  readonly file: string;
  readonly secret: Uint8Array;
  /** registers a chain, durably */
  readonly begin: (chain: string) => Promise<unknown>;
  /** what was begun is over, and the pages of its files are moved */
  readonly end: (chain: string) => Promise<unknown>;
  /** has the pages of all files moved into the database */
  readonly move: () => Promise<unknown>;
}

interface Open {
  readonly chain: string;
  readonly head: number;
  segment: number;
  log: number;
  bytes: number;
  end: Link;
}

/** How long pages stay in the file, so long as nobody asks for them. */
const MOVE_MS = 250;
/** Bytes that may wait in a file: beyond them the database has failed to take them, and the trail with it. */
const MOST_BYTES = 256 << 20;

export class AuditJournal {
  readonly #options: JournalOptions;
  readonly #folder: string;
  readonly #seal: AuditSeal;
  #open: Open | undefined;
  #opening: Promise<Open> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #moving: Promise<unknown> | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#folder = journalFolder(options.file);
    this.#seal = auditSeal(options.secret);
  }

  /** When it resolves, the page survives the end of this process. */
  async append(page: NewAuditPage): Promise<void> {
    const open = this.#open ?? (await this.#begin());
    if (open.bytes > MOST_BYTES) throw fault('busy', 'The database does not take the audit trail');
    try {
      this.#write(open, page);
    } catch (error) {
      this.#abandon(open);
      throw fault(
        'busy',
        `The journal cannot be written (${(error as NodeJS.ErrnoException).code ?? 'fault'})`,
      );
    }
    this.#timer ??= setTimeout(() => void this.move().catch(() => undefined), MOVE_MS).unref();
  }

  /** Has all pages moved into the database, those of other threads too. */
  async move(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // A move that is under way may have looked at the files before the last page came.
    await this.#moving?.catch(() => undefined);
    if (this.#open && this.#open.bytes > 0) this.#rotate(this.#open);
    this.#moving = this.#options.move();
    await this.#moving;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const open = this.#open ?? (await this.#opening?.catch(() => undefined));
    this.#open = undefined;
    if (!open) return;
    closeSync(open.log);
    closeSync(open.head);
    await this.#options.end(open.chain);
  }

  #begin(): Promise<Open> {
    const chain = newChain();
    this.#opening ??= (async () => {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const head = openSync(headFile(this.#folder, chain), 'wx', 0o600);
      const log = openSync(segmentFile(this.#folder, chain, 1), 'wx', 0o600);
      const open = { chain, head, log, segment: 1, bytes: 0, end: BEGINNING };
      writeSync(head, encodeHead(this.#seal.head(chain, open.end)), 0, HEAD_BYTES, 0);
      // The files come first: a chain that is registered and has none was robbed of them.
      await this.#options.begin(chain);
      return (this.#open = open);
    })().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  /** The page before the head: a head that tells of more than there is means that something was removed. */
  #write(open: Open, one: NewAuditPage): void {
    const page = this.#seal.page(open.chain, open.end, one);
    const frame = encodeFrame(page);
    writeWhole(open.log, frame);
    writeSync(open.head, encodeHead(this.#seal.head(open.chain, page)), 0, HEAD_BYTES, 0);
    open.end = { seq: page.seq, hash: page.hash };
    open.bytes += frame.length;
  }

  /** Later pages go into a new file; the writer removes one that is followed by another once it has its pages. */
  #rotate(open: Open): void {
    const log = openSync(segmentFile(this.#folder, open.chain, open.segment + 1), 'wx', 0o600);
    closeSync(open.log);
    Object.assign(open, { log, segment: open.segment + 1, bytes: 0 });
  }

  /** What stands behind the last whole page is cut off, and another chain begun. */
  #abandon(open: Open): void {
    if (this.#open === open) this.#open = undefined;
    try {
      ftruncateSync(open.log, open.bytes);
      closeSync(open.log);
      closeSync(open.head);
    } catch {
      return;
    }
  }
}

function writeWhole(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

/** What cannot be removed now is looked at again later. */
export function removeFile(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    return;
  }
}
