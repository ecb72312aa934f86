/**
 * Indexes what is stored anew, in the background: over the feed from its beginning to its end, so that it can go on where it stopped, and what is written
 * meanwhile comes last. Only one process does it at a time. https://hl7.org/fhir/R4/searchparameter.html
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Definitions } from '../fhir/definitions/registry.ts';
import { indexValues } from '../fhir/search/extract.ts';
import type { Reindexed, StoredResource, TenantStore } from '../store/ports.ts';
import type { Pending } from './index-state.ts';
import { treeOf } from './visible.ts';

export interface ReindexOptions {
  /** by which resources are indexed */
  readonly definitions: Definitions;
  readonly pending: readonly Pending[];
  /** absolute references below it are local ones */
  readonly baseUrl: string;
  /**
   * ms that must pass before it may end: by then every process and thread that writes indexes by these definitions, too. What they wrote before is in the feed.
   */
  readonly patience: number;
  /** true: stop soon; the next call goes on from there */
  readonly isStopped?: () => boolean;
  /** versions looked at, and all there are */
  readonly tell?: (done: number, all: number) => void;
  /** share of the time that may be worked, 0 to 1 */
  readonly duty?: number;
}

const BATCH = 200;
const LEASE = 'reindex lease';
const LEASE_MS = 20_000;
/** How often the end of the feed is looked at while patience lasts. */
const LOOK_MS = 200;

/** Name of the cursor that tells how far the indexing by these definitions has come. */
export function progressName(pending: readonly Pending[]): string {
  const all = pending.map(({ name, sign }) => `${name} ${sign}`).sort();
  return `reindex ${createHash('sha256').update(all.join('\n')).digest('base64url').slice(0, 16)}`;
}

/** `busy`: another process is at it; `stopped`: asked to, or the lease was lost. */
export async function reindex(
  store: TenantStore,
  options: ReindexOptions,
): Promise<'done' | 'busy' | 'stopped'> {
  const lease = await takeLease(store);
  if (!lease) return 'busy';
  try {
    if (!(await walk(store, options, lease))) return 'stopped';
    for (const { name, from, sign } of options.pending) await store.feed.advance(name, from, sign);
    return 'done';
  } finally {
    await lease.release();
  }
}

async function walk(
  { feed, resources }: TenantStore,
  options: ReindexOptions,
  lease: Lease,
): Promise<boolean> {
  const { pending, patience, duty = 1, tell, isStopped = () => false } = options;
  const name = progressName(pending);
  const end = Date.now() + patience;
  let at = await feed.cursor(name);
  for (;;) {
    if (isStopped() || !(await lease.extend())) return false;
    const started = performance.now();
    const late = Date.now() >= end;
    const versions = await feed.read(at, BATCH);
    const last = versions.at(-1)?.seq;
    if (last === undefined) {
      if (late) return true;
      await sleep(LOOK_MS);
      continue;
    }
    await resources.reindex(indexed(versions, options));
    if (!(await feed.advance(name, at, last))) return false;
    at = last;
    tell?.(at, Math.max(at, await feed.last()));
    await sleep(((performance.now() - started) * (1 - duty)) / duty);
  }
}

/** The last version of each resource among these; whether it is the current one the store judges. */
function indexed(versions: readonly StoredResource[], { definitions, baseUrl }: ReindexOptions): Reindexed[] {
  const last = new Map(versions.map((one) => [`${one.type}/${one.id}`, one]));
  return [...last.values()].flatMap(({ type, id, versionId, body }) =>
    body ? [{ type, id, versionId, index: indexValues(definitions, treeOf(body), { baseUrl }) }] : [],
  );
}

interface Lease {
  /** false: it was lost */
  extend(): Promise<boolean>;
  release(): Promise<void>;
}

/** A cursor that holds the instant until which it is taken. */
async function takeLease({ feed }: TenantStore): Promise<Lease | undefined> {
  let held = await feed.cursor(LEASE);
  if (held > Date.now()) return undefined;
  const move = async (to: number): Promise<boolean> => {
    if (!(await feed.advance(LEASE, held, to))) return false;
    held = to;
    return true;
  };
  if (!(await move(Date.now() + LEASE_MS))) return undefined;
  return {
    // Not at every batch, for each is a commit.
    extend: async () => held - Date.now() > LEASE_MS / 2 || move(Date.now() + LEASE_MS),
    release: async () => void (await move(Date.now())),
  };
}
