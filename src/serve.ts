/** Starts the server's threads, watches over them, and stops them in order. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { meterMemory } from './access/limits/meter.ts';
import { openStores } from './compose.ts';
import type { Config } from './config.ts';
import { ConfigError } from './setting.ts';
import type { DemoAccess } from './demo-access.ts';
import { hasDemo } from './demo-wanted.ts';
import type { ThreadData } from './listen.ts';
import type { Stores } from './store/ports.ts';
import type { SqliteStores } from './store/sqlite/stores.ts';
import { keepTokensTidy } from './token-upkeep.ts';

export interface Running {
  readonly url: string;
  /** the demo's records are there, or on their way */
  readonly hasDemo: boolean;
  /** the ways into the demo, where tokens are asked for */
  readonly demoAccess?: DemoAccess;
  readonly stop: () => Promise<void>;
}

export const VERSION: string = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/**
 * Starts and answers once requests are served. The main thread keeps the store's writer and watches; HTTP is answered by worker threads, each with
 * bounds on its memory. Throws ConfigError with one clear line for a taken port or an unreadable data folder.
 */
export async function start(config: Config): Promise<Running> {
  await refuseTakenPort(config);
  const port = config.port === 0 ? await freePort(config.host) : config.port;
  const settled = { ...config, port, publicUrl: config.publicUrl.replace(/:0$/, `:${port}`) };
  const stores = await clearly(settled, async () => {
    const opened = await openStores(settled);
    await opened.tenant('default');
    return opened;
  });
  const demo = await hasDemo(settled, await stores.tenant('default'));
  const demoAccess = demo && settled.access === 'smart' ? await openDemo(settled, stores) : undefined;
  const meter = meterMemory();
  const threads = await Promise.all(
    Array.from({ length: settled.workers }, (_, i) => keepThread(settled, stores, meter, i === 0)),
  );
  const upkeep = keepTokensTidy(stores);
  const stop = async (): Promise<void> => {
    await upkeep.stop();
    await Promise.all(threads.map((thread) => thread.stop()));
    await stores.close();
  };
  return { url: settled.publicUrl, hasDemo: demo, ...(demoAccess && { demoAccess }), stop };
}

/** Accounts and clients of the demo are there before the first request; a server without the demo never loads their maker. */
async function openDemo(config: Config, stores: Stores): Promise<DemoAccess> {
  const { refuseExposedDemo, seedDemoAccess } = await import('./demo-access.ts');
  try {
    refuseExposedDemo(config);
    return await seedDemoAccess((await stores.tenant('default')).tokens, config);
  } catch (error) {
    await stores.close();
    throw error;
  }
}

/**
 * Bounds on the memory of an HTTP thread. A young generation of three times 16 MB: requests in work are seldom copied (a third of it cost 14 % more CPU
 * for a create), and what an import leaves behind does not pile up.
 */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 48, maxOldGenerationSizeMb: 1024 };
/** With MongoDB the documents of the driver are held in each thread, too: less of it is given to the young ones. */
const MONGO_THREAD_LIMITS = { ...THREAD_LIMITS, maxYoungGenerationSizeMb: 16 };
const RESTART_MS = 200;

/** An HTTP thread that is started anew should it die; what it had in work is lost to its clients, not to the store. */
async function keepThread(
  config: Config,
  stores: Stores,
  meter: SharedArrayBuffer,
  loadsDemo: boolean,
): Promise<{ stop: () => Promise<void> }> {
  let stopping = false;
  let worker = await startThread(config, stores, meter, loadsDemo);
  const watch = (): void => {
    worker.once('exit', () => {
      if (stopping) return;
      console.error('embergate: an HTTP thread ended unexpectedly and is started anew');
      setTimeout(() => void restart(), RESTART_MS);
    });
  };
  const restart = async (): Promise<void> => {
    if (stopping) return;
    worker = await startThread(config, stores, meter, loadsDemo);
    watch();
  };
  watch();
  return {
    stop: () => {
      stopping = true;
      return drainThread(worker);
    },
  };
}

function startThread(
  config: Config,
  stores: Stores,
  meter: SharedArrayBuffer,
  loadsDemo: boolean,
): Promise<Worker> {
  const writer = attach(stores, config);
  const data: ThreadData & { role: string } = {
    role: 'http',
    config,
    version: VERSION,
    writer: writer?.attachment,
    meter,
    shared: config.workers > 1,
    loadsDemo,
  };
  const worker = new Worker(new URL('./listen.ts', import.meta.url), {
    workerData: data,
    transferList: [...(writer?.transfer ?? [])],
    execArgv: ['--disable-warning=ExperimentalWarning'],
    resourceLimits: config.store.kind === 'mongo' ? MONGO_THREAD_LIMITS : THREAD_LIMITS,
  });
  return new Promise((resolve, reject) => {
    worker.once('message', () => resolve(worker));
    worker.once('error', reject);
  });
}

/** The way to the one queue of commits of this process. A single thread that writes to a server keeps the queue itself. */
function attach(stores: Stores, { store, workers }: Config): ReturnType<SqliteStores['attach']> | undefined {
  const alone = store.kind === 'mongo' && workers === 1;
  return 'attach' in stores && !alone ? (stores as SqliteStores).attach() : undefined;
}

async function drainThread(worker: Worker): Promise<void> {
  const drained = new Promise((resolve) => worker.once('message', resolve));
  const gone = new Promise((resolve) => worker.once('exit', resolve));
  worker.postMessage('drain');
  await Promise.race([drained, gone]);
  await worker.terminate();
}

async function refuseTakenPort(config: Config): Promise<void> {
  if (config.port === 0) return;
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be listened on (${error.code})`;
      reject(
        new ConfigError(
          `Port ${config.port} on ${config.host} ${why}: stop that program, or set PORT to another one`,
        ),
      );
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
    const { store } = config;
    const place =
      store.kind === 'sqlite' ? `the data folder ${store.location}` : 'the MongoDB server that STORE names';
    throw new ConfigError(`Cannot use ${place}: ${(error as Error).message}`, { cause: error });
  }
}
