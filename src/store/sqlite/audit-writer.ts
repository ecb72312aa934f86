/**
 * The audit trail in the writer's transactions: pages that ride in commits make one chain, those of the journals of the other threads are moved in as they
 * are, each into the chain of its thread. Keys go into their index many pages at a time. https://www.sqlite.org/withoutrowid.html
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { auditSeal, BEGINNING, joinedPages, type AuditSeal, type Link } from '../audit-chain.ts';
import type { AuditHead, AuditPage, NewAuditPage } from '../audit-port.ts';
import { decodeFrames, headFile, journalFolder, makerOf, readHead, segmentFile } from './audit-journal.ts';
import type { AuditPageWire } from './wire.ts';

/** The chain of what rides in commits: they have one order, whoever makes them. */
const COMMITS = 'commits';
const REGISTER = 'audit';
/** The hash of a head whose journal was removed before its pages were moved: no page can have it. */
export const REMOVED = 'removed';

/** Pages whose keys are moved into the index in one transaction. */
export const AUDIT_TOGETHER = 1000;

interface Chain {
  readonly id: number;
  end: Link;
  /** it has a journal, which may hold more pages */
  open: boolean;
}

/** Everything here happens inside a transaction of the writer. */
export class AuditWriter {
  readonly #seal: AuditSeal;
  readonly #folder: string;
  readonly #statements: ReturnType<typeof prepareAll>;
  readonly #chains = new Map<string, Chain>();
  #pages: NewAuditPage[] = [];
  #last = 0;
  #indexed = 0;
  /** files whose pages are in the database once the transaction is */
  #moved: string[] = [];
  #spent: string[] = [];

  constructor(db: DatabaseSync, file: string, secret: Uint8Array) {
    this.#seal = auditSeal(secret);
    this.#folder = journalFolder(file);
    this.#statements = prepareAll(db);
  }

  /** pages whose keys are not in the index yet */
  get waiting(): number {
    return this.#last - this.#indexed;
  }

