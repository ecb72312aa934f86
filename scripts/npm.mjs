// How setup speaks to npm: runs it quietly, and reads its state and its failures. Plain JavaScript.

import { spawn } from 'node:child_process';
import { ROOT } from './runtime.mjs';

const QUIET = ['--no-audit', '--no-fund', '--loglevel=error', '--no-progress'];
const IMPATIENT = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000'];

/** True if what stands in node_modules is what the lock file asks for: so after `npm install` nothing is redone. */
export function installedAsLocked(lock, installed) {
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed.packages?.[path];
    return found === undefined
      ? wanted.optional === true || wanted.peer === true
      : found.version === wanted.version;
  });
}

/** Runs npm with this very Node where npm started us, so that a machine with several keeps to one. */
export function npm(args) {
  const script = process.env.npm_execpath;
  const [command, first] = script?.endsWith('.js') ? [process.execPath, [script]] : ['npm', []];
  const options = { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'], shell: process.platform === 'win32' };
  const child = spawn(command, [...first, ...args, ...QUIET, ...IMPATIENT], options);
  return new Promise((done) => {
    const said = [];
    child.stderr.on('data', (chunk) => said.push(chunk));
    child.on('error', (error) => done({ code: 1, said: error.message }));
    child.on('close', (code) => done({ code, said: Buffer.concat(said).toString('utf8') }));
  });
}

/** Turns npm's many lines into the one that says what to do. */
export function explainNpm(said) {
  if (/EACCES|EPERM|EROFS/.test(said)) return 'no permission to write here; check who owns this folder';
  if (/ENOSPC/.test(said)) return 'the disk is full';
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network|socket/i.test(said)) {
    return 'the npm registry cannot be reached; connect to the network (or set a registry) and run this again';
  }
  if (/ENOENT.*npm|spawn npm/.test(said)) return '`npm` is not on the PATH';
  const line = said.split('\n').find((one) => /\S/.test(one.replace(/npm error( code)?/, '')));
  return line?.replace(/^npm error\s*/, '').trim() ?? 'npm gave no reason';
}
