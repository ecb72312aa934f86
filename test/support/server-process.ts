// A server as a process of its own, started by its documented command, so that a test can kill it at any moment and
// start it again on the same store and port.

import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type ServerProcess = {
  /** FHIR base, for example `http://127.0.0.1:4711/fhir`; the same after a restart. */
  readonly base: string;
  pid(): number;
  /** all that it has printed since its last start */
  output(): string;
  /** Ends it with SIGKILL, in the middle of whatever it does. */
  kill(): Promise<void>;
  /** Starts it again after `kill` or `stop`. */
  restart(): Promise<void>;
  /** Sends SIGTERM and resolves to the exit code. */
  stop(): Promise<number | null>;
};

const ROOT = resolve(import.meta.dirname, '..', '..');
const COMMAND = ['--disable-warning=ExperimentalWarning', resolve(ROOT, 'src', 'main.ts'), 'serve'];
const START_MS = 30_000;

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}

async function untilUp(child: ChildProcess, url: string, output: () => string): Promise<void> {
  for (
    const deadline = Date.now() + START_MS;
    Date.now() < deadline && child.exitCode === null;
    await sleep(25)
  ) {
    const up = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (up) return;
  }
  child.kill('SIGKILL');
  throw new Error(`The server did not start:\n${output().slice(-2000)}`);
}

type Launched = { readonly child: ChildProcess; readonly output: () => string };

async function launch(environment: NodeJS.ProcessEnv, url: string): Promise<Launched> {
  const child = spawn(process.execPath, COMMAND, {
    cwd: ROOT,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  await untilUp(child, url, () => output);
  return { child, output: () => output };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const gone = new Promise<number | null>((done) => child.once('exit', done));
  child.kill(signal);
  return gone;
}

/** Starts a server with the settings of a test: no demo, open access, quiet, on a free port unless said otherwise. */
export async function startServerProcess(settings: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const port = settings.PORT ?? String(await freePort());
  const quiet = { DEMO: 'off', ACCESS: 'open', LOG_LEVEL: 'warn', HOST: '127.0.0.1' };
  const environment = { ...process.env, ...quiet, ...settings, PORT: port };
  const base = `http://127.0.0.1:${port}/fhir`;
  const start = (): Promise<Launched> => launch(environment, `${base}/metadata`);
  let { child, output } = await start();
  return {
    base,
    pid: () => child.pid!,
    output: () => output(),
    kill: async () => void (await end(child, 'SIGKILL')),
    restart: async () => {
      ({ child, output } = await start());
    },
    stop: () => end(child, 'SIGTERM'),
  };
}
