// A lock between processes: a folder is made atomically, so only one process can have made it. Plain JavaScript.

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const POLL_MS = 100;
const UNSIGNED_MS = 5_000;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** The process that holds the lock; 0 if it died, or died before it could sign. */
function holder(folder) {
  try {
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    return pid > 0 && isAlive(pid) ? pid : 0;
  } catch {
    const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    return age > UNSIGNED_MS ? 0 : undefined;
  }
}

function take(folder) {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(folder, 'pid'), String(process.pid));
  return true;
}

/**
 * Breaks a lock whose holder is dead. Breaking is itself locked, and the holder is looked at again inside, so that a
 * slow breaker never removes the lock which a fast one has just taken.
 */
function breakLock(folder) {
  const breaker = `${folder}.break`;
  try {
    mkdirSync(breaker);
  } catch {
    const age = Date.now() - (statSync(breaker, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > UNSIGNED_MS) rmSync(breaker, { recursive: true, force: true });
    return;
  }
  if (holder(folder) === 0) rmSync(folder, { recursive: true, force: true });
  rmSync(breaker, { recursive: true, force: true });
}

/** Runs `work` while no other process that asks for the same folder does. A lock whose holder died is broken. */
export async function withLock(folder, work) {
  mkdirSync(dirname(folder), { recursive: true });
  for (let told = false; !take(folder); await sleep(POLL_MS)) {
    const pid = holder(folder);
    if (pid === 0) breakLock(folder);
    else if (!told && pid !== undefined) {
      process.stderr.write(`Waiting for process ${pid}, which is setting up …\n`);
      told = true;
    }
  }
  try {
    return await work();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
