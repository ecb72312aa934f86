/**
 * All of the Synthea records of the shared data through the transaction endpoint: every entry lands, every reference resolves, no urn:uuid is left,
 * counts by type equal what was sent; then read, page, patch, delete and history on what is there.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sharedData } from '../needs.ts';
import { apiOf, type Api } from '../support/api.ts';
import type { ServerProcess } from '../support/server-process.ts';

interface SentEntry {
  readonly resource: { readonly resourceType: string };
  readonly request: { readonly method: string };
}

interface Found {
  readonly resource: { readonly id: string };
}

const ARCHIVES = ['300-patients.tar.xz', '100-patients-ndjson.tar.xz'];
/** Bundles in flight at a time. */
const PARALLEL = 4;
/** HTTP threads of the server, and the most memory in bytes that it may hold for each of them while importing. */
export const WORKERS = 2;
const MOST_MEMORY = 400 * 1024 * 1024;

function unpacked(): { folder: string; files: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-synthea-'));
  for (const archive of ARCHIVES) execFileSync('tar', ['xJf', sharedData('synthea', archive), '-C', folder]);
  const below = (path: string): string[] =>
    readdirSync(path, { withFileTypes: true }).flatMap((one) =>
      one.isDirectory() ? below(join(path, one.name)) : [join(path, one.name)],
    );
  const small = below(sharedData('synthea', 'small'));
  return { folder, files: [...small, ...below(folder)].filter((file) => file.endsWith('.json')) };
}

async function each<T>(
  items: readonly T[],
  parallel: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: parallel }, run));
}

function residentBytes(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}

/** `threads`: those of the server that work on an import. */
export function syntheaContract(
  start: () => Promise<{ server: ServerProcess; stop: () => Promise<void> }>,
  threads = WORKERS,
): void {
  let server: ServerProcess;
  let stop: () => Promise<void>;
  let api: Api;
  const sent = new Map<string, number>();
  const refused: string[] = [];
  let peak = 0;
  let entries = 0;
  let seconds = 0;

  beforeAll(async () => {
    ({ server, stop } = await start());
    api = apiOf(server.base);
    const { folder, files } = unpacked();
    const began = performance.now();
    await each(files, PARALLEL, async (file) => {
      const text = readFileSync(file, 'utf8');
      // One file of the archive is a Group that names the patients by ids of its own: not a bundle to be loaded.
      if (!text.includes('"transaction"')) return;
      const reply = await api.post('', text);
      const bundle = JSON.parse(text) as { entry: SentEntry[] };
      const wrong =
        reply.status !== 200 ||
        reply.body.entry.some(
          (one: { response: { status: string } }) => !/^20[01]/.test(one.response.status),
        );
      if (wrong) refused.push(`${file}: ${reply.status} ${reply.text.slice(0, 300)}`);
      for (const { resource } of bundle.entry)
        sent.set(resource.resourceType, (sent.get(resource.resourceType) ?? 0) + 1);
      entries += bundle.entry.length;
      peak = Math.max(peak, residentBytes(server.pid()));
    });
    seconds = (performance.now() - began) / 1000;
    rmSync(folder, { recursive: true, force: true });
    console.log(
      `${entries} resources in ${seconds.toFixed(1)} s (${Math.round(entries / seconds)}/s), peak memory ${Math.round(peak / 1048576)} MB`,
    );
  }, 1_200_000);

  afterAll(() => stop?.());

  it('takes every entry', () => {
    expect(refused).toEqual([]);
    expect(entries).toBeGreaterThan(100_000);
  });

  it('keeps memory flat', () => expect(peak).toBeLessThan(threads * MOST_MEMORY));

  it('counts by type what was sent', async () => {
    const counts = new Map<string, number>();
    for (const type of sent.keys()) counts.set(type, (await api.get(`/${type}?_summary=count`)).body.total);
    expect(Object.fromEntries(counts)).toEqual(Object.fromEntries(sent));
  }, 120_000);

  it('resolves every reference and leaves no urn:uuid', async () => {
    const known = new Set<string>();
    const asked = new Set<string>();
    let urns = 0;
    for (const type of sent.keys()) {
      let url: string | undefined = `/${type}?_count=1000`;
      while (url) {
        const page = await api.get(url);
        urns += page.text.match(/"reference":"urn:uuid:/g)?.length ?? 0;
        for (const [, reference] of page.text.matchAll(/"reference":"([A-Z][A-Za-z]+\/[^"#]+)"/g))
          asked.add(reference!);
        for (const { resource } of (page.body.entry ?? []) as Found[]) known.add(`${type}/${resource.id}`);
        url = page.body.link.find((one: { relation: string }) => one.relation === 'next')?.url;
      }
    }
    expect(urns).toBe(0);
    expect(known.size).toBe(entries);
    expect([...asked].filter((reference) => !known.has(reference))).toEqual([]);
  }, 300_000);

  it('reads, patches, deletes and tells the history', async () => {
    const [patient] = (await api.get('/Patient?_count=1')).body.entry as Found[];
    const { id } = patient!.resource;
    const all = await api.get(`/Patient/${id}/Observation?_count=1000&_total=accurate`);
    expect(all.body.entry?.length ?? 0).toBe(Math.min(all.body.total, 1000));
    const patched = await api.patch(`/Patient/${id}`, [{ op: 'add', path: '/active', value: true }], {
      'content-type': 'application/json-patch+json',
    });
    expect([patched.status, patched.body.active]).toEqual([200, true]);
    expect((await api.remove(`/Patient/${id}`)).status).toBe(409);
    const [observed] = (await api.get('/Observation?_count=1&_sort=_id')).body.entry as Found[];
    const path = `/Observation/${observed!.resource.id}`;
    const read = await api.get(path);
    await api.put(path, { ...read.body, status: 'amended' });
    const history = await api.get(`${path}/_history`);
    expect(history.body.entry).toHaveLength(2);
    expect((await api.get(`${path}/_history/1`)).text).toBe(read.text);
  });
}
