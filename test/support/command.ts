/** Runs the command `embergate` as a user does, in a folder and on a store of its own. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command in a folder; its store is the folder's `data`. `input` goes to its standard input. `environment`: what else is set. */
export function commandIn(
  folder: string,
  environment: NodeJS.ProcessEnv = {},
): (args: readonly string[], input?: string) => Promise<Ran> {
  return (args, input = '') => {
    const child = spawn(process.execPath, ['--no-warnings', MAIN, ...args], {
      cwd: folder,
      env: { ...process.env, STORE: `sqlite:${join(folder, 'data')}`, ...environment },
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (part: Buffer) => (out += part.toString()));
    child.stderr.on('data', (part: Buffer) => (err += part.toString()));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    return new Promise((done) => child.on('close', (code) => done({ code, out, err })));
  };
}
