/**
 * All that the judgement of a group needs, read at the start of its transaction, mostly in one command: the counter, the current versions of what
 * is written or must be present, and what refers to what is deleted.
 */
import type { ClientSession, Document } from 'mongodb';
import type { Guard, UnitOfWork } from '../ports.ts';
import { compileBranches } from './compile.ts';
import type { Current, Referrer, Snapshot } from './judge.ts';
import { COUNTER, keyText, type Counter, type ResourceDocument, type Rooms } from './layout.ts';

type Row = ResourceDocument & Partial<Counter>;

/** Referrers of all deletes of a group that are looked at together; with more, each unit asks for its own. */
const REFERRERS_TOGETHER = 200;

export async function readSnapshot(
  rooms: Rooms,
  session: ClientSession,
  units: readonly UnitOfWork[],
): Promise<Snapshot & { readonly counter: Counter }> {
  const keys = new Set(units.flatMap(({ writes, present = [] }) => [...writes, ...present].map(keyText)));
  const asking = units.filter((unit) => unit.integrity && deletesOf(unit).length > 0);
  // One after another: the operations of a transaction must not run side by side.
  const together = await readTogether(rooms, session, keys, asking);
  const rows = together ?? (await readTogether(rooms, session, keys, []))!;
  const referrers = together ? referrersIn(together, asking) : await readReferrers(rooms, session, asking);
  const found = await readGuards(rooms, session, units);
  return { counter: counterIn(rows), current: currentIn(rows), found, referrers };
}

const deletesOf = ({ writes }: UnitOfWork): string[] => writes.filter(({ content }) => !content).map(keyText);

/** Undefined: so much refers to what is deleted that the answer would be cut. */
async function readTogether(
  { resources }: Rooms,
  session: ClientSession,
  keys: ReadonlySet<string>,
  asking: readonly UnitOfWork[],
): Promise<readonly Row[] | undefined> {
  const byKey = { _id: { $in: [COUNTER, ...keys] } };
  const filter = asking.length > 0 ? { $or: [byKey, { f: { $in: asking.flatMap(deletesOf) } }] } : byKey;
  const projection = { v: 1, t: 1, o: 1, n: 1, w: 1, j: 1, ...(asking.length > 0 && { f: 1 }) };
  const limit = keys.size + 2 + (asking.length > 0 ? REFERRERS_TOGETHER : 0);
  const rows = await resources
    .find<Row>(filter, { session, projection, limit, batchSize: limit + 1 })
    .toArray();
  return rows.length < limit ? rows : undefined;
}

function counterIn(rows: readonly Row[]): Counter {
  const { n, w, j } = rows.find(({ _id }) => _id === COUNTER) ?? {};
  if (n === undefined || w === undefined || j === undefined)
    throw new Error('The counter of commits is missing from the database');
  return { n, w, j };
}

/** Referrers among them do no harm. */
const currentIn = (rows: readonly Row[]): Map<string, Current> =>
  new Map(rows.map(({ _id, v, t, o }) => [_id, { version: v, live: t !== undefined, order: o }]));

/** A referrer that the unit writes itself is judged by what it writes. */
function referrersIn(rows: readonly Row[], asking: readonly UnitOfWork[]): Map<UnitOfWork, Referrer[]> {
  const all = rows.flatMap(({ _id, f }) => (f ? [{ by: _id, to: f }] : []));
  return new Map(
    asking.map((unit) => {
      const own = new Set(unit.writes.map(keyText));
      return [unit, all.filter(({ by }) => !own.has(by))];
    }),
  );
}

/** Some are enough: one refuses the unit, the others only make the refusal more telling. */
const REFERRERS_SHOWN = 10;

async function readReferrers(
  rooms: Rooms,
  session: ClientSession,
  asking: readonly UnitOfWork[],
): Promise<Map<UnitOfWork, Referrer[]>> {
  const found = new Map<UnitOfWork, Referrer[]>(asking.map((unit) => [unit, []]));
  const questions = asking.map((unit) => [
    { $match: { f: { $in: deletesOf(unit) }, _id: { $nin: unit.writes.map(keyText) } } },
    { $limit: REFERRERS_SHOWN },
    { $project: { f: 1 } },
  ]);
  await askAll(rooms, session, questions, (row, i) =>
    found.get(asking[i]!)!.push({ by: row['_id'] as string, to: row['f'] as string[] }),
  );
  return found;
}

async function readGuards(
  rooms: Rooms,
  session: ClientSession,
  units: readonly UnitOfWork[],
): Promise<Map<Guard, string[]>> {
  const guards = units.flatMap(({ guards: own = [] }) => own);
  const found = new Map<Guard, string[]>(guards.map((guard) => [guard, []]));
  const questions = guards.map(({ plan, matches }) => [
    { $match: compileBranches(plan) },
    { $limit: matches.length + 1 },
    { $project: { _id: 1 } },
  ]);
  const ask = (row: Document, i: number): unknown => found.get(guards[i]!)!.push(row['_id'] as string);
  await askAll(rooms, session, questions, ask);
  return found;
}

/** Questions of one command; more would make the command large and slow to plan. */
const QUESTIONS = 50;

/**
 * Asks many small questions of the resources in few round trips: each is a `$lookup` of its own beside the counter ($unionWith and $facet are
 * not allowed in a transaction, or use no index). `heard` gets each row with the place of its question.
 */
async function askAll(
  { resources }: Rooms,
  session: ClientSession,
  questions: readonly Document[][],
  heard: (row: Document, question: number) => void,
): Promise<void> {
  for (let from = 0; from < questions.length; from += QUESTIONS) {
    const some = questions.slice(from, from + QUESTIONS);
    const lookups = some.map((pipeline, i) => ({
      $lookup: { from: resources.collectionName, pipeline, as: `q${from + i}` },
    }));
    const stages = [{ $match: { _id: COUNTER } }, { $project: { _id: 1 } }, ...lookups];
    const [answer] = await resources.aggregate(stages, { session }).toArray();
    some.forEach((_, i) => (answer![`q${from + i}`] as Document[]).forEach((row) => heard(row, from + i)));
  }
}
