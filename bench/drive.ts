// Starts the driver process and hands it jobs.

import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Job, Result } from './job.ts';

export type Driver = { run(job: Job): Promise<Result>; stop(): void };

type Message = { readonly result?: Result; readonly error?: string };

/** One driver process; it runs one job at a time. */
export function startDriver(): Driver {
  const child = fork(join(import.meta.dirname, 'driver.ts'), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const run = (job: Job): Promise<Result> =>
    new Promise((done, fail) => {
      child.once('message', ({ result, error }: Message) => {
        if (result === undefined) fail(new Error(`The driver failed: ${error}`));
        else done(result);
      });
      child.send(job);
    });
  return { run, stop: () => child.kill() };
}
