/**
 * Ends transactions that nobody will finish. The server keeps the transaction of a process that was killed, and with it the counter of commits,
 * for transactionLifetimeLimitSeconds (60): no one else could write that long. So who waits looks for them.
 * https://www.mongodb.com/docs/manual/reference/operator/aggregation/currentOp/
 */
import type { MongoClient, UUID } from 'mongodb';
import { APP_NAME } from './client.ts';

/** A live process leaves a transaction idle for less than this, in ms; where it does not, its commit is aborted and tried again. */
const IDLE_MS = 5_000;
const LOOK_MS = 3_000;

interface Operation {
  readonly type: 'op' | 'idleSession';
  readonly connectionId?: number | bigint;
  readonly lsid?: { readonly id: UUID };
  readonly transaction?: { readonly timeInactiveMicros?: number | bigint };
}

/** Between operations a transaction is an idle session; it is orphaned when the connection of its last operation is gone. */
export function orphans(operations: readonly Operation[]): UUID[] {
  const connections = new Set(
    operations.filter(({ type }) => type === 'op').map((one) => String(one.connectionId)),
  );
  return operations.flatMap(({ type, connectionId, lsid, transaction }) => {
    if (type !== 'idleSession' || !lsid || !transaction) return [];
    const idle = Number(transaction.timeInactiveMicros ?? 0) / 1000 > IDLE_MS;
    return idle || !connections.has(String(connectionId)) ? [lsid.id] : [];
  });
}

/** Looks at the sessions of this program and user only. Where the server allows neither looking nor ending, nothing happens. */
export async function endOrphans(client: MongoClient): Promise<void> {
  const stages = [
    { $currentOp: { allUsers: false, idleConnections: true, idleSessions: true } },
    { $match: { appName: APP_NAME } },
    { $project: { type: 1, connectionId: 1, 'lsid.id': 1, 'transaction.timeInactiveMicros': 1 } },
  ];
  try {
    const admin = client.db('admin');
    const options = { maxTimeMS: LOOK_MS, readConcern: { level: 'local' }, promoteBuffers: false } as const;
    const found = orphans(await admin.aggregate<Operation>(stages, options).toArray());
    if (found.length > 0) await admin.command({ killSessions: found.map((id) => ({ id })) });
  } catch {
    // Then the server ends them after a minute.
  }
}
