/**
 * What a commit on MongoDB costs at least: `node bench/store-mongo.ts [groups] [rounds]`. The groups of the CRUD loop (16 connections, 8 writes a group)
 * are written by the bare driver in several ways, from all that the store does down to one document a group, each onto a fresh database. Prints
 * milliseconds a group: wall-clock, CPU of this process and of mongod. https://www.mongodb.com/docs/manual/reference/write-concern/
 */
import { MongoClient, type ClientSession, type Db, type Document } from 'mongodb';
import { randomUUID } from 'node:crypto';
import { findMongod } from '../scripts/mongod.mjs';
import { loadDefinitions } from '../src/definitions-file.ts';
import type { ResourceTree } from '../src/fhir/model/tree.ts';
import { indexValues } from '../src/fhir/search/extract.ts';
import type { Write } from '../src/store/ports.ts';
import { COUNTER, historyDocument, resourceDocument, rooms } from '../src/store/mongo/layout.ts';
import { migrate } from '../src/store/mongo/migrations.ts';
import { startMongod } from '../test/support/mongod.ts';
import { CRUD_TEMPLATES } from './crud-templates.ts';
import { COUNTER as NUMBER } from './job.ts';
import { usageOf } from './usage.ts';

const GROUPS = Number(process.argv[2] ?? 600);
const ROUNDS = Number(process.argv[3] ?? 3);
const LOOPS = 16;
const GROUP_WRITES = 8;

interface Group {
  readonly current: readonly Document[];
  readonly versions: readonly Document[];
  readonly counter: Document;
}

/** The writes of one turn of the CRUD loop: POST, PUT and DELETE of nine resources that refer to each other. */
function* turn(index: (tree: ResourceTree) => Write['content']): Generator<Write, void> {
  const ids = new Map(CRUD_TEMPLATES.map(({ type }) => [type, randomUUID()]));
  const write = (
    type: string,
    text: string | undefined,
    versionId: number,
    method: Write['method'],
  ): Write => {
    const filled = text
      ?.replace(/\{\{(\w+)\}\}/g, (_, name: string) => ids.get(name)!)
      .replaceAll(NUMBER, String(Math.random()).slice(2, 14));
    const content = filled === undefined ? undefined : index(JSON.parse(filled) as ResourceTree);
    return {
      type,
      id: ids.get(type)!,
      expected: versionId - 1,
      versionId,
      method,
      ...(content && { content }),
    };
  };
  for (const { type, text } of CRUD_TEMPLATES) yield write(type, text, 1, 'POST');
  for (const { type, text } of CRUD_TEMPLATES) yield write(type, text, 2, 'PUT');
  for (const { type } of CRUD_TEMPLATES.toReversed()) yield write(type, undefined, 3, 'DELETE');
}

const firstOf = (loop: Generator<Write, void>): Write => loop.next().value!;

async function madeGroups(): Promise<readonly Group[]> {
  const definitions = await loadDefinitions();
  const index = (tree: ResourceTree): Write['content'] => ({
    body: Buffer.from(JSON.stringify(tree)),
    stampAt: -1,
    index: indexValues(definitions, tree, { baseUrl: 'http://localhost:8080/fhir' }),
  });
  const loops = Array.from({ length: LOOPS }, () => turn(index));
  // Each loop is somewhere else in its turn.
  loops.forEach((loop, i) => Array.from({ length: i * 2 }, () => loop.next()));
  let seq = 0;
  return Array.from({ length: GROUPS }, (_, g) => {
    const unit = seq + 1;
    const instant = 1_700_000_000_000 + g;
    const places = Array.from({ length: GROUP_WRITES }, (_unused, w) => {
      const at = ((g % 2) * GROUP_WRITES + w) % LOOPS;
      const next = loops[at]!.next();
      const write = next.done ? firstOf((loops[at] = turn(index))) : next.value;
      return { write, place: { seq: ++seq, order: seq, unit, instant } };
    });
    return {
      current: places.map(({ write, place }) => resourceDocument(write, place)),
      versions: places.map(({ write, place }) => historyDocument(write, place)),
      counter: { n: seq, w: instant, j: 0 },
    };
  });
}

