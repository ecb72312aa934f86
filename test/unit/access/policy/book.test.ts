/** The policies of a tenant on several threads: what one has written counts on the other from the next request on, before any event comes in. */
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Worker } from 'node:worker_threads';
import { policyBook, type PolicyBook } from '../../../../src/access/policy/book.ts';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import type { Definitions } from '../../../../src/fhir/definitions/registry.ts';
import type { TenantStore } from '../../../../src/store/ports.ts';
import { policyResource } from '../../../support/policy.ts';

describe('the book of policies', () => {
  let definitions: Definitions;
  const open: PolicyBook[] = [];
  beforeAll(async () => {
    definitions = await loadDefinitions({});
  });
  afterEach(() => open.splice(0).forEach((book) => book.stop()));

  const stored: { id: string; versionId: number; seq: number; body: Uint8Array }[] = [];
  let searches = 0;
  let fails = false;
  const store = {
    resources: {
      search: () => {
        searches++;
        if (fails) return Promise.reject(new Error('gone'));
        return Promise.resolve({ resources: [...stored] });
      },
    },
  } as unknown as TenantStore;
  const bookOf = (tenant: string, onBroken?: (policy: { source: string }) => void): PolicyBook => {
    const book = policyBook({ tenant, store, definitions: () => definitions, ...(onBroken && { onBroken }) });
    open.push(book);
    return book;
  };
  const put = (seq: number, rule = { types: ['Observation'] }): void => {
    const tree = policyResource('p', { roles: ['practitioner'], rules: [rule] });
    stored.splice(0, Infinity, { id: 'p', versionId: seq, seq, body: Buffer.from(JSON.stringify(tree)) });
  };

  it('is read once, and again only when something was written', async () => {
    const book = bookOf('once');
    const set = await book.current();
    const before = searches;
    expect(book.current()).toBe(set);
    book.written(new Set(['Observation']));
    expect(book.current()).toBe(set);
    put(1);
    book.written(new Set(['Basic']));
    const next = await book.current();
    expect(searches).toBe(before + 1);
    expect(next.policies.map(({ source }) => source)).toEqual(['Basic/p/_history/1']);
    // The same object where nothing has changed after all: what follows from it is kept by it.
    book.written(new Set(['Basic']));
    expect(await book.current()).toBe(next);
  });

  it('tells the book of another one of the tenant, and of no other tenant', async () => {
    const [one, two, other] = [bookOf('a'), bookOf('a'), bookOf('b')];
    const [setOne, setTwo, setOther] = [await one.current(), await two.current(), await other.current()];
    expect([one.current(), two.current(), other.current()]).toEqual([setOne, setTwo, setOther]);
    one.written(new Set(['Basic']));
    expect(two.current()).toBeInstanceOf(Promise);
    expect(other.current()).toBe(setOther);
  });

  it('knows what another thread has said without waiting for its event', async () => {
    const book = bookOf('threads');
    const set = await book.current();
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const code = `const { workerData } = require('node:worker_threads');
      const channel = new BroadcastChannel('embergate-policies-threads');
      channel.postMessage('changed');
      Atomics.store(workerData, 0, 1); Atomics.notify(workerData, 0);
      channel.close();`;
    const worker = new Worker(code, { eval: true, workerData: flag });
    expect(book.current()).toBe(set);
    // Nothing of this thread runs until the other one has posted.
    expect(Atomics.wait(flag, 0, 0, 20_000)).not.toBe('timed-out');
    expect(book.current()).toBeInstanceOf(Promise);
    await worker.terminate();
  });

  it('rejects while the store does not answer, and is well again with it', async () => {
    const book = bookOf('store');
    fails = true;
    await expect(Promise.resolve(book.current())).rejects.toThrow('gone');
    fails = false;
    expect((await book.current()).policies.length).toBe(stored.length);
  });

  it('tells of a version that cannot be understood once', async () => {
    const told: string[] = [];
    const book = bookOf('broken', ({ source }) => told.push(source));
    put(7, { types: ['Nothing'] });
    for (let i = 0; i < 3; i++) {
      book.written(new Set(['Basic']));
      await book.current();
    }
    expect(told).toEqual(['Basic/p/_history/7']);
  });
});
