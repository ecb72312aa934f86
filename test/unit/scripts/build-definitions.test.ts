// The build of the definitions leaves a fresh file alone and says nothing.

import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { definitionsPath } from '../../../src/definitions-file.ts';

const SCRIPT = resolve(import.meta.dirname, '../../../scripts/build-definitions.ts');
const build = (): string => {
  const { status, stderr } = spawnSync(process.execPath, ['--no-warnings', SCRIPT], { encoding: 'utf8' });
  expect(status).toBe(0);
  return stderr;
};

it('does nothing when the file is fresh', () => {
  build();
  const before = statSync(definitionsPath());
  expect(build()).toBe('');
  const after = statSync(definitionsPath());
  expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
  expect(after.size).toBeGreaterThan(1_000_000);
});
