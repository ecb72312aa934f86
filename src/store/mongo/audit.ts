/**
 * The audit trail of a tenant on MongoDB. Nothing orders what several threads and processes append, so each has chains of its own: one for what is
 * appended, one for what rides in commits. A page is stored before its head is moved, by one command, and both before anyone is answered: so a head never
 * points beyond its chain unless something was removed. https://www.mongodb.com/docs/manual/core/write-operations-atomicity/
 */
import { randomBytes } from 'node:crypto';
import { Binary, MongoServerError, type ClientSession, type Document, type Filter } from 'mongodb';
import { fault } from '../../fhir/model/outcome.ts';
import { auditSeal, BEGINNING, joinedPages, type AuditSeal, type Link } from '../audit-chain.ts';
import type { AuditHead, AuditPage, AuditQuery, AuditStore, NewAuditPage } from '../audit-port.ts';
import { clearly, READ_MS } from './client.ts';
import { write } from './command.ts';
import type { AuditDocument, AuditHeadDocument, Rooms } from './layout.ts';

/** The end of a chain of this process. */
export interface AuditChain {
  /** Makes pages that follow the last ones; nothing moves until `moved`. */
  readonly draft: (pages: readonly NewAuditPage[]) => AuditDraft;
  /** Before the first page of a chain: its name is registered. */
  readonly begin: () => Promise<void>;
  readonly moved: (draft: AuditDraft) => void;
  /** It is not known what became of a draft: another chain is begun. */
  readonly leave: () => void;
}

export interface AuditDraft {
  readonly pages: readonly AuditPage[];
  readonly head: AuditHead;
}

export function auditChain(rooms: Rooms, secret: Uint8Array): AuditChain {
  const seal = auditSeal(secret);
  let [name, end, registered] = [newName(), BEGINNING, undefined as Promise<void> | undefined];
  return {
    draft: (pages) => {
      let last: Link = end;
      const placed = joinedPages(pages).map((one) => {
        const page = seal.page(name, last, one);
        last = page;
        return page;
      });
      return { pages: placed, head: seal.head(name, last) };
    },
    begin: () => {
      const made = (registered ??= begun(rooms, seal, name));
      made.catch(() => (registered = undefined));
      return made;
    },
    moved: ({ head }) => {
      end = { seq: head.seq, hash: head.hash };
    },
    leave: () => {
      [name, end, registered] = [newName(), BEGINNING, undefined];
    },
  };
}

/** The head comes first: a name in the register without a head means that the chain was removed. */
async function begun(rooms: Rooms, seal: AuditSeal, name: string): Promise<void> {
  const { q, u } = headUpdate(seal.head(name, BEGINNING)) as { q: { _id: string }; u: AuditHeadDocument };
  await rooms.auditHeads.insertOne({ ...u, ...q });
  await register(rooms, seal, name);
}

/** In the order of their making, so that a list of chains reads as a history. */
const newName = (): string => `${Date.now().toString(36)}-${randomBytes(6).toString('hex')}`;

const REGISTER = 'audit';
const DUPLICATE = 11000;
const ROUNDS = 50;

/** Adds a name to the register, whose proof is over all of them: the change is made only where it still stands as it was read. */
async function register({ settings }: Rooms, seal: AuditSeal, name: string): Promise<void> {
  for (let round = 1; round <= ROUNDS; round++) {
    const known = (await settings.findOne({ _id: REGISTER }))?.audit;
    const next = seal.register([...(known?.chains ?? []), name]);
    try {
      const asked = known
        ? { _id: REGISTER, 'audit.mac': known.mac }
        : { _id: REGISTER, audit: { $exists: false } };
      const done = await settings.updateOne(asked, { $set: { audit: next } }, { upsert: !known });
      if (done.matchedCount + done.upsertedCount === 1) return;
    } catch (error) {
      if (!(error instanceof MongoServerError && error.code === DUPLICATE)) throw error;
    }
  }
  throw fault('busy', 'The audit trail could not be begun: try again');
}

const SEQ_DIGITS = 12;
const keyOf = (chain: string, seq: number): string => `${chain}/${String(seq).padStart(SEQ_DIGITS, '0')}`;

function documentOf({ chain, seq, since, at, keys, hash, mac, body }: AuditPage): AuditDocument {
  return { _id: keyOf(chain, seq), c: chain, n: seq, f: since, at, k: keys, h: hash, m: mac, b: body };
}

function pageOf({ c, n, f, at, k, h, m, b }: AuditDocument): AuditPage {
  const body = b instanceof Binary ? b.buffer : b;
  return { chain: c, seq: n, since: f, at, keys: k, hash: h, mac: m, body };
}

const HEAD = '~';

const headUpdate = ({ chain, seq, hash, mac }: AuditHead): Document => ({
  q: { _id: HEAD + chain },
  u: { n: seq, h: hash, m: mac },
  upsert: true,
});

