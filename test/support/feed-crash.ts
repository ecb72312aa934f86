/** A reader of the feed that is killed and restarted while others write: what it saw, against the feed itself. Works on any store. */
import { expect } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stores, TenantStore } from '../../src/store/ports.ts';
import { FOLLOWER } from './feed-child.ts';
import { TENANT } from './kill-load.ts';

const KILLS = 15;
const CHILD = resolve(import.meta.dirname, 'feed-child.ts');

async function startReader(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((done, failed) => {
    child.stdout.once('data', () => done());
    child.once('exit', (code) => failed(new Error(`The reader ended by itself (${code})`)));
  });
  return child;
}

const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];

/** Units of 1 to 4 writes by four writers until `stop`; gives the number of versions. */
async function write(store: TenantStore, stop: () => boolean): Promise<number> {
  let [versions, unit] = [0, 0];
  const writer = async (): Promise<void> => {
    while (!stop()) {
      const [size, name] = [1 + (unit % 4), `u${unit++}`];
      const writes = Array.from({ length: size }, (_, i) => ({
        type: 'Part',
        id: `${name}-${i}`,
        expected: 0,
        versionId: 1,
        method: 'POST' as const,
        content: { body: new Uint8Array(Buffer.from('{}')), stampAt: -1, index: [] },
      }));
      const result = await store.resources.commit({ writes });
      if (!result.ok) throw new Error(JSON.stringify(result.conflicts));
      versions += size;
      await sleep(2);
    }
  };
  await Promise.all(Array.from({ length: 4 }, writer));
  return versions;
}

interface Followed {
  /** lines `seq type/id/version` as the reader saw them */
  readonly seen: readonly string[];
  /** the same of the whole feed */
  readonly wanted: readonly string[];
  readonly versions: number;
  readonly cursor: number;
}

/** Kills the reader `kills` times while units are written, and lets it come to the end at last. `args`: kind and place of the store. */
async function followWithKills(
  store: TenantStore,
  args: readonly string[],
  file: string,
  kills: number,
): Promise<Followed> {
  let stopped = false;
  const written = write(store, () => stopped);
  for (let i = 0; i < kills; i++) {
    const reader = await startReader([...args, file]);
    await sleep(Math.random() * 120);
    const gone = new Promise((done) => reader.once('exit', done));
    reader.kill('SIGKILL');
    await gone;
  }
  stopped = true;
  const versions = await written;
  const wanted: string[] = [];
  for (let after = 0; ;) {
    const some = await store.feed.read(after, 1000);
    if (some.length === 0) break;
    wanted.push(...some.map(({ seq, type, id, versionId }) => `${seq} ${type}/${id}/${versionId}`));
    after = some.at(-1)!.seq;
  }
  const last = await startReader([...args, file]);
  const end = await store.feed.last();
  for (
    const deadline = Date.now() + 20_000;
    Date.now() < deadline && (await store.feed.cursor(FOLLOWER)) < end;
  )
    await sleep(20);
  last.kill('SIGKILL');
  return { seen: linesOf(file), wanted, versions, cursor: await store.feed.cursor(FOLLOWER) };
}

/** Each version once and in order, over 15 kills. `file` is where the reader writes what it sees. */
export async function expectWholeFeed(
  open: () => Promise<Stores>,
  kind: 'sqlite' | 'mongo',
  where: string,
  file: string,
): Promise<void> {
  const stores = await open();
  try {
    const store = await stores.tenant(TENANT);
    const { seen, wanted, versions, cursor } = await followWithKills(store, [kind, where], file, KILLS);
    expect(versions).toBeGreaterThan(100);
    expect(wanted).toHaveLength(versions);
    expect(seen).toEqual(wanted);
    expect(cursor).toBe(await store.feed.last());
  } finally {
    await stores.close();
  }
}
