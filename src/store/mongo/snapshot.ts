/**
 * All that the judgement of a group needs, mostly read in one command: the counter, the current versions of what is written or must be present,
 * and what refers to what is deleted. It is read at the start of the transaction of the group, or ahead of it where we know most of it.
 */
import type { ClientSession, Document } from 'mongodb';
import { ONCE, type Guard, type UnitOfWork } from '../ports.ts';
import type { Chain } from './chain.ts';
import { READ_MS } from './client.ts';
import { findOnce } from './command.ts';
import { compileBranches } from './compile.ts';
import type { Current, Referrer, Snapshot } from './judge.ts';
import { COUNTER, keyText, type Counter, type ResourceDocument, type Rooms } from './layout.ts';

type Row = ResourceDocument & Partial<Counter>;

/** Referrers of all deletes of a group that are looked at together; with more, each unit asks for its own. */
const REFERRERS_TOGETHER = 200;

/** Read within the transaction: nothing of it can change before the commit, or the commit fails. */
export async function readSnapshot(
  rooms: Rooms,
  session: ClientSession,
  units: readonly UnitOfWork[],
): Promise<Snapshot & { readonly counter: Counter }> {
  const { rows, ...rest } = await readAll(rooms, session, units, [COUNTER, ...keysOf(units)]);
  return { counter: counterIn(rows), current: currentIn(rows), ...rest };
}

/** What was read before the transaction began, or is known from earlier ones. */
export interface Ahead {
  /** No state in it is older than the commit that ended with this seq, and none younger than the reading. */
  readonly from: number;
  readonly snapshot: Snapshot;
}

/**
 * Read beside the commit of the group before. Undefined where we do not know where the counter stands. What is to be created is taken to be new
 * without a look: if it is not, its first version stands in the history already, and the transaction fails.
 */
export async function readAhead(
  rooms: Rooms,
  chain: Chain,
  units: readonly UnitOfWork[],
): Promise<Ahead | undefined> {
  const from = chain.tip()?.n;
  if (from === undefined) return undefined;
  const { current, unknown } = knownOf(chain, units);
  const { rows, ...rest } = await readAll(rooms, undefined, units, [...unknown]);
  for (const [key, state] of currentIn(rows)) if (!current.has(key)) current.set(key, state);
  return { from, snapshot: { current, ...rest } };
}

/** Whether a unit can be judged by what is known of the tip alone, so that it may join a group after its reading. */
export const isKnown = (chain: Chain, unit: UnitOfWork): boolean =>
  !unit.guards?.length && !unit.once && !asks(unit) && knownOf(chain, [unit]).unknown.size === 0;

/** Adds units of which all is known. */
export function joined({ from, snapshot }: Ahead, chain: Chain, units: readonly UnitOfWork[]): Ahead {
  return {
    from,
    snapshot: { ...snapshot, current: new Map([...snapshot.current, ...knownOf(chain, units).current]) },
  };
}

function knownOf(
  chain: Chain,
  units: readonly UnitOfWork[],
): { readonly current: Map<string, Current>; readonly unknown: Set<string> } {
  const current = new Map<string, Current>();
  const unknown = new Set<string>();
  const note = (key: string, isNew: boolean): void => {
    const state = chain.state(key);
    if (state) current.set(key, state);
    else if (!isNew) unknown.add(key);
  };
  for (const { writes, present = [] } of units) {
    for (const write of writes) note(keyText(write), write.expected === 0);
    for (const key of present) note(keyText(key), false);
  }
  return { current, unknown };
}

/** Deletes ask what refers to them. */
const asks = (unit: UnitOfWork): boolean => unit.integrity === true && deletesOf(unit).length > 0;

const keysOf = (units: readonly UnitOfWork[]): Set<string> =>
  new Set(units.flatMap(({ writes, present = [] }) => [...writes, ...present].map(keyText)));

/** Outside a transaction when there is no session. */
type Session = ClientSession | undefined;

