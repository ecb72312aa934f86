// A real mongod as a single-node replica set for one test file: started on first use, gone with the file.
// https://typegoose.github.io/mongodb-memory-server/docs/api/classes/mongo-memory-replset

import { MongoMemoryReplSet } from 'mongodb-memory-server-core';
import { MongoClient } from 'mongodb';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

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

const launch = (folder: string): Promise<MongoMemoryReplSet> =>
  MongoMemoryReplSet.create({
    instanceOpts: [{ dbPath: folder, storageEngine: 'wiredTiger' }],
    replSet: { name: REPLICA_SET, count: 1, storageEngine: 'wiredTiger' },
  });

type Child = ChildProcess & { readonly pid: number };

function childOf(set: MongoMemoryReplSet): Child {
  const child = set.servers[0]?.instanceInfo?.instance.mongodProcess;
  if (child?.pid === undefined) throw new Error('This mongod is not running');
  return child as Child;
}

/** Kills and waits until the process is gone, so that its port and its lock file are free. */
async function killHard(child: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  process.kill(child.pid, 'SIGKILL');
  await gone;
}

const START_MS = 30_000;

/** Whether it takes writes by now; each look has a connection of its own, since a client that has failed waits before it looks again. */
async function isPrimary(port: number): Promise<boolean> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: 500,
  });
  try {
    return (await client.db('admin').command({ hello: 1 }))['isWritablePrimary'] === true;
  } catch {
    return false;
  } finally {
    await client.close();
  }
}

/** Is there a listener? Cheaper to ask than a client. */
function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const heard = new Promise<boolean>((done) => {
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });
  return heard.finally(() => socket.destroy());
}

/**
 * Starts mongod on a folder that holds a replica set already. The library misses that a set of one is primary at once, so this asks the server.
 */
async function relaunch(folder: string, port: number): Promise<Child> {
  const places = ['--dbpath', folder, '--port', String(port), '--bind_ip', '127.0.0.1'];
  const child = spawn(process.env.MONGOMS_SYSTEM_BINARY!, [...places, '--replSet', REPLICA_SET], {
    stdio: 'ignore',
  });
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    if ((await listens(port)) && (await isPrimary(port))) return child as Child;
    await sleep(10);
  }
  child.kill('SIGKILL');
  throw new Error('mongod did not come back as primary');
}

/** Starts a mongod of its own for the caller, who must call `stop`. */
export async function startMongod(): Promise<Mongod> {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-mongod-'));
  const set = await launch(folder);
  const port = Number(new URL(set.getUri()).port);
  let child = childOf(set);
  const address = (database: string): string =>
    `mongodb://127.0.0.1:${port}/${database}?replicaSet=${REPLICA_SET}`;
  return {
    uri: address(''),
    freshUri: () => address(`test_${randomUUID().replaceAll('-', '').slice(0, 12)}`),
    pid: () => child.pid,
    kill: () => killHard(child),
    async restart() {
      await killHard(child);
      child = await relaunch(folder, port);
    },
    async stop() {
      await killHard(child);
      await set.stop().catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
