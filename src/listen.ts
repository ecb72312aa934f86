/**
 * One HTTP thread: composes what it needs, listens, drains. With several of them the kernel spreads connections over the sockets that share the port.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import type { Policy } from './access/policy/rule.ts';
import { compose, type Composition } from './compose.ts';
import { appLog, recordFhir, recordSmart, workshopOf } from './desk-developer.ts';
import type { Config } from './config.ts';
import { wantsDemo } from './demo-wanted.ts';
import { frontDesk } from './front-desk.ts';
import { limitDoor } from './limit-door.ts';
import { refuseBroken } from './rest/http/broken-request.ts';
import type { Observation } from './rest/http/edge.ts';
import type { SmartEvent } from './smart/events.ts';
import { logger } from './telemetry/log.ts';
import { countRequest } from './telemetry/metrics.ts';
import { webApp } from './web/app.ts';
import { PUBLIC_PAGE, STAY_SECURE } from './web/headers.ts';
import { tooManyPage } from './web/not-found.ts';

export interface HttpThread {
  /** stops accepting, lets requests in work finish, closes the store */
  readonly drain: () => Promise<void>;
}

export interface ThreadData {
  readonly config: Config;
  readonly version: string;
  readonly writer: unknown;
  /** in which all threads count requests */
  readonly meter: SharedArrayBuffer;
  /** several threads share the port */
  readonly shared: boolean;
  /** this thread loads the demo, if it is wanted */
  readonly loadsDemo: boolean;
}

/** How long requests in work may still take when the server stops. */
const DRAIN_MS = 10_000;

export async function startHttp({
  config,
  version,
  writer,
  meter,
  shared,
  loadsDemo,
}: ThreadData): Promise<HttpThread> {
  const log = logger(config.logLevel);
  const apps = appLog();
  const observe = (seen: Observation): void => {
    countRequest(seen);
    recordFhir(apps, seen);
    if (seen.failure !== undefined)
      log.error(
        { requestId: seen.requestId, interaction: seen.interaction, fault: faultName(seen.failure) },
        'request failed',
      );
    else {
      const { exchange: _personal, ...rest } = seen;
      log.debug(rest, 'request');
    }
  };
  const observeSmart = (event: SmartEvent): void => {
    recordSmart(apps, event);
    const { requestId, endpoint, outcome, error } = event;
    const fields = { requestId, interaction: `smart ${endpoint}`, fault: error };
    if (outcome === 'failed') log.error(fields, 'request failed');
    else log.debug(fields, `request ${outcome}`);
  };
  // What is wrong with it may quote it: `embergate access policies` tells.
  const onBrokenPolicy = ({ source }: Policy): void =>
    log.error({ fault: source }, 'policy cannot be understood: nothing is granted to those whom it is for');
  const composition = await compose(config, {
    version,
    observe,
    observeSmart,
    onBrokenPolicy,
    writer,
    meter,
  });
  const desk = frontDesk(composition, config, version);
  const app = webApp({
    ...desk,
    ...(config.access === 'smart' && { workshop: workshopOf(composition, config, apps) }),
    failed: (failure, requestId) => log.error({ requestId, fault: faultName(failure) }, 'page failed'),
  });
  const isTooMuch = limitDoor({
    limits: composition.limits,
    proxies: config.trustedProxies,
    corsOrigins: config.corsOrigins,
    page: (seconds) => ({ headers: PUBLIC_PAGE, html: tooManyPage(desk.site, seconds) }),
    observe: ({ method }) => countRequest({ method, interaction: 'limit', status: 429, milliseconds: 0 }),
  });
  const isSecure = config.publicUrl.startsWith('https:');
  const server = httpServer((request, response) => {
    if (isSecure) response.setHeader(...STAY_SECURE);
    if (isTooMuch(request, response)) return;
    if (composition.smart(request, response) || composition.edge(request, response)) return;
    app(request, response);
  });
  await listen(server, config, shared);
  const demo = loadsDemo ? demoInBackground(config, composition) : undefined;
  return { drain: async () => void (await demo?.stop(), await drain(server, composition), apps.close()) };
}

/** The name and place of an unexpected error: enough to find it, without anything of the request in it. */
function faultName(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const at = error.stack
    ?.split('\n')
    .find((line) => line.includes('/src/'))
    ?.trim();
  return `${error.name} ${(error as NodeJS.ErrnoException).code ?? ''} ${at?.replace(/\(?file:.*\/src\//, 'src/') ?? ''}`;
}

function httpServer(handler: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer(
    {
      maxHeaderSize: 65_536,
      keepAliveTimeout: 65_000,
      headersTimeout: 15_000,
      requestTimeout: 300_000,
      noDelay: true,
    },
    handler,
  );
  server.on('clientError', refuseBroken);
  return server;
}

/** Loads the demo while requests are answered already. `stop` leaves off after the record in work. */
function demoInBackground(config: Config, composition: Composition): { stop: () => Promise<void> } {
  const abort = new AbortController();
  const load = async (): Promise<void> => {
    const record = (await composition.record('default'))!;
    if (!(await wantsDemo(config, record.store))) return;
    const { loadDemo } = await import('./demo-load.ts');
    await loadDemo(record, config, abort.signal);
  };
  const work = load().catch((error: unknown) => {
    console.error(`The demo could not be loaded: ${error instanceof Error ? error.message : String(error)}`);
  });
  return {
    stop: () => {
      abort.abort();
      return work;
    },
  };
}

function listen(server: Server, config: Config, shared: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: config.port, host: config.host, reusePort: shared, backlog: 1024 }, () => {
      resolve();
    });
  });
}

async function drain(server: Server, composition: Composition): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(timer);
  await composition.close();
}

/** A worker thread: starts, says that it is ready, drains when told. */
async function runAsThread(): Promise<void> {
  const thread = await startHttp(workerData as ThreadData);
  parentPort!.on('message', (message: string) => {
    if (message === 'drain') void thread.drain().then(() => parentPort!.postMessage('drained'));
  });
  parentPort!.postMessage('ready');
}

if ((workerData as { role?: string } | null)?.role === 'http') await runAsThread();
