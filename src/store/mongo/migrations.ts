/**
 * Migrations: numbered steps that bring the database of a tenant to the layout of this program. They run when a tenant is opened, one
 * process at a time under a lease; each step can be run again after a crash.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Binary, MongoServerError, type Collection, type CreateCollectionOptions, type Db } from 'mongodb';
import { fault } from '../../fhir/model/outcome.ts';
import { COUNTER, type Counter, type Rooms } from './layout.ts';

type Step = (rooms: Rooms) => Promise<void>;

/** Step n (from 1) brings a database from number n - 1 to n. Never change a step that was released: add one. */
const STEPS: readonly Step[] = [firstLayout, tokenRoom, auditRoom];

async function firstLayout({ db, resources, history, jobs }: Rooms): Promise<void> {
  await create(db, 'resources', {});
  await create(db, 'history', { clusteredIndex: { key: { _id: 1 }, unique: true } });
  for (const name of ['jobs', 'cursors']) await create(db, name, {});
  await resources.createIndexes([
    { key: { t: 1, o: -1 }, name: 'created' },
    { key: { t: 1, at: -1, o: -1 }, name: 'updated' },
    { key: { t: 1, k: 1, o: -1 }, name: 'entries' },
    { key: { t: 1, 'r.p': 1, 'r.l': 1, 'r.h': 1 }, name: 'ranges' },
    { key: { f: 1 }, name: 'references', sparse: true },
  ]);
  await history.createIndexes([
    { key: { r: 1, v: 1 }, name: 'versions', unique: true },
    { key: { t: 1, _id: -1 }, name: 'types' },
    { key: { at: 1, _id: 1 }, name: 'instants' },
  ]);
  await jobs.createIndexes([
    { key: { q: 1, due: 1, _id: 1 }, name: 'due' },
    { key: { q: 1, died: 1, _id: 1 }, name: 'dead', partialFilterExpression: { died: { $exists: true } } },
  ]);
  const counter: Counter = { n: 0, w: 0, j: 0 };
  const anyDocument = resources as unknown as Collection<Counter & { _id: string }>;
  await anyDocument.updateOne({ _id: COUNTER }, { $setOnInsert: counter }, { upsert: true });
}

/** Each lookup has an index of the documents that carry it. */
async function tokenRoom({ db, tokens }: Rooms): Promise<void> {
  await create(db, 'tokens', {});
  const lookups = { g: 'grant', u: 'uid', k: 'user code', a: 'account', c: 'client' };
  await tokens.createIndexes([
    ...Object.entries(lookups).map(([field, name]) => ({
      key: { [field]: 1, m: 1, n: -1 } as const,
      name,
      partialFilterExpression: { [field]: { $exists: true } },
    })),
    { key: { x: 1 }, name: 'expiry', sparse: true },
  ]);
}

async function auditRoom({ db, audit }: Rooms): Promise<void> {
  await create(db, 'audit', {});
  await audit.createIndexes([
    { key: { k: 1, at: -1, _id: -1 }, name: 'keys' },
    { key: { at: -1, _id: -1 }, name: 'instants' },
  ]);
}

/** Collections are made before the first transaction writes to them, which would otherwise wait for their making. */
async function create(db: Db, name: string, options: CreateCollectionOptions): Promise<void> {
  try {
    await db.createCollection(name, options);
  } catch (error) {
    const NAMESPACE_EXISTS = 48;
    if (!(error instanceof MongoServerError && error.code === NAMESPACE_EXISTS)) throw error;
  }
}

/** Brings the database to the layout of this program. Throws where it was made by a newer one. */
export async function migrate(rooms: Rooms): Promise<void> {
  if ((await numberOf(rooms)) === STEPS.length) return;
  await locked(rooms, async () => {
    for (let number = await numberOf(rooms); number < STEPS.length; number++) {
      await STEPS[number]!(rooms);
      await rooms.settings.updateOne({ _id: 'layout' }, { $set: { number: number + 1 } }, { upsert: true });
    }
  });
}

async function numberOf({ db, settings }: Rooms): Promise<number> {
  const number = (await settings.findOne({ _id: 'layout' }))?.number ?? 0;
  if (number <= STEPS.length) return number;
  throw fault(
    'exception',
    `The database ${db.databaseName} has layout ${number}; this program knows ${STEPS.length}: run a newer one`,
  );
}

/** How long a holder may be silent; index builds of one step must fit. */
const LEASE_MS = 600_000;
const PATIENCE_MS = 900_000;

async function locked(rooms: Rooms, work: () => Promise<void>): Promise<void> {
  const holder = randomUUID();
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await take(rooms, holder))) {
    if (Date.now() > deadline)
      throw fault('busy', `Another process is still migrating ${rooms.db.databaseName}`);
    await sleep(100);
  }
  try {
    await work();
  } finally {
    await rooms.settings.deleteOne({ _id: 'lock', holder });
  }
}

async function take({ settings }: Rooms, holder: string): Promise<boolean> {
  try {
    const now = Date.now();
    const change = { $set: { holder, until: now + LEASE_MS } };
    const taken = await settings.updateOne({ _id: 'lock', until: { $lt: now } }, change, { upsert: true });
    return taken.matchedCount + taken.upsertedCount === 1;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === 11000) return false;
    throw error;
  }
}

/** The 32 random bytes of the tenant, made by whoever comes first. */
export async function secretOf({ settings }: Rooms): Promise<Uint8Array> {
  const made = { $setOnInsert: { bytes: new Uint8Array(randomBytes(32)) } };
  await settings.updateOne({ _id: 'secret' }, made, { upsert: true });
  const bytes = (await settings.findOne({ _id: 'secret' }))!.bytes!;
  return bytes instanceof Binary ? bytes.buffer : bytes;
}
