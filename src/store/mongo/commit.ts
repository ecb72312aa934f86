/**
 * The queue of commits of one tenant in this process: one transaction is under way at a time, and what has queued up meanwhile makes the next
 * group. So the round trips and the wait for the journal are shared by all who wait. Retries follow the driver's specification:
 * https://github.com/mongodb/specifications/blob/master/source/transactions-convenient-api/transactions-convenient-api.md
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoError, type ClientSession, type MongoClient } from 'mongodb';
import { fault } from '../../fhir/model/outcome.ts';
import type { CommitResult, UnitOfWork } from '../ports.ts';
import { refusalOf, thrown } from './client.ts';
import type { Rooms } from './layout.ts';
import { endOrphans } from './orphans.ts';
import { runUnits, TRANSACTION, type Outcome } from './transaction.ts';

/** Waiting units and bytes of their bodies; beyond that a commit is refused as busy. */
const MOST_WAITING = 5_000;
const MOST_WAITING_BYTES = 256 << 20;
/** Size of a group; a unit that is larger alone makes a group of its own. */
const GROUP_UNITS = 400;
const GROUP_WRITES = 1_500;
const GROUP_BYTES = 8 << 20;
/** How long a group goes on trying, in ms. */
const PATIENCE_MS = 20_000;
/** A document of MongoDB has at most 16 MB; the index values of a resource need a part of it. */
const MOST_BODY_BYTES = 14 << 20;

interface Waiting {
  readonly unit: UnitOfWork;
  readonly bytes: number;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

export interface CommitQueue {
  readonly commit: (unit: UnitOfWork) => Promise<CommitResult>;
  /** resolves once nothing waits any more */
  readonly drained: () => Promise<void>;
}

export function commitQueue(client: MongoClient, rooms: Rooms): CommitQueue {
  const waiting: Waiting[] = [];
  let bytes = 0;
  let running: Promise<void> | undefined;
  const rivals = rivalry();
  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = takeGroup(waiting);
      await commitGroup({ client, rooms, rivals }, group);
      bytes -= group.reduce((sum, one) => sum + one.bytes, 0);
    }
    running = undefined;
  };
  const commit = (unit: UnitOfWork): Promise<CommitResult> => {
    const own = sizeOf(unit);
    if (waiting.length >= MOST_WAITING || (bytes > 0 && bytes + own > MOST_WAITING_BYTES)) {
      throw fault('busy', 'Too many changes are waiting to be stored: try again');
    }
    bytes += own;
    return new Promise((resolve, reject) => {
      waiting.push({ unit, bytes: own, resolve, reject });
      // Starts after the current turn of the event loop, so that what comes in together is committed together.
      running ??= Promise.resolve().then(run);
    });
  };
  return { commit: async (unit) => commit(unit), drained: async () => running };
}

function sizeOf({ writes }: UnitOfWork): number {
  let bytes = 0;
  for (const { type, id, content } of writes) {
    const own = content?.body.length ?? 0;
    if (own > MOST_BODY_BYTES)
      throw fault('too-large', `${type}/${id} has ${own} bytes; this store keeps at most ${MOST_BODY_BYTES}`);
    bytes += own;
  }
  return bytes;
}

interface Tenant {
  readonly client: MongoClient;
  readonly rooms: Rooms;
  readonly rivals: Rivalry;
}

/** Whether other processes commit for the tenant too: then the counter has moved between two of our commits. */
interface Rivalry {
  readonly note: (from: number, to: number) => void;
  readonly active: () => boolean;
  /** ms since the first conflict after our last commit, or after `unblock` */
  readonly blocked: () => number;
  readonly unblock: () => void;
}

/** How long a rival counts after its last commit that we saw, and the gap that we leave for it between two of our commits, in ms. */
const RIVAL_MS = 500;
const COURTESY_MS = 1;

function rivalry(): Rivalry {
  let [last, seen] = [-1, 0];
  let since: number | undefined;
  return {
    note: (from, to) => {
      since = undefined;
      if (last >= 0 && from !== last) seen = Date.now();
      last = to;
    },
    active: () => Date.now() - seen < RIVAL_MS,
    blocked: () => Date.now() - (since ??= Date.now()),
    unblock: () => {
      since = undefined;
    },
  };
}

