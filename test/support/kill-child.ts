/** Starts the load of the kill tests (kill-load.ts) in a child process, hears what it acknowledges, and kills it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Acknowledged } from './kill-load.ts';

export interface LoadedChild {
  /** acknowledged so far; grows */
  readonly acknowledged: readonly Acknowledged[];
  /** the last lines of its standard error */
  readonly complaints: () => string;
  /** resolves when it has acknowledged `more` further units; rejects when it ends or takes longer than a minute */
  readonly progress: (more: number) => Promise<void>;
  /** ends it with SIGKILL, and resolves once all that it told was heard */
  readonly kill: () => Promise<void>;
}

const MINUTE_MS = 60_000;

export function startLoad(kind: 'sqlite' | 'mongo', where: string, name: string): LoadedChild {
  const program = join(import.meta.dirname, 'kill-load.ts');
  const child = spawn(process.execPath, ['--no-warnings', program, kind, where, name], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const acknowledged: Acknowledged[] = [];
  let complaints = '';
  child.stderr.on('data', (text) => (complaints = (complaints + String(text)).slice(-2000)));
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    // The last line may be cut by the kill: such a unit is not acknowledged.
    if (line.endsWith('}')) acknowledged.push(JSON.parse(line) as Acknowledged);
  });
  const heard = new Promise((done) => lines.once('close', done));
  const gone = new Promise((done) => child.once('exit', done));
  const progress = async (more: number): Promise<void> => {
    const [wanted, deadline] = [acknowledged.length + more, Date.now() + MINUTE_MS];
    while (acknowledged.length < wanted) {
      const why = child.exitCode !== null ? 'ended' : Date.now() > deadline ? 'makes no progress' : undefined;
      if (why) throw new Error(`The load ${why}: ${complaints}`);
      await new Promise((done) => setTimeout(done, 5));
    }
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await Promise.all([gone, heard]);
  };
  return { acknowledged, complaints: () => complaints, progress, kill };
}
