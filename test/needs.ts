// Says what a suite needs beyond the repository, skips the suite where that is absent, and records it for the runner,
// which tells at the end what did not run. https://jestjs.io/docs/api#describeskipname-fn

import { describe, expect, it } from '@jest/globals';
import { appendFileSync, existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

/** `mongod`, `chromium` (CHROMIUM names it, else the PATH has it), a command on the PATH such as `command:chromium`, or a file of the shared data. */
export type Need = 'mongod' | 'chromium' | `command:${string}` | 'shared-data' | `shared-data/${string}`;

type Suite = (name: string, body: () => void) => void;

const ROOT = resolve(import.meta.dirname, '..');

/** Folder of the data that is not in the repository: SHARED_DATA, else `../shared/data` beside the checkout. */
export const SHARED_DATA = process.env.SHARED_DATA ?? resolve(ROOT, '..', 'shared', 'data');

/** Path of a file or folder of the shared data; ask for it with `needs('shared-data/…')` first. */
export const sharedData = (...names: readonly string[]): string => join(SHARED_DATA, ...names);

const pathOf = (command: string): string | undefined =>
  (process.env.PATH ?? '')
    .split(':')
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, command))
    .find((path) => existsSync(path));

const onPath = (command: string): boolean => pathOf(command) !== undefined;

/** The browser that the suites drive: CHROMIUM, else `chromium` or `google-chrome` of the PATH. */
export function chromiumPath(): string | undefined {
  const named = process.env.CHROMIUM;
  if (named !== undefined && named !== '') return existsSync(named) ? named : undefined;
  return pathOf('chromium') ?? pathOf('chromium-browser') ?? pathOf('google-chrome');
}

/** What stands in the way, as words for the user; undefined if the need is met. */
function lack(need: Need): string | undefined {
  if (need === 'mongod') {
    if (process.env.MONGOMS_SYSTEM_BINARY) return undefined;
    return `a mongod: ${process.env.EMBERGATE_NO_MONGOD ?? 'see scripts/mongod.mjs'}`;
  }
  if (need === 'chromium') {
    return chromiumPath() === undefined
      ? 'Chromium; install it, or name its path in CHROMIUM (Debian: apt-get install chromium)'
      : undefined;
  }
  if (need.startsWith('command:')) {
    const command = need.slice('command:'.length);
    return onPath(command) ? undefined : `the command ${command} on the PATH`;
  }
  const path = need.slice('shared-data'.length).replace(/^\//, '');
  if (existsSync(join(SHARED_DATA, path))) return undefined;
  return `the shared data (${path === '' ? 'folder' : path}); name its folder in SHARED_DATA`;
}

function record(need: Need, why: string, missing: string | undefined): void {
  const file = relative(ROOT, expect.getState().testPath ?? 'unknown');
  const line = JSON.stringify({ need, why, file, missing });
  const log = process.env.EMBERGATE_NEEDS_LOG;
  if (log !== undefined) appendFileSync(log, `${line}\n`);
  else if (missing !== undefined) process.stderr.write(`NOT RUN ${file}: ${why} needs ${missing}\n`);
}

/**
 * A `describe` that runs where the need is met, and elsewhere stands as one skipped test without calling its body.
 * `why` names what is tested, as in `needs('mongod', 'the MongoDB store')('contract', () => { … })`.
 */
export function needs(need: Need, why: string): Suite {
  const missing = lack(need);
  record(need, why, missing);
  if (missing === undefined) return (name, body) => describe(name, body);
  return (name) => describe.skip(name, () => it(`needs ${missing}`, () => undefined));
}
