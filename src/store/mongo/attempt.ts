/**
 * Commits one group of units, again and again until it is stored or nothing is to be written. Retries follow the driver's specification:
 * https://github.com/mongodb/specifications/blob/master/source/transactions-convenient-api/transactions-convenient-api.md
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoError, type ClientSession, type MongoClient } from 'mongodb';
import { fault } from '../../fhir/model/outcome.ts';
import type { CommitResult, UnitOfWork } from '../ports.ts';
import type { AuditChain } from './audit.ts';
import type { Chain } from './chain.ts';
import type { Rooms } from './layout.ts';
import { endOrphans } from './orphans.ts';
import type { Rivalry } from './rivalry.ts';
import { readAhead, type Ahead } from './snapshot.ts';
import {
  confirm,
  isIdle,
  judgeAhead,
  judgeByReading,
  Overtaken,
  TRANSACTION,
  writeVerdict,
  type Verdict,
} from './transaction.ts';

export interface Tenant {
  readonly client: MongoClient;
  readonly rooms: Rooms;
  readonly rivals: Rivalry;
  readonly chain: Chain;
  /** of what rides in commits */
  readonly trail: AuditChain;
}

/** How long a group goes on trying, in ms. */
const PATIENCE_MS = 20_000;
/** The gap that we leave for rivals between two of our commits, in ms. */
const COURTESY_MS = 1;

/** One group of units on its way. */
export interface Group {
  readonly units: readonly UnitOfWork[];
  /** what was read for it while the group before was committed */
  readonly ahead?: Ahead;
  /** called when its commit is on its way, so that the next group may read ahead */
  readonly leaving: () => void;
}

/** Reads ahead for a group. Undefined where it must be judged by reading; a failure is left for the group itself to meet. */
export function aheadOf(
  { rooms, rivals, chain }: Tenant,
  units: readonly UnitOfWork[],
): Promise<Ahead | undefined> {
  return rivals.active() ? Promise.resolve(undefined) : readAhead(rooms, chain, units).catch(() => undefined);
}

/** Throws FhirError `busy` when it takes too long, `timeout` when it cannot be learnt whether the group is committed. */
export async function commitUnits(tenant: Tenant, group: Group): Promise<readonly CommitResult[]> {
  const deadline = Date.now() + PATIENCE_MS;
  if (tenant.rivals.active()) await sleep(COURTESY_MS);
  const session = tenant.client.startSession({ defaultTransactionOptions: TRANSACTION });
  try {
    return await untilCommitted(tenant, session, group, deadline);
  } catch (error) {
    tenant.chain.forget();
    throw error;
  } finally {
    await session.endSession();
  }
}

async function untilCommitted(
  tenant: Tenant,
  session: ClientSession,
  group: Group,
  deadline: number,
): Promise<readonly CommitResult[]> {
  let verdict = group.ahead && judgeAhead(tenant.chain, group.ahead, group.units);
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptOnce(tenant, session, group, verdict, deadline);
    } catch (error) {
      const mistaken = error instanceof Overtaken || (verdict && (isDuplicate(error) || isIdle(verdict)));
      verdict = undefined;
      tenant.chain.forget();
      if (mistaken) continue;
      if (!isLost(error)) throw error;
      if (Date.now() > deadline) throw tooBusy();
      if (isConflict(error)) await waitForTurn(tenant);
      else await sleep(pause(attempt));
    }
  }
}

const tooBusy = (): Error =>
  fault('busy', 'Too many processes are storing changes at once, or the database is away: try again');

async function attemptOnce(
  { rooms, chain, rivals, trail }: Tenant,
  session: ClientSession,
  { units, leaving }: Group,
  supposed: Verdict | undefined,
  deadline: number,
): Promise<readonly CommitResult[]> {
  if (supposed && isIdle(supposed)) {
    await confirm(rooms, supposed);
    return supposed.results;
  }
  if (units.some((unit) => unit.audit)) await trail.begin();
  session.startTransaction();
  try {
    const verdict = supposed ?? (await judgeByReading(rooms, session, units));
    if (isIdle(verdict)) await session.abortTransaction();
    else {
      const draft = verdict.audit.length > 0 ? trail.draft(verdict.audit) : undefined;
      await writeVerdict(rooms, session, verdict, draft);
      leaving();
      await commitSurely(session, deadline, trail);
      if (draft) trail.moved(draft);
    }
    chain.committed(verdict);
    rivals.note(verdict.before.n, verdict.next.n);
    return verdict.results;
  } catch (error) {
    // Does nothing where the server has ended the transaction already.
    if (session.inTransaction()) await session.abortTransaction().catch(() => undefined);
    throw error;
  }
}

/**
 * When the answer was lost, asks again: committing twice is harmless, and the server answers what became of the transaction. If that cannot be
 * learnt in time, the unit may or may not be stored, whole in any case, and the caller is told so.
 */
async function commitSurely(session: ClientSession, deadline: number, trail: AuditChain): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await session.commitTransaction();
    } catch (error) {
      if (!hasLabel(error, 'UnknownTransactionCommitResult')) throw error;
      if (Date.now() > deadline) {
        trail.leave();
        throw fault(
          'timeout',
          'The database did not say whether the change is stored: read before trying again',
        );
      }
      await sleep(pause(attempt));
    }
  }
}

/** The transaction is not stored and never will be: it may be tried from its start. */
const isLost = (error: unknown): boolean => hasLabel(error, 'TransientTransactionError');

const hasLabel = (error: unknown, label: string): boolean =>
  error instanceof MongoError && error.hasErrorLabel(label);

/**
 * Longest wait after a conflict on the counter, in ms: about the length of a commit. At random, so that two processes do not meet again.
 * Measured with 2 and 4 processes: a wait that grows makes the process that has the counter keep it (99th percentile 350 ms instead of 150).
 */
const CONFLICT_PAUSE_MS = 4;
const WRITE_CONFLICT = 112;
const DUPLICATE_KEY = 11000;
const isDuplicate = (error: unknown): boolean => error instanceof MongoError && error.code === DUPLICATE_KEY;
const isConflict = (error: unknown): boolean => error instanceof MongoError && error.code === WRITE_CONFLICT;

/** When a rival has the counter for this long, in ms, look whether it still lives. */
const SUSPICIOUS_MS = 250;

async function waitForTurn({ client, rivals }: Tenant): Promise<void> {
  if (rivals.blocked() > SUSPICIOUS_MS) {
    rivals.unblock();
    await endOrphans(client);
  }
  await sleep(Math.random() * CONFLICT_PAUSE_MS);
}

/** For a database that is away or between primaries, in ms. */
const pause = (attempt: number): number => Math.random() * Math.min(2 ** attempt, 250);
