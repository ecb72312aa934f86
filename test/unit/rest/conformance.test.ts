// Following what is written, without doing so all the time.

import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { calmly } from '../../../src/rest/conformance.ts';

describe('calmly', () => {
  it('works at once, once for one wish', async () => {
    let runs = 0;
    const look = calmly(async () => void runs++);
    look();
    expect(runs).toBe(1);
    await sleep(30);
    expect(runs).toBe(1);
    look();
    expect(runs).toBe(2);
  });

  it('never works twice at a time, rests in between, and sees the last wish', async () => {
    let [wishes, seen, runs, busy, most] = [0, 0, 0, 0, 0];
    const look = calmly(async () => {
      runs++;
      most = Math.max(most, ++busy);
      const now = wishes;
      await sleep(10);
      seen = now;
      busy--;
    });
    const started = performance.now();
    while (performance.now() - started < 400) {
      wishes++;
      look();
      await sleep(1);
    }
    await sleep(250);
    expect(most).toBe(1);
    expect(seen).toBe(wishes);
    // 650 ms hold 6 or 7 rounds of 10 ms of work and 90 ms of rest; without the rest there would be 40.
    expect(runs).toBeLessThan(12);
  });

  it('outlives work that fails', async () => {
    let runs = 0;
    const look = calmly(async () => {
      runs++;
      throw new Error('The store does not answer');
    });
    look();
    await sleep(5);
    look();
    await sleep(5);
    expect(runs).toBe(2);
  });
});
