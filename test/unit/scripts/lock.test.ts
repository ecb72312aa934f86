// The lock between processes: one at a time, and no death leaves it shut.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { withLock } from '../../../scripts/lock.mjs';

const MODULE = resolve(import.meta.dirname, '..', '..', '..', 'scripts', 'lock.mjs');

/** A process that notes when it comes and goes, inside the lock. */
const CHILD = `
  const { withLock } = await import(process.argv[1]);
  const { appendFileSync } = await import('node:fs');
  await withLock(process.argv[2], async () => {
    appendFileSync(process.argv[3], 'in ');
    await new Promise((done) => setTimeout(done, 50));
    appendFileSync(process.argv[3], 'out ');
  });
`;

const run = (folder: string, log: string): Promise<unknown> => {
  const args = ['--input-type=module', '-e', CHILD, MODULE, folder, log];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  return new Promise((done) => child.once('exit', done));
};

describe('withLock', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'embergate-lock-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('lets one process in at a time', async () => {
    const log = join(folder, 'log');
    await Promise.all(Array.from({ length: 4 }, () => run(join(folder, 'lock'), log)));
    expect(readFileSync(log, 'utf8')).toBe('in out '.repeat(4));
  });

  it('breaks the lock of a process that died', async () => {
    const lock = join(folder, 'lock');
    mkdirSync(lock);
    // No process has this id: it is above the largest that Linux gives.
    writeFileSync(join(lock, 'pid'), '99999999');
    expect(await withLock(lock, () => 'in')).toBe('in');
    expect(existsSync(lock)).toBe(false);
  });

  it('opens again when the work fails', async () => {
    const lock = join(folder, 'lock');
    await expect(withLock(lock, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await withLock(lock, () => appendFileSync(join(folder, 'log'), 'in'));
    expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('in');
  });
});
