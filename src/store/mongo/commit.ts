/**
 * The queue of commits of one tenant in this process: one transaction is under way at a time, and what has queued up meanwhile makes the next
 * group. So the round trips and the wait for the journal are shared by all who wait.
 */
import type { MongoClient } from 'mongodb';
import { fault } from '../../fhir/model/outcome.ts';
import type { CommitResult, UnitOfWork } from '../ports.ts';
import { auditChain } from './audit.ts';
import { aheadOf, commitUnits, type Tenant } from './attempt.ts';
import { chain } from './chain.ts';
import { refusalOf, thrown } from './client.ts';
import type { Rooms } from './layout.ts';
import { rivalry } from './rivalry.ts';
import { isKnown, joined, type Ahead } from './snapshot.ts';
import { sizeOf, takeGroup, type Waiting } from './waiting.ts';

/** Units without an answer and bytes of their bodies; beyond that a commit is refused as busy. */
const MOST_OPEN = 5_000;
const MOST_OPEN_BYTES = 256 << 20;

export interface CommitQueue {
  readonly commit: (unit: UnitOfWork) => Promise<CommitResult>;
  /** resolves once all units so far have their answer */
  readonly drained: () => Promise<void>;
}

export function commitQueue(client: MongoClient, rooms: Rooms, secret: Uint8Array): CommitQueue {
  const line: Waiting[] = [];
  const open = new Set<Promise<CommitResult>>();
  let bytes = 0;
  const pump = pumping(line, {
    client,
    rooms,
    rivals: rivalry(),
    chain: chain(),
    trail: auditChain(rooms, secret),
  });
  const enter = (unit: UnitOfWork): Promise<CommitResult> => {
    const own = sizeOf(unit);
    if (open.size >= MOST_OPEN || (bytes > 0 && bytes + own > MOST_OPEN_BYTES)) {
      throw fault('busy', 'Too many changes are waiting to be stored: try again');
    }
    const result = new Promise<CommitResult>((resolve, reject) =>
      line.push({ unit, bytes: own, resolve, reject }),
    );
    bytes += own;
    open.add(result);
    const leave = (): void => {
      bytes -= own;
      open.delete(result);
    };
    result.then(leave, leave);
    pump();
    return result;
  };
  return {
    commit: async (unit) => enter(unit),
    drained: async () => void (await Promise.allSettled([...open])),
  };
}

/**
 * Gives what commits the line, group by group, as long as something stands in it. While the commit of a group waits for the journal, the next
 * one is taken from the line and reads ahead. Who comes later and needs no reading joins it.
 */
function pumping(line: Waiting[], tenant: Tenant): () => void {
  let running = false;
  let before: Promise<void> = Promise.resolve();
  const run = async (): Promise<void> => {
    while (line.length > 0) {
      const early = takeGroup(line);
      const reading = aheadOf(tenant, unitsOf(early));
      await before;
      const read = await reading;
      const group = read ? takeGroup(line, early, (unit) => isKnown(tenant.chain, unit)) : early;
      const ahead = read && joined(read, tenant.chain, unitsOf(group.slice(early.length)));
      await new Promise<void>((leaving) => {
        before = commitGroup(tenant, group, leaving, ahead).finally(leaving);
      });
    }
    running = false;
  };
  return () => {
    if (running) return;
    running = true;
    // After the current turn of the event loop, so that what comes in together is committed together.
    setImmediate(() => void run());
  };
}

const unitsOf = (group: readonly Waiting[]): UnitOfWork[] => group.map(({ unit }) => unit);

/** Answers everyone in the group. A failure that may be the fault of one unit is not the others': each is then tried alone. */
async function commitGroup(
  tenant: Tenant,
  group: readonly Waiting[],
  leaving: () => void,
  ahead?: Ahead,
): Promise<void> {
  try {
    const results = await commitUnits(tenant, { units: unitsOf(group), ahead, leaving });
    // The next group, which has waited for this moment, goes first: the server works on it while these answers are written.
    setImmediate(() => group.forEach(({ resolve }, i) => resolve(results[i]!)));
  } catch (error) {
    if (group.length === 1 || isAway(error)) group.forEach(({ reject }) => reject(thrown(error)));
    else for (const one of group) await commitGroup(tenant, [one], () => undefined);
  }
}

/** Whether trying the units one by one would only take longer to fail. */
const isAway = (error: unknown): boolean => refusalOf(error)?.status === 503;
