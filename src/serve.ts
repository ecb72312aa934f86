/** Starts the server: threads, the first demo, the banner; and stops it in order on SIGINT or SIGTERM. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { openStores } from './compose.ts';
import { ConfigError, type Config } from './config.ts';
import { loadDemo, wantsDemo } from './demo-load.ts';
import { startHttp, type HttpThread, type ThreadData } from './listen.ts';
import type { Stores } from './store/ports.ts';
import type { SqliteStores } from './store/sqlite/stores.ts';

export interface Running {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

export const VERSION: string = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** Starts and answers once requests are served. Throws ConfigError with one clear line for a taken port or an unreadable data folder. */
export async function start(config: Config): Promise<Running> {
  await refuseTakenPort(config);
  const fixed = config.publicUrl.endsWith(':0') ? undefined : config;
  return config.workers === 1 || !fixed ? startAlone(config) : startThreads(fixed);
}

async function startAlone(config: Config): Promise<Running> {
  const port = config.port === 0 ? await freePort(config.host) : config.port;
  const settled = { ...config, port, publicUrl: config.publicUrl.replace(/:0$/, `:${port}`) };
  const thread = await clearly(config, () => startHttp({ config: settled, version: VERSION, writer: undefined, shared: false }));
  const demo = demoInBackground(settled, thread);
  return { url: settled.publicUrl, stop: () => demo.stop().then(thread.drain) };
}

function demoInBackground(config: Config, thread: HttpThread): { stop: () => Promise<void> } {
  const abort = new AbortController();
  const work = (async () => {
    const record = (await thread.composition.record('default'))!;
    if (await wantsDemo(config, record.store)) await loadDemo(record, config, abort.signal);
  })().catch((error: unknown) => console.error(`The demo could not be loaded: ${error instanceof Error ? error.message : String(error)}`));
  return {
    stop: () => {
      abort.abort();
      return work;
    },
  };
}

/** The main thread keeps the store's writer and loads the demo; HTTP is answered by the worker threads. */
async function startThreads(config: Config): Promise<Running> {
  const stores = await clearly(config, () => openStores(config));
  await stores.tenant('default');
  const threads = await Promise.all(Array.from({ length: config.workers }, () => startThread(config, stores)));
  const demo = await demoThread(config, stores);
  const stop = async (): Promise<void> => {
    await demo();
    await Promise.all(threads.map(drainThread));
    await stores.close();
  };
  return { url: config.publicUrl, stop };
}

function startThread(config: Config, stores: Stores): Promise<Worker> {
  const writer = attach(stores);
  const data: ThreadData & { role: string } = { role: 'http', config, version: VERSION, writer: writer?.attachment, shared: true };
  const worker = new Worker(new URL('./listen.ts', import.meta.url), {
    workerData: data,
    transferList: [...(writer?.transfer ?? [])],
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  return new Promise((resolve, reject) => {
    worker.once('message', () => resolve(worker));
    worker.once('error', reject);
  });
}

/** The way to the writer of the embedded store; a store on a server needs none. */
function attach(stores: Stores): ReturnType<SqliteStores['attach']> | undefined {
  return 'attach' in stores ? (stores as SqliteStores).attach() : undefined;
}

async function drainThread(worker: Worker): Promise<void> {
  const drained = new Promise((resolve) => worker.once('message', resolve));
  worker.postMessage('drain');
  await drained;
  await worker.terminate();
}

async function demoThread(config: Config, stores: Stores): Promise<() => Promise<void>> {
  const store = await stores.tenant('default');
  if (!(await wantsDemo(config, store))) return async () => undefined;
  const { compose } = await import('./compose.ts');
  const abort = new AbortController();
  const composition = await compose(config, { version: VERSION, observe: () => undefined, writer: attach(stores)?.attachment });
  const work = loadDemo((await composition.record('default'))!, config, abort.signal)
    .catch((error: unknown) => console.error(`The demo could not be loaded: ${error instanceof Error ? error.message : String(error)}`))
    .then(() => composition.close());
  return () => {
    abort.abort();
    return work;
  };
}

async function refuseTakenPort(config: Config): Promise<void> {
  if (config.port === 0) return;
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be listened on (${error.code})`;
      reject(new ConfigError(`Port ${config.port} on ${config.host} ${why}: stop that program, or set PORT to another one`));
    });
    probe.listen({ port: config.port, host: config.host }, () => probe.close(() => resolve()));
  });
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ port: 0, host }, () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

/** Turns what the file system or the network says into one line that an operator can act on. */
async function clearly<T>(config: Config, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const place = config.store.kind === 'sqlite' ? `the data folder ${config.store.location}` : 'the MongoDB server that STORE names';
    if (code === 'EACCES' || code === 'EROFS' || code === 'ENOTDIR' || code === 'ERR_SQLITE_ERROR' || /Mongo/.test((error as Error).name)) {
      throw new ConfigError(`Cannot use ${place}: ${message}`);
    }
    throw error;
  }
}