/** One command after another: those of a transaction must not run side by side. */
async function readAll(
  rooms: Rooms,
  session: Session,
  units: readonly UnitOfWork[],
  keys: readonly string[],
): Promise<Omit<Snapshot, 'current'> & { readonly rows: readonly Row[] }> {
  const asking = units.filter(asks);
  const together = await readTogether(rooms, session, keys, asking);
  const rows = together ?? (await readTogether(rooms, session, keys, []))!;
  const referrers = together ? referrersIn(together, asking) : await readReferrers(rooms, session, asking);
  const found = await readGuards(rooms, session, units);
  const kept = await readKept(rooms, session, units);
  return { rows, referrers, found, kept };
}

const deletesOf = ({ writes }: UnitOfWork): string[] => writes.filter(({ content }) => !content).map(keyText);

/** Undefined: so much refers to what is deleted that the answer would be cut. */
async function readTogether(
  { db, resources }: Rooms,
  session: Session,
  keys: readonly string[],
  asking: readonly UnitOfWork[],
): Promise<readonly Row[] | undefined> {
  const asked = [
    ...(keys.length > 0 ? [{ _id: { $in: keys } }] : []),
    ...(asking.length > 0 ? [{ f: { $in: asking.flatMap(deletesOf) } }] : []),
  ];
  if (asked.length === 0) return [];
  const command = {
    find: resources.collectionName,
    filter: asked.length === 1 ? asked[0]! : { $or: asked },
    projection: { v: 1, t: 1, o: 1, n: 1, w: 1, j: 1, ...(asking.length > 0 && { f: 1 }) },
    limit: keys.length + 1 + (asking.length > 0 ? REFERRERS_TOGETHER : 0),
    ...(!session && OUTSIDE),
  };
  const rows = await findOnce<Row>(db, command, { session });
  return rows && rows.length < command.limit ? rows : undefined;
}

/** Which of the units were done before. */
async function readKept(
  { db, tokens }: Rooms,
  session: Session,
  units: readonly UnitOfWork[],
): Promise<ReadonlySet<string>> {
  const ids = units.flatMap(({ once }) => (once ? [onceKey(once)] : []));
  if (ids.length === 0) return new Set();
  const filter = { _id: { $in: ids }, x: { $gt: Date.now() } };
  const limit = ids.length;
  const command = {
    find: tokens.collectionName,
    filter,
    projection: { _id: 1 },
    limit,
    ...(!session && OUTSIDE),
  };
  const rows = await findOnce<{ readonly _id: string }>(db, command, { session });
  return new Set(rows?.map(({ _id }) => _id.slice(ONCE.length + 1)));
}

/** The `_id` of the token document of a `once`. */
export const onceKey = ({ id }: { readonly id: string }): string => `${ONCE}/${id}`;

/** What the database that the collections stand in says of reads, for commands that do not hear of it. */
const OUTSIDE = { readConcern: { level: 'majority' }, maxTimeMS: READ_MS } as const;

/** The counter by itself, outside a transaction. */
export async function readCounter({ db, resources }: Rooms): Promise<Counter> {
  const command = { find: resources.collectionName, filter: { _id: COUNTER }, limit: 1, ...OUTSIDE };
  return counterIn((await findOnce<Row>(db, command, {})) ?? []);
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
  session: Session,
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
  session: Session,
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
  session: Session,
  questions: readonly Document[][],
  heard: (row: Document, question: number) => void,
): Promise<void> {
  for (let from = 0; from < questions.length; from += QUESTIONS) {
    const some = questions.slice(from, from + QUESTIONS);
    const lookups = some.map((pipeline, i) => ({
      $lookup: { from: resources.collectionName, pipeline, as: `q${from + i}` },
    }));
    const stages = [{ $match: { _id: COUNTER } }, { $project: { _id: 1 } }, ...lookups];
    const options = session ? { session } : { maxTimeMS: READ_MS };
    const [answer] = await resources.aggregate(stages, options).toArray();
    some.forEach((_, i) => (answer![`q${from + i}`] as Document[]).forEach((row) => heard(row, from + i)));
  }
}
