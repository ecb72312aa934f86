/** The embedded stores as a thread sees them: bounded queue, a second thread, the private folder of `:memory:`, closing. */
import { describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { FhirError } from '../../../src/fhir/model/outcome.ts';
import { openSqliteStores } from '../../../src/store/sqlite/stores.ts';
import { create, done } from '../../contract/units.ts';

const status = (one: PromiseSettledResult<unknown>): number | undefined =>
  one.status === 'rejected' && one.reason instanceof FhirError ? one.reason.status : undefined;

describe('the embedded stores', () => {
  it('answer 503 with Retry-After when too many commits wait, and take further ones afterwards', async () => {
    const stores = await openSqliteStores({ location: ':memory:', limits: { commits: 10, bytes: 1e9 } });
    const { resources } = await stores.tenant('t');
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) => resources.commit({ writes: [create('Pear', `p${i}`)] })),
    );
    expect(results.filter(({ status: of }) => of === 'fulfilled')).toHaveLength(10);
    expect(results.map(status).filter((one) => one === 503)).toHaveLength(20);
    const refused = results.find(({ status: of }) => of === 'rejected') as PromiseRejectedResult;
    expect((refused.reason as FhirError).headers['retry-after']).toBeDefined();
    await done(resources, { writes: [create('Pear', 'later')] });
    await stores.close();
  });

  it('bound the bytes that wait, too', async () => {
    const stores = await openSqliteStores({ location: ':memory:', limits: { commits: 1000, bytes: 250 } });
    const { resources } = await stores.tenant('t');
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => resources.commit({ writes: [create('Pear', `p${i}`)] })),
    );
    const taken = results.filter(({ status: of }) => of === 'fulfilled').length;
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(5);
    await stores.close();
  });

  it('share the writer with another thread, which sees what this one wrote and the other way round', async () => {
    const stores = await openSqliteStores({ location: ':memory:' });
    const { resources } = await stores.tenant('t');
    await done(resources, { writes: [create('Pear', 'mine')] });
    const { attachment, transfer } = stores.attach();
    const source = `
      import { parentPort, workerData } from 'node:worker_threads';
      const { openSqliteStores } = await import(workerData.module);
      const stores = await openSqliteStores({ location: ':memory:', writer: workerData.attachment });
      const { resources } = await stores.tenant('t');
      const [seen] = await resources.read([{ type: 'Pear', id: 'mine' }]);
      const body = new Uint8Array(2);
      const write = { type: 'Pear', id: 'theirs', expected: 0, versionId: 1, method: 'POST', content: { body, stampAt: -1, index: [] } };
      const results = await Promise.all(Array.from({ length: 5 }, () => resources.commit({ writes: [write] })));
      await stores.close();
      parentPort.postMessage({ seen: seen?.versionId, won: results.filter(({ ok }) => ok).length });`;
    const module = new URL('../../../src/store/sqlite/stores.ts', import.meta.url).href;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
      workerData: { module, attachment },
      transferList: [...transfer],
    });
    const told = await new Promise((resolve, reject) =>
      worker.once('message', resolve).once('error', reject),
    );
    expect(told).toEqual({ seen: 1, won: 1 });
    expect((await resources.read([{ type: 'Pear', id: 'theirs' }]))[0]?.versionId).toBe(1);
    await worker.terminate();
    await stores.close();
  });

  it('refuse what comes after close, and :memory: leaves nothing behind', async () => {
    const before = new Set(folders());
    const stores = await openSqliteStores({ location: ':memory:' });
    const { resources } = await stores.tenant('t');
    const made = folders().filter((name) => !before.has(name));
    expect(made).toHaveLength(1);
    await stores.close();
    expect(made.filter((name) => existsSync(name))).toEqual([]);
    await expect(resources.commit({ writes: [create('Pear', 'late')] })).rejects.toThrow(/closing|closed/);
    await expect(stores.tenant('other')).rejects.toThrow(/closing|closed/);
  });

  it('list the tenants of the folder and nothing else', async () => {
    const location = mkdtempSync(join(tmpdir(), 'embergate-tenants-'));
    const stores = await openSqliteStores({ location });
    expect(await stores.tenants()).toEqual([]);
    await Promise.all(['b', 'a-1'].map((name) => stores.tenant(name)));
    writeFileSync(join(location, 'notes.txt'), '');
    writeFileSync(join(location, 'UPPER.db'), '');
    expect(await stores.tenants()).toEqual(['a-1', 'b']);
    await stores.close();
    rmSync(location, { recursive: true });
  });

  it('make the folder when it is absent, and refuse a file in its place', async () => {
    const location = mkdtempSync(join(tmpdir(), 'embergate-place-'));
    const stores = await openSqliteStores({ location: join(location, 'deep', 'er') });
    await done((await stores.tenant('t')).resources, { writes: [create('Pear', 'a')] });
    await stores.close();
    writeFileSync(join(location, 'file'), '');
    await expect(openSqliteStores({ location: join(location, 'file') })).rejects.toThrow(
      /is a file: name a folder/,
    );
    rmSync(location, { recursive: true });
  });

  it('say in one line when a tenant cannot be opened, and go on with the others', async () => {
    const location = mkdtempSync(join(tmpdir(), 'embergate-broken-'));
    writeFileSync(join(location, 'broken.db'), 'no database '.repeat(200));
    const stores = await openSqliteStores({ location });
    await expect(stores.tenant('broken')).rejects.toThrow(/not a database/);
    await done((await stores.tenant('whole')).resources, { writes: [create('Pear', 'a')] });
    await stores.close();
    rmSync(location, { recursive: true });
  });
});

/** Private folders of :memory: stores, wherever they are made. */
function folders(): string[] {
  return ['/dev/shm', tmpdir()]
    .filter((parent) => existsSync(parent))
    .flatMap((parent) =>
      readdirSync(parent)
        .filter((name) => /^embergate-[^-]{6}$/.test(name))
        .map((name) => join(parent, name)),
    );
}
