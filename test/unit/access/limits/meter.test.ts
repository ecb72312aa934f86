/** The meter: what a key may ask in a rush and in the long run, over all threads, in memory that does not grow. */
import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { requestLimits, type LimitSettings } from '../../../../src/access/limits/limits.ts';
import type { MeterTask } from '../../../support/meter-thread.ts';
import { meter, meterMemory, type Rule } from '../../../../src/access/limits/meter.ts';

const NOW = 1_800_000_000_000;
const RULE: Rule = { perMinute: 600, burst: 10 };

/** How many of so many requests at one moment are granted. */
const granted = (
  use: ReturnType<typeof meter>,
  key: string,
  asked: number,
  now: number,
  rule = RULE,
): number =>
  Array.from({ length: asked }, () => use.take(key, rule, now)).filter((wait) => wait === 0).length;

describe('[45] a meter', () => {
  it('grants a burst, and then one at a time', () => {
    const use = meter(meterMemory());
    expect(granted(use, 'a', 50, NOW)).toBe(10);
    expect(use.take('a', RULE, NOW)).toBe(100);
    expect(use.take('a', RULE, NOW + 60)).toBe(40);
    expect(granted(use, 'a', 50, NOW + 100)).toBe(1);
    expect(granted(use, 'a', 50, NOW + 400)).toBe(3);
    expect(granted(use, 'a', 50, NOW + 60_000)).toBe(10);
  });

  it('grants no more than the rate in the long run, however it is asked', () => {
    const use = meter(meterMemory());
    let all = 0;
    for (let ms = 0; ms < 60_000; ms += 7) all += granted(use, 'a', 3, NOW + ms);
    expect(all).toBeGreaterThanOrEqual(600);
    expect(all).toBeLessThanOrEqual(600 + 10);
  });

  it('counts each key by itself', () => {
    const use = meter(meterMemory());
    for (let i = 0; i < 1000; i++) expect(granted(use, `10.0.${i >> 8}.${i & 255}`, 12, NOW)).toBe(10);
  });

  it.each([
    // A rush that is exactly so long ago looks like one of now: it is then forgotten within seconds.
    ['when times wrap around', 0x1_0000_0000 / 100 + 5000],
    ['when a cell was left half way around', 0x8000_0000 / 100],
    ['after a day', 86_400_000],
    ['when the clock is put back', -3_600_000],
    ['when the clock is put back a little', -2000],
  ])('does not hold up a key %s', (_name, later) => {
    const use = meter(meterMemory());
    granted(use, 'a', 50, NOW);
    expect(granted(use, 'a', 50, NOW + Math.round(later))).toBe(10);
  });

  it('counts over threads as one', async () => {
    const [memory, burst] = [meterMemory(), 20_000];
    const counts = await Promise.all([1, 2, 3].map(() => inThread({ kind: 'share', memory, burst })));
    expect(counts.reduce((sum, one) => sum + one, 0)).toBe(burst);
  });

  it('under a flood of keys forgets, and holds up nobody', async () => {
    const memory = meterMemory();
    expect(await inThread({ kind: 'flood', memory, burst: 10 })).toBe(0);
    expect(memory.byteLength).toBeLessThan(600_000);
  });

  it('costs less than two microseconds a request', async () => {
    expect(await inThread({ kind: 'cost', memory: meterMemory(), burst: 1 })).toBeLessThan(2);
  });
});

const THREAD = join(import.meta.dirname, '../../../support/meter-thread.ts');

function inThread(task: Omit<MeterTask, 'now'>): Promise<number> {
  const thread = new Worker(THREAD, { workerData: { ...task, now: NOW } });
  return new Promise((done, failed) => thread.once('message', done).once('error', failed));
}

describe('[45] limits', () => {
  const settings: LimitSettings = { rateLimits: 'auto', addressLimit: 40, formLimit: 8, clientLimit: 20 };
  const limits = (more: Partial<LimitSettings> = {}) =>
    requestLimits({ ...settings, ...more }, meterMemory(), () => NOW);
  const most = (ask: () => unknown): number => {
    for (let n = 0; n < 100; n++) {
      try {
        if (ask()) return n;
      } catch {
        return n;
      }
    }
    return Infinity;
  };
  const service = { kind: 'service', clientId: 'bulk' } as const;

  it('are one for an address, one for its forms, one for a client, each by itself', () => {
    const { address, form, client } = limits();
    expect(most(() => address('192.0.2.1'))).toBe(10);
    expect(most(() => address('192.0.2.2'))).toBe(10);
    expect(most(() => form('192.0.2.1'))).toBe(2);
    expect(most(() => client('default', service, '192.0.2.1'))).toBe(5);
    expect(most(() => client('other', service, '192.0.2.1'))).toBe(5);
    expect(most(() => client('default', { ...service, accountId: 'a' }, '192.0.2.1'))).toBe(5);
    expect(most(() => client('default', { kind: 'nobody' }, '192.0.2.1'))).toBe(Infinity);
  });

  it('say in whole seconds when to come again, and refuse a client with 429', () => {
    const { address, client } = limits();
    most(() => address('192.0.2.1'));
    expect(address('192.0.2.1')).toBe(2);
    most(() => client('default', service, '192.0.2.1'));
    expect(() => client('default', service, '192.0.2.1')).toThrow(
      expect.objectContaining({ status: 429, headers: { 'retry-after': '3' } }),
    );
  });

  it.each(['127.0.0.1', '127.8.0.1', '0:0:0:0::/64'])('do not hold for %s unless they are to', (local) => {
    expect(most(() => limits().address(local))).toBe(Infinity);
    const strict = limits({ rateLimits: 'on' });
    expect(most(() => strict.address(local))).toBe(10);
  });

  it('can be switched off, all or each', () => {
    const off = limits({ rateLimits: 'off' });
    expect(most(() => off.address('192.0.2.1'))).toBe(Infinity);
    const some = limits({ addressLimit: 0 });
    expect(most(() => some.address('192.0.2.1'))).toBe(Infinity);
    expect(most(() => some.form('192.0.2.1'))).toBe(2);
  });
});
