// Starts what is measured, the server or the floor, as a child process on a store of its own, and stops it.

import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mongod } from '../test/support/mongod.ts';
import { connect, requestText } from './connection.ts';
import type { Options } from './options.ts';

export type Kind = 'floor' | 'server';

export type Subject = {
  readonly kind: Kind;
  readonly port: number;
  readonly pid: number;
  /** Folder of its embedded store; empty for MongoDB. */
  readonly folder: string;
  /** Milliseconds from start to the first answer. */
  readonly startMs: number;
  stop(): Promise<void>;
};

export type Stage = {
  readonly options: Options;
  readonly folder: string;
  readonly mongod: Mongod | undefined;
};

const ROOT = resolve(import.meta.dirname, '..');
const FLOOR = join(ROOT, 'bench', 'floor.ts');
const SERVER = join(ROOT, 'src', 'main.ts');
/** Any answer at all shows that a subject is up. */
const FIRST_PATH = '/fhir/metadata';
const START_MS = 60_000;
const STOP_MS = 20_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}

async function answers(port: number): Promise<boolean> {
  try {
    const connection = await connect(port);
    await connection.send(requestText('GET', FIRST_PATH, undefined));
    connection.close();
    return true;
  } catch {
    return false;
  }
}

async function untilUp(child: ChildProcess, port: number, log: string): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (!(await answers(port))) {
    if (child.exitCode === null && Date.now() < deadline) await sleep(20);
    else
      throw new Error(
        `${child.spawnargs.join(' ')} did not start:\n${readFileSync(log, 'utf8').slice(-2000)}`,
      );
  }
}

/** How a subject is started apart from the usual: on an empty store, with open access. */
export type Start = {
  readonly store?: string;
  readonly access?: 'open' | 'smart';
  readonly audit?: 'on' | 'off';
};

function environment({ options }: Stage, port: number, store: string, start: Start): NodeJS.ProcessEnv {
  const { access = 'open', audit = 'off' } = start;
  return {
    ...process.env,
    PORT: String(port),
    HOST: '127.0.0.1',
    STORE: store,
    ACCESS: access,
    AUDIT: audit,
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    VALIDATION: options.validation,
    DEMO: 'off',
    LOG_LEVEL: 'warn',
    ...(options.workers === undefined ? {} : { WORKERS: options.workers }),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) {
    const gone = new Promise((done) => child.once('exit', done));
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    child.kill('SIGTERM');
    await gone;
    clearTimeout(timer);
  }
  running.delete(child);
}

export const emptyStore = ({ mongod }: Stage, folder: string): string =>
  mongod?.freshUri() ?? `sqlite:${folder}`;

let started = 0;

/** Starts it by its documented command and waits for the first answer. */
export async function startSubject(kind: Kind, stage: Stage, start: Start = {}): Promise<Subject> {
  const name = `${kind}-${++started}`;
  const folder = join(stage.folder, name);
  mkdirSync(folder, { recursive: true });
  const log = `${folder}.log`;
  const port = await freePort();
  const store = start.store ?? emptyStore(stage, folder);
  const begun = performance.now();
  const command = kind === 'floor' ? [FLOOR] : [stage.options.server ?? SERVER, 'serve'];
  const args = ['--disable-warning=ExperimentalWarning', ...command];
  const child = spawn(process.execPath, args, {
    env: environment(stage, port, store, start),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const sink = createWriteStream(log);
  for (const stream of [child.stdout, child.stderr]) stream.pipe(sink, { end: false });
  await untilUp(child, port, log);
  const startMs = performance.now() - begun;
  return { kind, port, pid: child.pid!, folder, startMs, stop: () => stop(child) };
}