const DURABLE = { w: 'majority', j: true } as const;
const upsert = (one: Document): Document => ({ q: { _id: one['_id'] as unknown }, u: one, upsert: true });
const count = ({ counter }: Group): Document => ({ q: { _id: COUNTER }, u: { $set: counter } });

interface Way {
  readonly name: string;
  readonly prepare?: (db: Db) => Promise<unknown>;
  readonly write: (db: Db, group: Group, number: number) => Promise<unknown>;
}

function waysOf(client: MongoClient): readonly Way[] {
  const transaction =
    (work: (db: Db, group: Group, session: ClientSession) => Promise<unknown>): Way['write'] =>
    async (db, group) => {
      const session = client.startSession();
      session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: DURABLE });
      await work(db, group, session);
      await session.commitTransaction();
      await session.endSession();
    };
  const whole = transaction(async (db, group, session) => {
    const updates = [count(group), ...group.current.map(upsert)];
    await db.command({ update: 'resources', updates }, { session });
    await db.command({ insert: 'history', documents: group.versions }, { session });
  });
  const counter = transaction((db, group, session) =>
    db.command({ update: 'resources', updates: [count(group)] }, { session }),
  );
  return [
    { name: 'as the store does: a transaction with both collections', write: whole },
    {
      name: '… resources without their indexes',
      prepare: (db) => db.collection('resources').dropIndexes(),
      write: whole,
    },
    { name: 'a transaction that only moves the counter', write: counter },
    {
      name: 'no transaction: update with w:1, then insert with majority',
      write: async (db, group) => {
        await db.command({ update: 'resources', updates: group.current.map(upsert), writeConcern: { w: 1 } });
        await db.command({ insert: 'history', documents: group.versions, writeConcern: DURABLE });
      },
    },
    {
      name: 'versions alone, one insert',
      write: (db, { versions }) =>
        db.command({ insert: 'history', documents: versions, writeConcern: DURABLE }),
    },
    {
      name: 'floor: the group as one document of a log',
      write: (db, { current }, number) =>
        db.command({ insert: 'log', documents: [{ _id: number, current }], writeConcern: DURABLE }),
    },
    { name: 'a command that does nothing', write: (db) => db.command({ ping: 1 }) },
  ];
}

const path = await findMongod();
if (path.path === undefined) throw new Error(`No mongod: ${path.reason}`);
process.env.MONGOMS_SYSTEM_BINARY = path.path;
process.env.MONGOMS_SYSTEM_BINARY_VERSION_CHECK = 'false';
const groups = await madeGroups();
const mongod = await startMongod();
const client = await MongoClient.connect(mongod.uri, { promoteBuffers: true });
const cpu = (pid: number): number => (usageOf(pid)?.cpuSeconds ?? NaN) * 1000;

async function measure({ prepare, write }: Way): Promise<readonly number[]> {
  const db = client.db(`floor-${randomUUID().slice(0, 8)}`);
  await migrate(rooms(db));
  await db.createCollection('log', { clusteredIndex: { key: { _id: 1 }, unique: true } });
  await prepare?.(db);
  const [began, own, theirs] = [performance.now(), process.cpuUsage(), cpu(mongod.pid())];
  for (const [number, group] of groups.entries()) await write(db, group, number);
  const { user, system } = process.cpuUsage(own);
  const sums = [performance.now() - began, (user + system) / 1000, cpu(mongod.pid()) - theirs];
  await db.dropDatabase();
  return sums.map((sum) => sum / GROUPS);
}

const WIDTH = 62;
console.log(
  `${`${GROUPS} groups of ${GROUP_WRITES} writes, least of ${ROUNDS}, ms a group`.padEnd(WIDTH)}  wall   our  mongod`,
);
const ways = waysOf(client);
const least = ways.map(() => [Infinity, Infinity, Infinity]);
for (let round = 0; round < ROUNDS; round++)
  for (const [i, way] of ways.entries())
    least[i] = (await measure(way)).map((value, k) => Math.min(value, least[i]![k]!));
ways.forEach(({ name }, i) =>
  console.log(name.padEnd(WIDTH), ...least[i]!.map((value) => value.toFixed(2).padStart(5))),
);
await client.close();
await mongod.stop();
