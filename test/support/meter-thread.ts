/** A thread that uses a meter as the server does, outside of the test's own world, which makes shared memory slow. Tells one number. */
import { parentPort, workerData } from 'node:worker_threads';
import { requestLimits } from '../../src/access/limits/limits.ts';
import { meter } from '../../src/access/limits/meter.ts';

export interface MeterTask {
  readonly kind: 'share' | 'flood' | 'cost';
  readonly memory: SharedArrayBuffer;
  readonly now: number;
  readonly burst: number;
}

const TASKS: Readonly<Record<MeterTask['kind'], (task: MeterTask) => number>> = {
  /** how many it is granted of twice the burst of one key */
  share: ({ memory, now, burst }) => {
    const { take } = meter(memory);
    let granted = 0;
    for (let i = 0; i < 2 * burst; i++) if (take('shared', { perMinute: 60, burst }, now) === 0) granted++;
    return granted;
  },
  /** how many of many keys are refused their first request */
  flood: ({ memory, now, burst }) => {
    const { take } = meter(memory);
    let refused = 0;
    for (let i = 0; i < 500_000; i++) if (take(`key ${i}`, { perMinute: 60, burst }, now) > 0) refused++;
    return refused;
  },
  /** microseconds of CPU for a request of a client: the best of some rounds */
  cost: ({ memory }) => {
    const [rounds, each] = [5, 100_000];
    const settings = { rateLimits: 'on', addressLimit: 6e6, formLimit: 6e6, clientLimit: 6e6 } as const;
    const limits = requestLimits(settings, memory);
    const who = { kind: 'person', clientId: 'growth-chart', accountId: '0192-account' } as const;
    const times = Array.from({ length: rounds }, () => {
      const before = process.threadCpuUsage();
      for (let i = 0; i < each; i++) {
        limits.address('192.0.2.17');
        limits.client('default', who, '192.0.2.17');
      }
      const { user, system } = process.threadCpuUsage(before);
      return (user + system) / each;
    });
    return Math.min(...times);
  },
};

const task = workerData as MeterTask;
parentPort!.postMessage(TASKS[task.kind](task));
