// A real mongod as a single-node replica set for one test file: started on first use, gone with the file.
// https://typegoose.github.io/mongodb-memory-server/docs/api/classes/mongo-memory-replset

import { MongoMemoryReplSet } from 'mongodb-memory-server-core';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Mongod = {
  /** Connection string of the replica set without a database, for example `mongodb://127.0.0.1:4711/?replicaSet=rs`. */
  readonly uri: string;
  /** Connection string with a fresh database in it. */
  freshUri(): string;
  /** Process id of the running mongod. */
  pid(): number;
  /** Ends the mongod with SIGKILL, at once; what it acknowledged is on its disk. */
  kill(): Promise<void>;
  /** Starts it again after `kill` on the same folder and port. */
  restart(): Promise<void>;
  /** Stops it and removes its folder. */
  stop(): Promise<void>;
};

const REPLICA_SET = 'rs';

const launch = (folder: string, port: number | undefined): Promise<MongoMemoryReplSet> =>
  MongoMemoryReplSet.create({
    instanceOpts: [{ dbPath: folder, storageEngine: 'wiredTiger', ...(port === undefined ? {} : { port }) }],
    replSet: { name: REPLICA_SET, count: 1, storageEngine: 'wiredTiger' },
  });

function pidOf(set: MongoMemoryReplSet): number {
  const pid = set.servers[0]?.instanceInfo?.instance.mongodProcess?.pid;
  if (pid === undefined) throw new Error('This mongod is not running');
  return pid;
}

/** Kills and waits until the process is gone, so that its port and its lock file are free. */
async function killHard(set: MongoMemoryReplSet): Promise<void> {
  const child = set.servers[0]?.instanceInfo?.instance.mongodProcess;
  if (child === undefined || child.exitCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  process.kill(pidOf(set), 'SIGKILL');
  await gone;
}

/** Starts a mongod of its own for the caller, who must call `stop`. */
export async function startMongod(): Promise<Mongod> {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-mongod-'));
  let set = await launch(folder, undefined);
  const port = Number(new URL(set.getUri()).port);
  const address = (database: string): string =>
    `mongodb://127.0.0.1:${port}/${database}?replicaSet=${REPLICA_SET}`;
  return {
    uri: address(''),
    freshUri: () => address(`test_${randomUUID().replaceAll('-', '').slice(0, 12)}`),
    pid: () => pidOf(set),
    kill: () => killHard(set),
    async restart() {
      await killHard(set);
      await set.stop().catch(() => undefined);
      set = await launch(folder, port);
    },
    async stop() {
      await set.stop().catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