  /** At the begin of a transaction: what an undone one has left is gone. */
  begin(): void {
    [this.#pages, this.#moved] = [[], []];
  }

  /** A page that rides in a commit. */
  add({ since, at, keys, body }: AuditPageWire): void {
    this.#pages.push({ since, at, body, keys: JSON.parse(keys) as string[] });
  }

  /** At the end of a transaction: all that was added becomes few pages. */
  write(): void {
    if (this.#pages.length === 0) return;
    const chain = this.#chains.get(COMMITS) ?? this.#register(COMMITS, false);
    for (const one of joinedPages(this.#pages)) this.#insert(chain, this.#seal.page(COMMITS, chain.end, one));
    this.#putHead(COMMITS, chain);
    this.#pages = [];
  }

  /** A journal is closed in order: all of it is in the database. */
  end(name: string): void {
    const chain = this.#chains.get(name);
    if (!chain?.open) return;
    this.#moveChain(name, segmentsIn(this.#folder).get(name) ?? []);
    this.#end(name, chain);
  }

  /** A thread begins to write a journal. */
  open(chain: string): void {
    if (!this.#chains.has(chain)) this.#register(chain, true);
  }

  /** Learns anew what there is: another connection has written, or a transaction was undone. */
  learn(): void {
    this.#chains.clear();
    for (const { id, chain, seq, hash, open } of this.#statements.heads.all() as unknown as HeadRow[])
      this.#chains.set(chain, { id, end: { seq, hash }, open: open === 1 });
    this.#last = (this.#statements.last.get() as { id: number | null }).id ?? 0;
    this.#indexed = (this.#statements.indexed.get() as { page: number } | undefined)?.page ?? 0;
  }

  /** Moves the pages of all journals. A journal whose process is gone is done with. */
  move(): void {
    const files = segmentsIn(this.#folder);
    for (const [name, segments] of files) {
      if (this.#chains.has(name)) this.#moveChain(name, segments);
      else if (!isAlive(name)) this.#discard(name, segments);
    }
    for (const [name, chain] of this.#chains) if (chain.open && !isAlive(name)) this.#end(name, chain);
  }

  /** After the transaction. */
  done(): void {
    if (this.#moved.length > 0) this.#spent.push(...this.#moved);
  }

  /** Files that may be removed once the last transaction is on the disk. */
  takeSpent(): readonly string[] {
    const spent = this.#spent;
    if (spent.length > 0) this.#spent = [];
    return spent;
  }

  /** Moves the keys of the oldest pages that wait, in the order of the index. */
  settle(): void {
    const { keysBetween, insertKey, putIndexed } = this.#statements;
    const to = Math.min(this.#indexed + AUDIT_TOGETHER, this.#last);
    const rows = keysBetween.all(this.#indexed, to) as unknown as { id: number; keys: string }[];
    const pairs = rows.flatMap(({ id, keys }) => (JSON.parse(keys) as string[]).map((key) => ({ key, id })));
    pairs.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.id - b.id));
    for (const { key, id } of pairs) insertKey.run(key, id);
    putIndexed.run(to);
    this.#indexed = to;
  }

  #moveChain(name: string, segments: readonly number[]): void {
    const chain = this.#chains.get(name);
    // A journal that was never registered is not ours: nothing of it is taken in.
    if (!chain?.open) return;
    const before = chain.end;
    for (const segment of segments) {
      const file = segmentFile(this.#folder, name, segment);
      for (const page of decodeFrames(bytesOf(file)))
        // A gap is taken in as it is: it is for verify to tell.
        if (page.chain === name && page.seq > chain.end.seq) this.#insert(chain, page);
      if (segment !== segments.at(-1)) this.#moved.push(file);
    }
    if (chain.end !== before) this.#putHead(name, chain);
  }

  /** Files of a process that was killed before it had registered them: nobody was answered by what is in them. */
  #discard(name: string, segments: readonly number[]): void {
    for (const segment of segments) this.#moved.push(segmentFile(this.#folder, name, segment));
    this.#moved.push(headFile(this.#folder, name));
  }

  /** The last word on a chain has the head in its file: what that tells of and is not there was removed. */
  #end(name: string, chain: Chain): void {
    const file = headFile(this.#folder, name);
    const told = readHead(file);
    const proven = told?.mac === this.#seal.head(name, told ?? chain.end).mac ? told : undefined;
    if (!proven) chain.end = { seq: chain.end.seq + 1, hash: REMOVED };
    else if (proven.seq > chain.end.seq) chain.end = proven;
    chain.open = false;
    this.#putHead(name, chain);
    for (const segment of segmentsIn(this.#folder).get(name) ?? [])
      this.#moved.push(segmentFile(this.#folder, name, segment));
    this.#moved.push(file);
  }

  #insert(chain: Chain, { seq, since, at, hash, mac, keys, body }: AuditPage): void {
    this.#last++;
    this.#statements.insertPage.run(
      this.#last,
      chain.id,
      seq,
      since,
      at,
      hash,
      mac,
      JSON.stringify(keys),
      body,
    );
    chain.end = { seq, hash };
  }

  #register(name: string, open: boolean): Chain {
    const { putMeta, insertHead } = this.#statements;
    const register = this.#seal.register([...this.#chains.keys(), name]);
    putMeta.run(REGISTER, Buffer.from(JSON.stringify(register)));
    const { seq, hash, mac } = this.#seal.head(name, BEGINNING);
    const id = Number(insertHead.run(name, seq, hash, mac, open ? 1 : 0).lastInsertRowid);
    const chain = { id, end: BEGINNING, open };
    this.#chains.set(name, chain);
    return chain;
  }

  #putHead(name: string, { end, open, id }: Chain): void {
    const { seq, hash, mac } = this.#seal.head(name, end);
    this.#statements.putHead.run(seq, hash, mac, open ? 1 : 0, id);
  }
}

interface HeadRow extends AuditHead {
  readonly id: number;
  readonly open: number;
}

function prepareAll(db: DatabaseSync) {
  return {
    insertPage: db.prepare(
      'INSERT INTO audit_page(id, chain, seq, since, at, hash, mac, keys, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    insertHead: db.prepare('INSERT INTO audit_head(chain, seq, hash, mac, open) VALUES (?, ?, ?, ?, ?)'),
    putHead: db.prepare('UPDATE audit_head SET seq = ?, hash = ?, mac = ?, open = ? WHERE id = ?'),
    putMeta: db.prepare('INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)'),
    heads: db.prepare('SELECT id, chain, seq, hash, mac, open FROM audit_head'),
    last: db.prepare('SELECT max(id) AS id FROM audit_page'),
    indexed: db.prepare('SELECT page FROM audit_indexed WHERE id = 1'),
    putIndexed: db.prepare('INSERT OR REPLACE INTO audit_indexed(id, page) VALUES (1, ?)'),
    keysBetween: db.prepare('SELECT id, keys FROM audit_page WHERE id > ? AND id <= ?'),
    insertKey: db.prepare('INSERT OR IGNORE INTO audit_key(key, page) VALUES (?, ?)'),
  };
}

const SEGMENT = /^(.+)\.(\d+)\.log$/;

/** The files of each chain, in their order. */
function segmentsIn(folder: string): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const name of filesIn(folder)) {
    const [, chain, segment] = SEGMENT.exec(name) ?? [];
    if (chain === undefined) continue;
    found.set(
      chain,
      [...(found.get(chain) ?? []), Number(segment)].sort((a, b) => a - b),
    );
  }
  return found;
}

/** Another process may have moved it a moment ago, and removed it once its pages were in the database. */
function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** By so much two clocks of one process may differ. */
const CLOCK_MS = 500;

/** Whether the process that writes a journal may still write to it. */
function isAlive(chain: string): boolean {
  const maker = makerOf(chain);
  if (!maker) return false;
  const { pid, at } = maker;
  // In a container every process has the same number: what was begun before this one began is not its own.
  if (pid === process.pid) return at > Date.now() - process.uptime() * 1000 - CLOCK_MS;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
