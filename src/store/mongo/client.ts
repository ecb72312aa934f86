/**
 * The connection to MongoDB: options with a time-out on everything, and the driver's errors as words for the user.
 * https://www.mongodb.com/docs/drivers/node/current/connect/connection-options/
 */
import {
  MongoClient,
  MongoError,
  MongoServerError,
  ReadConcern,
  type DbOptions,
  type MongoClientOptions,
} from 'mongodb';
import { fault, FhirError } from '../../fhir/model/outcome.ts';

/** What our connections are called on the server; orphans.ts knows them by it. */
export const APP_NAME = 'embergate';

/** How long one read may run on the server, in ms. */
export const READ_MS = 20_000;

const OPTIONS: MongoClientOptions = {
  appName: APP_NAME,
  maxPoolSize: 32,
  connectTimeoutMS: 5_000,
  serverSelectionTimeoutMS: 5_000,
  socketTimeoutMS: 90_000,
  waitQueueTimeoutMS: 10_000,
  retryWrites: true,
  retryReads: true,
  ignoreUndefined: true,
  promoteBuffers: true,
};

/**
 * Given for each database and not for the client, since there the address would win: what is acknowledged must be on a majority, and no read
 * may see what can be rolled back.
 */
export const DURABLE: DbOptions = {
  readPreference: 'primary',
  readConcern: new ReadConcern('majority'),
  writeConcern: { w: 'majority', journal: true, wtimeoutMS: 20_000 },
};

/** Throws FhirError `busy` when no server can be reached. */
export function connect(url: string): Promise<MongoClient> {
  return clearly(() => new MongoClient(url, OPTIONS).connect());
}

/** Codes of the server for an operation that ran too long. */
const TIMED_OUT = new Set([50, 202, 262]);

/** A document over 16 MB; a transaction that does not fit into the cache of the server, or into its log. */
const TOO_LARGE = new Set([10334, 257, 388]);

/** Names of the driver's errors for a server that is not there (now); not all of them have a common ancestor. */
const UNREACHABLE =
  /Network|ServerSelection|Pool(Cleared|Closed)|NotConnected|TopologyClosed|ClientClosed|WaitQueueTimeout/;

const STEPPING_DOWN = new Set([91, 189, 10107, 11600, 11602, 13435, 13436]);

/** The refusal that a failure of the driver means to a user; undefined where it is a defect of ours. */
export function refusalOf(error: unknown): FhirError | undefined {
  if (error instanceof FhirError) return error;
  if (!(error instanceof MongoError)) return undefined;
  if (error.name === 'MongoOperationTimeoutError') return tooSlow();
  if (error instanceof MongoServerError && TIMED_OUT.has(Number(error.code))) return tooSlow();
  if (error instanceof MongoServerError && TOO_LARGE.has(Number(error.code))) {
    return fault(
      'too-large',
      'This change is larger than the database can keep in one transaction: send it in parts',
    );
  }
  const away = UNREACHABLE.test(error.name) || STEPPING_DOWN.has(Number(error.code));
  return away ? fault('busy', 'The database cannot be reached at the moment: try again') : undefined;
}

const tooSlow = (): FhirError =>
  fault('timeout', 'The database took too long: ask for less, or try again when it is less busy');

/** What to throw for a failure. The driver's errors carry whole documents, which must never come into a log: only name, code and text go on. */
export function thrown(error: unknown): unknown {
  const refusal = refusalOf(error);
  if (refusal || !(error instanceof MongoError)) return refusal ?? error;
  const [text] = error.message.split(' dup key: ');
  return new Error(`${error.name} ${error.code ?? ''}: ${text}`);
}

/** Runs an operation of the driver; what a user can do something about is thrown as FhirError. */
export async function clearly<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw thrown(error);
  }
}