/** Takes from the front what makes a group, at least one. */
function takeGroup(waiting: Waiting[]): Waiting[] {
  let [units, writes, bytes] = [0, 0, 0];
  for (const one of waiting) {
    writes += one.unit.writes.length;
    bytes += one.bytes;
    if (units > 0 && (units >= GROUP_UNITS || writes > GROUP_WRITES || bytes > GROUP_BYTES)) break;
    units++;
  }
  return waiting.splice(0, units);
}

/** Whether trying the units one by one would only take longer to fail. */
const isAway = (error: unknown): boolean => refusalOf(error)?.status === 503;

/** Answers everyone in the group. A failure that may be the fault of one unit is not the others': each is then tried alone. */
async function commitGroup(tenant: Tenant, group: readonly Waiting[]): Promise<void> {
  try {
    const results = await persist(
      tenant,
      group.map(({ unit }) => unit),
    );
    group.forEach(({ resolve }, i) => resolve(results[i]!));
  } catch (error) {
    const alone = group.length === 1 || isAway(error);
    if (alone) group.forEach(({ reject }) => reject(thrown(error)));
    else for (const one of group) await commitGroup(tenant, [one]);
  }
}

/** Tries until the transaction is committed or nothing is to be written. Throws FhirError `busy` when that takes too long. */
async function persist(
  { client, rooms, rivals }: Tenant,
  units: readonly UnitOfWork[],
): Promise<readonly CommitResult[]> {
  const deadline = Date.now() + PATIENCE_MS;
  if (rivals.active()) await sleep(COURTESY_MS);
  const session = client.startSession({ defaultTransactionOptions: TRANSACTION });
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        const { results, counted } = await attemptOnce(rooms, session, units, deadline);
        rivals.note(...counted);
        return results;
      } catch (error) {
        if (!hasLabel(error, 'TransientTransactionError')) throw error;
        if (Date.now() > deadline)
          throw fault(
            'busy',
            'Too many processes are storing changes at once, or the database is away: try again',
          );
        if (isConflict(error)) await waitForTurn(client, rivals);
        else await sleep(pause(attempt));
      }
    }
  } finally {
    await session.endSession();
  }
}

/**
 * Longest wait after a conflict on the counter, in ms: about the length of a commit. At random, so that two processes do not meet again.
 * Measured with 2 and 4 processes: a wait that grows makes the process that has the counter keep it (99th percentile 350 ms instead of 150).
 */
const CONFLICT_PAUSE_MS = 4;
const WRITE_CONFLICT = 112;

const isConflict = (error: unknown): boolean => error instanceof MongoError && error.code === WRITE_CONFLICT;

/** While one and the same rival has the counter for this long, in ms, look whether it still lives; and how often. */
const SUSPICIOUS_MS = 250;

async function waitForTurn(client: MongoClient, rivals: Rivalry): Promise<void> {
  if (rivals.blocked() > SUSPICIOUS_MS) {
    rivals.unblock();
    await endOrphans(client);
  }
  await sleep(Math.random() * CONFLICT_PAUSE_MS);
}

/** For a database that is away or between primaries. */
const pause = (attempt: number): number => Math.random() * Math.min(2 ** attempt, 250);

async function attemptOnce(
  rooms: Rooms,
  session: ClientSession,
  units: readonly UnitOfWork[],
  deadline: number,
): Promise<Outcome> {
  session.startTransaction();
  try {
    const outcome = await runUnits(rooms, session, units);
    if (outcome.written) await commitSurely(session, deadline);
    else await session.abortTransaction();
    return outcome;
  } catch (error) {
    // Does nothing where the server has ended the transaction already.
    if (session.inTransaction()) await session.abortTransaction().catch(() => undefined);
    throw error;
  }
}

/**
 * Commits. When the answer was lost, asks again: committing twice is harmless, and the server answers what became of the transaction. If that
 * cannot be learnt in time, the unit may or may not be stored, whole in any case, and the caller is told so.
 */
async function commitSurely(session: ClientSession, deadline: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await session.commitTransaction();
    } catch (error) {
      if (!hasLabel(error, 'UnknownTransactionCommitResult')) throw error;
      if (Date.now() > deadline) {
        throw fault(
          'timeout',
          'The database did not say whether the change is stored: read before trying again',
        );
      }
      await sleep(pause(attempt));
    }
  }
}

const hasLabel = (error: unknown, label: string): boolean =>
  error instanceof MongoError && error.hasErrorLabel(label);
