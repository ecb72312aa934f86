/**
 * The load of the kill tests, run as a process of its own: commits units to a store as fast as they are answered and tells each
 * acknowledged one on its standard output, one JSON line each (a write to a pipe is done when it returns, so a kill cannot lose it).
 * Arguments: `sqlite FOLDER` or `mongo URL`, then a name that makes the ids of this process unique.
 */
import { randomInt } from 'node:crypto';
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { IndexValue } from '../../src/fhir/search/index-value.ts';
import type { Stores, TenantStore, UnitOfWork, Write } from '../../src/store/ports.ts';
import { say } from './say.ts';

export const TENANT = 'kill';
export const QUEUE = 'kill';
export const SHARED_RESOURCES = 12;
export const LOADERS = 16;

/** What every body says: the unit it belongs to and how many writes that has. Those without a body, deletes, are its last. */
export interface Told {
  readonly resourceType: string;
  readonly id: string;
  readonly meta: { readonly versionId: string; readonly lastUpdated: string };
  readonly unit: string;
  readonly size: number;
}

export interface Acknowledged {
  readonly unit: string;
  readonly firstSeq: number;
  readonly instant: number;
  readonly writes: readonly { readonly type: string; readonly id: string; readonly versionId: number }[];
}

const STAMP = '2000-01-01T00:00:00.000Z';

function version(type: string, id: string, versionId: number, unit: string, size: number): Write {
  const told: Told = {
    resourceType: type,
    id,
    meta: { versionId: `${versionId}`, lastUpdated: STAMP },
    unit,
    size,
  };
  const text = JSON.stringify({ ...told, padding: 'x'.repeat(randomInt(2000)) });
  const body = new Uint8Array(Buffer.from(text));
  const index: IndexValue[] = [
    { kind: 'key', param: 'unit', key: unit },
    { kind: 'range', param: 'size', key: '', low: size, high: size },
    { kind: 'text', param: 'name', text: unit, exact: unit },
  ];
  const content = { body, stampAt: text.indexOf(STAMP), index };
  return { type, id, expected: versionId - 1, versionId, method: versionId === 1 ? 'POST' : 'PUT', content };
}

/** Some new resources, a new version of one that all processes write, sometimes a delete of one that this loader has made, and a job. */
async function unitOf(tenant: TenantStore, unit: string, victim: string | undefined): Promise<UnitOfWork> {
  const shared = { type: 'Group', id: `shared${randomInt(SHARED_RESOURCES)}` };
  const [current] = await tenant.resources.read([shared]);
  const fresh = randomInt(1, 5);
  const size = fresh + (victim === undefined ? 1 : 2);
  const writes = Array.from({ length: fresh }, (_, i) => version('Patient', `${unit}-${i}`, 1, unit, size));
  writes.push(version(shared.type, shared.id, (current?.versionId ?? 0) + 1, unit, size));
  if (victim !== undefined)
    writes.push({ type: 'Patient', id: victim, expected: 1, versionId: 2, method: 'DELETE' });
  return { writes, integrity: true, jobs: [{ queue: QUEUE, payload: { unit } }] };
}

/** The last of each so many units deletes the first resource of the one before. */
const DELETE_EVERY = 3;

async function load(tenant: TenantStore, name: string): Promise<never> {
  let victim: string | undefined;
  for (let n = 0; ; n++) {
    const unit = `${name}-${n}`;
    try {
      const work = await unitOf(tenant, unit, n % DELETE_EVERY === DELETE_EVERY - 1 ? victim : undefined);
      const result = await tenant.resources.commit(work);
      if (!result.ok) continue;
      const writes = work.writes.map(({ type, id, versionId }) => ({ type, id, versionId }));
      const told: Acknowledged = { unit, firstSeq: result.firstSeq, instant: result.instant, writes };
      say(JSON.stringify(told));
      victim = `${unit}-0`;
    } catch (error) {
      // What became of the unit is not known, so what it was to delete may be gone.
      victim = undefined;
      // The database may be away for a while: that is a part of the test.
      writeSync(2, `${String(error)}\n`);
      await new Promise((done) => setTimeout(done, 20));
    }
  }
}

export async function openKind(kind: string, where: string): Promise<Stores> {
  if (kind === 'mongo') {
    const { openMongoStores } = await import('../../src/store/mongo/stores.ts');
    return openMongoStores({ url: where });
  }
  const { openSqliteStores } = await import('../../src/store/sqlite/stores.ts');
  return openSqliteStores({ location: where });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [kind, where, name] = process.argv.slice(2);
  const stores = await openKind(kind!, where!);
  const tenant = await stores.tenant(TENANT);
  await Promise.all(Array.from({ length: LOADERS }, (_, i) => load(tenant, `${name}-${i}`)));
}
