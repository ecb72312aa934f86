/**
 * Kills a process under write load and judges what is left: each acknowledged unit is there, whole, with history, index and job, and no unit is there
 * in part. Works on any store; load-child.ts makes the load.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { ResourceKey, StoredResource, TenantStore } from '../../src/store/ports.ts';
import { searchPlan } from '../../src/fhir/search/plan.ts';
import { ALL, type Expression } from '../../src/fhir/search/expression.ts';

const CHILD = resolve(import.meta.dirname, 'load-child.ts');

/** Runs the load until `milliseconds` after its first acknowledged unit, then SIGKILL (and `also`, in the same moment). Gives the lines. */
export async function loadAndKill(
  args: readonly string[],
  milliseconds: number,
  also: () => Promise<unknown> = () => Promise.resolve(),
): Promise<readonly string[]> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, errors] = ['', ''];
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const ended = new Promise((done) => child.once('close', done));
  const started = new Promise<void>((done) => child.stdout.once('data', () => done()));
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  await Promise.race([started, ended]);
  await new Promise((done) => setTimeout(done, milliseconds));
  const killed = child.kill('SIGKILL');
  await Promise.all([also(), ended]);
  if (!killed || out === '') throw new Error(`The load ended by itself: ${errors.slice(0, 2000)}`);
  // The last line may be cut off: it was not read as an acknowledgement.
  return out.split('\n').slice(0, -1);
}

interface Part {
  readonly unit: string;
  readonly size: number;
  readonly place: number;
}

/** What all rounds so far must have left in the store. */
export interface Ledger {
  /** the seq up to which all is judged */
  readonly seq: number;
  /** names of all units */
  readonly units: ReadonlySet<string>;
  /** judges a round; throws an Error that says what is wrong */
  verify(store: TenantStore, lines: readonly string[]): Promise<void>;
  /** judges what only the end can show: the jobs, and every count */
  verifyEnd(store: TenantStore): Promise<void>;
}

const nameOf = ({ type, id }: ResourceKey): string => `${type}/${id}`;

function fail(text: string): never {
  throw new Error(text);
}

export function openLedger(): Ledger {
  let seq = 0;
  const units = new Set<string>();
  const live = new Map<string, string>();
  const versions = new Map<string, number>();

  const follow = async (store: TenantStore): Promise<StoredResource[]> => {
    const all: StoredResource[] = [];
    for (let after = seq; ;) {
      const some = await store.feed.read(after, 500);
      if (some.length === 0) return all;
      all.push(...some);
      after = some.at(-1)!.seq;
    }
  };
  /** Units of the new versions, each with the seq of its first write; throws when one is there in part. */
  const wholeUnits = (fresh: readonly StoredResource[]): Map<string, number> => {
    const found = new Map<string, number>();
    const seqs = new Set(fresh.map((one) => one.seq));
    let covered = 0;
    for (const one of fresh.filter(({ body }) => body)) {
      const { unit, size, place } = JSON.parse(Buffer.from(one.body!).toString()) as Part;
      const first = one.seq - place;
      if (found.has(unit) && found.get(unit) !== first) fail(`${unit} stands in two places`);
      if (found.has(unit)) continue;
      found.set(unit, first);
      for (let at = first; at < first + size; at++)
        if (!seqs.has(at)) fail(`${unit} is there in part: ${at} of ${first}+${size} is missing`);
      covered += size;
    }
    if (covered !== fresh.length) fail(`${fresh.length} versions, but the units have ${covered}`);
    return found;
  };
  const replay = (fresh: readonly StoredResource[]): void => {
    for (const one of fresh) {
      const name = nameOf(one);
      if (one.versionId !== (versions.get(name) ?? 0) + 1)
        fail(`${name}: version ${one.versionId} after ${versions.get(name) ?? 0}`);
      if (one.seq <= seq) fail('The feed is out of order');
      seq = one.seq;
      versions.set(name, one.versionId);
      if (one.body) live.set(name, (JSON.parse(Buffer.from(one.body).toString()) as Part).unit);
      else live.delete(name);
    }
  };
  const find = async (
    store: TenantStore,
    type: string,
    where: Expression,
    total = false,
  ): Promise<string[]> => {
    const page = await store.resources.search(
      searchPlan(
        { branches: [{ type, where }], count: total ? 0 : 50, total: total ? 'accurate' : 'none' },
        () => ALL,
      ),
    );
    return total ? [String(page.total)] : page.resources.map(nameOf).sort();
  };
  const verifyIndex = async (store: TenantStore, names: Iterable<string>): Promise<void> => {
    for (const unit of names) {
      const wanted = ['a', 'b'].map((letter) => `Part/${unit}-${letter}`).filter((name) => live.has(name));
      const ways: Expression[] = [
        { op: 'key', param: 'unit', keys: [unit] },
        { op: 'text', param: 'name', test: 'equals', value: unit },
      ];
      for (const where of ways) {
        const found = await find(store, 'Part', where);
        if (found.join() !== wanted.join())
          fail(`${unit}: ${JSON.stringify(where)} finds ${found.join()}, not ${wanted.join()}`);
      }
    }
  };
  const verifyCounters = async (store: TenantStore): Promise<void> => {
    for (const [name, version] of versions) {
      if (!name.startsWith('Count/')) continue;
      const id = name.slice('Count/'.length);
      const { versions: all } = await store.resources.history({ type: 'Count', id, count: 10_000 });
      const numbers = all.map(({ versionId }) => versionId);
      if (numbers.join() !== Array.from({ length: version }, (_, i) => version - i).join())
        fail(`${name}: history ${numbers.slice(0, 20).join()} of ${version}`);
      const at = (turn: number) =>
        find(store, 'Count', { op: 'key', param: 'turn', keys: [`${id.slice(1)}-${turn}`] });
      if ((await at(version)).join() !== name) fail(`${name} is not found by its turn ${version}`);
      if ((await at(version - 1)).length > 0) fail(`${name} is still found by its turn ${version - 1}`);
    }
  };
  const verify = async (store: TenantStore, lines: readonly string[]): Promise<void> => {
    const fresh = await follow(store);
    const found = wholeUnits(fresh);
    replay(fresh);
    for (const line of lines) {
      const [unit = '', first] = line.split(' ');
      if (found.get(unit) !== Number(first))
        fail(`${unit} was acknowledged with seq ${first}, the store has it at ${found.get(unit)}`);
    }
    for (const unit of found.keys()) units.add(unit);
    await verifyIndex(store, found.keys());
    await verifyCounters(store);
    if ((await store.feed.last()) !== seq)
      fail(`The last seq is ${await store.feed.last()}, the feed ends at ${seq}`);
  };
  const verifyEnd = async (store: TenantStore): Promise<void> => {
    const parts = [...live.keys()].filter((name) => name.startsWith('Part/')).length;
    const [total] = await find(store, 'Part', ALL, true);
    if (Number(total) !== parts) fail(`${total} parts are found, there must be ${parts}`);
    const claimed = new Set<string>();
    for (;;) {
      const jobs = await store.jobs.claim(['crash'], 500, 600_000, Date.now() + 1000);
      if (jobs.length === 0) break;
      for (const { payload } of jobs) claimed.add((payload as { unit: string }).unit);
    }
    if (claimed.size !== units.size) fail(`${claimed.size} jobs, but ${units.size} units`);
  };
  return {
    get seq() {
      return seq;
    },
    units,
    verify,
    verifyEnd,
  };
}
