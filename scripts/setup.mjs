// Brings what a fresh machine lacks: packages, a Node that is new enough, the compiled FHIR definitions.
// Plain JavaScript without a dependency, for any Node from 18 up. Does nothing, fast, when nothing is missing.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { explainNpm, installedAsLocked, npm } from './npm.mjs';
import { findNode, NEEDED_MAJOR, platformPackage, ROOT, RUNTIME, runtimeCandidates } from './runtime.mjs';

const MODULES = join(ROOT, 'node_modules');
const STAMP = join(MODULES, '.embergate-setup');
const DEFINITIONS = join(ROOT, 'scripts', 'build-definitions.ts');
const DEFINITIONS_STAMP = join(ROOT, '.cache', 'definitions-r4.bin.stamp');
const DEFINITIONS_CODE = join(ROOT, 'src', 'fhir', 'definitions');

/** A failure that is told to the user as one line. */
class SetupError extends Error {}

const lockText = () => readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
const hashOf = (text) => createHash('sha256').update(text).digest('hex');
const readOr = (file, otherwise) => (existsSync(file) ? readFileSync(file, 'utf8') : otherwise);

const packagesFresh = () => readOr(STAMP, '') === hashOf(lockText());

function alreadyInstalled() {
  const hidden = readOr(join(MODULES, '.package-lock.json'), undefined);
  return hidden !== undefined && installedAsLocked(JSON.parse(lockText()), JSON.parse(hidden));
}

async function progress(text, work) {
  const started = Date.now();
  const live = process.stderr.isTTY === true;
  const line = () => `${text} (${Math.round((Date.now() - started) / 1000)} s)`;
  if (!live) process.stderr.write(`${text}\n`);
  const timer = live ? setInterval(() => process.stderr.write(`\r${line()}`), 250) : undefined;
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (live) process.stderr.write(`\r${line()}\n`);
  }
}

/**
 * Installs what the lock file names and leaves the lock file alone. Not `npm ci`: that refuses a lock file made against
 * a registry which lacks some of the binaries for other platforms, and clears the folder under whoever is using it.
 */
async function installPackages() {
  if (packagesFresh()) return;
  if (!alreadyInstalled()) {
    const { code, said } = await progress('Installing packages …', () => npm(['install', '--no-save']));
    if (code !== 0) throw new SetupError(`could not install the packages: ${explainNpm(said)}`);
  }
  writeFileSync(STAMP, hashOf(lockText()));
}

const runs = (node) => existsSync(node) && spawnSync(node, ['--version']).status === 0;

/**
 * The package `node` fetches its binary by an install script, which npm may be told to refuse; the platform's own
 * package carries the same binary as a plain file.
 */
async function bringNode() {
  if (findNode() !== undefined) return;
  mkdirSync(RUNTIME, { recursive: true });
  const wanted = [`node@${NEEDED_MAJOR}`, `${platformPackage()}@${NEEDED_MAJOR}`];
  let reason = '';
  for (const name of wanted) {
    const work = () => npm(['install', '--prefix', RUNTIME, '--no-save', name]);
    const { said } = await progress(`Bringing Node ${NEEDED_MAJOR} (this one is ${process.version}) …`, work);
    if (runtimeCandidates().some(runs)) return;
    reason = explainNpm(said);
  }
  throw new SetupError(`could not bring Node ${NEEDED_MAJOR}: ${reason}. Or install it yourself`);
}

const changedAt = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** A quick look at file times that saves starting Node; where it is in doubt, the script itself judges by content. */
function definitionsFresh() {
  if (!existsSync(DEFINITIONS)) return true;
  const code = readdirSync(DEFINITIONS_CODE).map((name) => join(DEFINITIONS_CODE, name));
  const built = changedAt(DEFINITIONS_STAMP);
  return [DEFINITIONS, STAMP, ...code].every((file) => changedAt(file) < built);
}

function buildDefinitions() {
  const args = ['--disable-warning=ExperimentalWarning', DEFINITIONS];
  const built = spawnSync(findNode(), args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (built.status !== 0) throw new SetupError('could not compile the FHIR definitions (reason above)');
  // The script leaves its file alone where the content is right: note that it looked.
  if (existsSync(DEFINITIONS_STAMP)) utimesSync(DEFINITIONS_STAMP, new Date(), new Date());
}

const missing = () => !packagesFresh() || findNode() === undefined;

async function setup() {
  if (missing()) {
    // A second setup waits for the first and then finds nothing left to do.
    await withLock(join(ROOT, '.cache', 'setup.lock'), async () => {
      await bringNode();
      await installPackages();
    });
  }
  if (definitionsFresh()) return;
  await withLock(join(ROOT, '.cache', 'definitions.lock'), buildDefinitions);
}

try {
  await setup();
} catch (error) {
  const denied = ['EACCES', 'EPERM', 'EROFS'].includes(error.code);
  const reason = denied ? `no permission to write ${error.path}` : (error.message ?? String(error));
  console.error(`Setup failed: ${reason}`);
  process.exitCode = 1;
}