/** A page that is there already is never replaced: then this fails as a duplicate. */
const pageUpdate = (page: AuditPage): Document => {
  const { _id, ...rest } = documentOf(page);
  return { q: { _id, c: { $exists: false } }, u: rest, upsert: true };
};

const updatesOf = ({ pages, head }: AuditDraft): Document[] => [...pages.map(pageUpdate), headUpdate(head)];

/** Writes pages and head in the transaction of a commit. */
export async function writeAudit(
  { db, audit }: Rooms,
  session: ClientSession,
  draft: AuditDraft,
): Promise<void> {
  await write(db, { update: audit.collectionName, updates: updatesOf(draft) }, session);
}

/** Pages that may wait to be appended, and their bytes. */
const MOST_WAITING = 5_000;
const MOST_BYTES = 64 << 20;

interface Waiting {
  readonly page: NewAuditPage;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface MongoAudit extends AuditStore {
  /** resolves once all that was appended so far has its answer */
  readonly drained: () => Promise<void>;
}

export function auditOf(rooms: Rooms, secret: Uint8Array): MongoAudit {
  const { append, drained } = appender(rooms, auditChain(rooms, secret));
  return {
    append,
    drained,
    read: (query) => clearly(() => read(rooms, query)),
    walk: () => walk(rooms),
    heads: () => clearly(() => heads(rooms)),
    register: () => clearly(async () => (await rooms.settings.findOne({ _id: REGISTER }))?.audit),
  };
}

/** One append is under way at a time; what has come meanwhile makes the next one. */
function appender(rooms: Rooms, chain: AuditChain): Pick<MongoAudit, 'append' | 'drained'> {
  let line: Waiting[] = [];
  let bytes = 0;
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    while (line.length > 0) {
      const taken = line;
      [line, bytes] = [[], 0];
      try {
        await clearly(() => appendTogether(rooms, chain, taken));
        for (const { resolve } of taken) resolve();
      } catch (error) {
        chain.leave();
        for (const { reject } of taken) reject(error);
      }
    }
    running = undefined;
  };
  const append = (page: NewAuditPage): Promise<void> => {
    if (line.length >= MOST_WAITING || bytes > MOST_BYTES)
      return Promise.reject(fault('busy', 'Too much waits for the audit trail: try again'));
    bytes += page.body.length;
    const done = new Promise<void>((resolve, reject) => line.push({ page, resolve, reject }));
    running ??= new Promise<void>((next) => setImmediate(next)).then(run);
    return done;
  };
  return { append, drained: async () => void (await running) };
}

/** What no journal of the server waits for: it survives us, and within a moment the server, too. */
const TAKEN = { w: 1, j: false } as const;

async function appendTogether(
  { db, audit }: Rooms,
  chain: AuditChain,
  taken: readonly Waiting[],
): Promise<void> {
  await chain.begin();
  const draft = chain.draft(taken.map(({ page }) => page));
  const command = {
    update: audit.collectionName,
    updates: updatesOf(draft),
    ordered: true,
    writeConcern: TAKEN,
  };
  const { writeErrors = [] } = (await db.command(command)) as { readonly writeErrors?: readonly Document[] };
  if (writeErrors.length > 0) throw new MongoServerError(writeErrors[0]!);
  chain.moved(draft);
}

async function read(
  { audit }: Rooms,
  { keys, from, to, limit, after }: AuditQuery,
): Promise<{ readonly page: AuditPage; readonly position: string }[]> {
  if (keys?.length === 0) return [];
  const parts: Filter<AuditDocument>[] = [
    ...(keys ? [{ k: { $in: [...keys] } }] : []),
    { at: { $gte: from ?? 0 } },
    ...(to === undefined ? [] : [{ f: { $lte: to } }]),
    ...(after === undefined ? [] : [behind(after)]),
  ];
  const found = await audit
    .find({ $and: parts }, { sort: { at: -1, _id: -1 }, limit, maxTimeMS: READ_MS })
    .toArray();
  return found.map((one) => ({ page: pageOf(one), position: `${one.at} ${one._id}` }));
}

function behind(position: string): Filter<AuditDocument> {
  const space = position.indexOf(' ');
  const [at, id] = [Number(position.slice(0, space)), position.slice(space + 1)];
  return { at: { $lte: at }, $or: [{ at: { $lt: at } }, { _id: { $lt: id } }] };
}

async function* walk({ audit }: Rooms): AsyncIterable<AuditPage> {
  try {
    for await (const one of audit.find({ _id: { $lt: HEAD } }, { sort: { _id: 1 }, batchSize: 100 }))
      yield pageOf(one);
  } catch (error) {
    throw await clearly(() => Promise.reject(error as Error)).catch((known: unknown) => known);
  }
}

async function heads({ auditHeads }: Rooms): Promise<AuditHead[]> {
  const found = await auditHeads
    .find({ _id: { $gte: HEAD } }, { sort: { _id: 1 }, maxTimeMS: READ_MS })
    .toArray();
  return found.map(({ _id, n, h, m }) => ({ chain: _id.slice(HEAD.length), seq: n, hash: h, mac: m }));
}
