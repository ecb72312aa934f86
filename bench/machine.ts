// Where and what was measured: the machine, the runtime, the commit.

import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const GIGABYTE = 1024 ** 3;

function git(...args: readonly string[]): string {
  try {
    return execFileSync('git', args, {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly system: string;
  readonly node: string;
  readonly commit: string;
  /** True if the sources differ from the commit. */
  readonly changed: boolean;
};

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGB: Math.round(totalmem() / GIGABYTE),
  system: `${process.platform} ${release()} ${process.arch}`,
  node: process.version,
  commit: git('rev-parse', '--short=10', 'HEAD'),
  changed: git('status', '--porcelain', '--', 'src', 'bench') !== '',
});
