/**
 * Commands of the server as they stand. On the hot path this costs the driver about half of what its cursors and bulk operations do, which
 * measure and copy each document on the way. https://www.mongodb.com/docs/manual/reference/command/
 */
import {
  MongoServerError,
  type ClientSession,
  type Db,
  type Document,
  type RunCommandOptions,
} from 'mongodb';

interface Written {
  /** documents that matched or were inserted */
  readonly n: number;
  readonly writeErrors?: readonly Document[];
}

/** Runs an insert or update within a transaction. Throws where one of its statements fails, for then all of the transaction does. */
export async function write(db: Db, command: Document, session: ClientSession): Promise<number> {
  const { n, writeErrors = [] } = (await db.command(command, { session })) as Written;
  if (writeErrors.length > 0) throw new MongoServerError(writeErrors[0]!);
  return n;
}

interface Batch<T> {
  readonly cursor: { readonly id: number | bigint; readonly firstBatch: readonly T[] };
}

/**
 * Runs a find whose answer is one batch. Undefined where it did not fit into a message of the server. Outside a transaction the caller says
 * its readConcern in the command: a command as it stands takes nothing from the database that it is given to.
 */
export async function findOnce<T>(
  db: Db,
  command: Document & { readonly limit: number },
  options: RunCommandOptions,
): Promise<readonly T[] | undefined> {
  const whole = { ...command, batchSize: command.limit + 1 };
  const { cursor } = (await db.command(whole, options)) as unknown as Batch<T>;
  return Number(cursor.id) === 0 ? cursor.firstBatch : undefined;
}
