/**
 * Random and mutated requests at everything that is open to all: no 5xx, no late answer, no growth of memory, nothing of a person in logs and metrics.
 * FUZZ_REQUESTS and FUZZ_SEED say how many and which; a million by `node test/support/fuzz/run.ts --requests 1000000`.
 */
import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { FuzzReport } from '../support/fuzz/run.ts';

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 20_000);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_124);
/** As many requests as come in this time, where the machine is slow. */
const MINUTES = 0.9;
const PROGRAM = join(import.meta.dirname, '../support/fuzz/run.ts');

function run(): Promise<FuzzReport> {
  const options = ['--requests', REQUESTS, '--seed', SEED, '--minutes', MINUTES].map(String);
  const child = spawn(process.execPath, ['--no-warnings', PROGRAM, ...options]);
  let [out, errors] = ['', ''];
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  return new Promise((done, failed) =>
    child.on('close', () => {
      const line = out.trim().split('\n').at(-1) ?? '';
      if (line.startsWith('{')) done(JSON.parse(line) as FuzzReport);
      else failed(new Error(errors));
    }),
  );
}

it('[40] [44] random requests bring out no failure, no personal text in log or metrics, and no growth of memory', async () => {
  const report = await run();
  const { requests, seconds, slowest, faults, heap, statuses, logLines } = report;
  process.stderr.write(
    `fuzz: seed ${SEED}, ${requests} requests in ${seconds} s, slowest ${slowest} ms, heap ${heap.join(' ')} MB\n`,
  );
  expect(faults).toEqual([]);
  expect(requests).toBeGreaterThan(2000);
  expect(logLines).toBeGreaterThan(requests / 3);
  for (const status of [200, 201, 303, 400, 401, 404]) expect(statuses[status]).toBeGreaterThan(0);
  // The least that was held in the last part of the run against that in an early one, when all is warm.
  const early = Math.min(...heap.slice(1, 4));
  const late = Math.min(...heap.slice(-3));
  expect(late).toBeLessThan(early * 1.3 + 30);
}, 180_000);
