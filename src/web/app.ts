/**
 * The Express frame: what is neither FHIR nor a step of a launch. Liveness, readiness, metrics, style, sample apps, and the pages of our own. Whoever
 * limits rates puts a handler before it.
 */
import type { CapabilityStatement } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import express, { type Express, type NextFunction, type Request, type Response, type Router } from 'express';
import { accountRoutes } from './account/routes.ts';
import type { AccountDesk } from './account/view.ts';
import type { SecurityDesk } from './account/security-desk.ts';
import { securityRoutes } from './account/security-routes.ts';
import { consoleRoutes } from './console/routes.ts';
import type { ConsoleDesk } from './console/view.ts';
import type { Site } from './frame.ts';
import { frontPage } from './front.ts';
import { developerRoutes } from './developer/routes.ts';
import type { Workshop } from './developer/workshop.ts';
import { galleryRoutes } from './gallery-routes.ts';
import { NO_PAGE, PUBLIC_PAGE } from './headers.ts';
import type { Launching } from './launching.ts';
import { failurePage, nearestAddress, notFoundPage } from './not-found.ts';
import { readSampleApps, sampleAppFiles, type SampleApp } from './sample-apps.ts';

export interface AppOptions {
  /** resolves when the store answers */
  readonly ready: () => Promise<void>;
  /** Prometheus text */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly site: Site;
  /** as `GET /metadata` gives it */
  readonly statement: () => Promise<CapabilityStatement>;
  readonly launching: Launching;
  /** absent where there are no tokens: ACCESS=open */
  readonly workshop?: Workshop;
  /** absent where nobody signs in: ACCESS=open */
  readonly security?: SecurityDesk;
  readonly apps?: readonly SampleApp[];
  /** absent: nobody can sign in here (`ACCESS=open`) */
  readonly account?: AccountDesk;
  readonly console?: ConsoleDesk;
  /** an unexpected error, for the log */
  readonly failed?: (error: unknown, requestId: string) => void;
}

export function webApp(options: AppOptions): Express {
  const { site, launching, workshop, security, apps = readSampleApps() } = options;
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use((_request, response, next) => {
    response.set(NO_PAGE);
    next();
  });
  app.use(operations(options));
  app.use('/assets', assets(site));
  // Browsers ask for it on pages that name no icon, such as the launch page of an app.
  app.get('/favicon.ico', (_request, response) => response.redirect(site.assets.url('flame.svg')));
  app.use('/smart-apps', sampleAppFiles(apps));
  app.get('/', ourAddress(site), async (_request, response) => {
    const isReady = await options.ready().then(
      () => true,
      () => false,
    );
    const view = { base: launching.base, isReady, statement: await options.statement() };
    response.set(PUBLIC_PAGE).send(frontPage(site, view));
  });
  app.use('/apps', ourAddress(site), galleryRoutes(site, launching, apps));
  if (security) app.use('/account/security', ourAddress(site), securityRoutes(site, security));
  if (workshop) app.use('/developer', ourAddress(site), developerRoutes(site, workshop));
  if (options.account) app.use('/account', ourAddress(site), accountRoutes(site, options.account));
  if (options.console) app.use('/console', ourAddress(site), consoleRoutes(site, options.console));
  app.use((request, response) => notFound(site, request, response));
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    fail(options, error, request, response);
  });
  return app;
}

/** What machines ask. */
function operations({ ready, metrics }: AppOptions): Router {
  const router = express.Router();
  router.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  router.get('/readyz', async (_request, response) => {
    try {
      await ready();
      response.json({ status: 'ready' });
    } catch {
      response.status(503).set('retry-after', '1').json({ status: 'the store does not answer' });
    }
  });
  router.get('/metrics', async (_request, response) => {
    const { contentType, text } = await metrics();
    response.type(contentType).send(text);
  });
  return router;
}

function assets({ assets: { find } }: Site): Router {
  const router = express.Router();
  router.get('/:name', (request, response, next) => {
    const asset = find(request.params.name);
    if (!asset) return next();
    response
      .set({
        'content-type': asset.contentType,
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
      })
      .send(asset.bytes);
  });
  return router;
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/;

/**
 * Apps are registered for the public address. Whoever came by another name of this same machine is led there, else every launch would fail at its
 * end for a redirect address that is none.
 */
function ourAddress({ publicUrl }: Site) {
  const { host } = new URL(publicUrl);
  return (request: Request, response: Response, next: NextFunction): void => {
    const asked = request.headers.host ?? host;
    const isOtherName = asked !== host && LOOPBACK.test(asked) && LOOPBACK.test(host);
    if (isOtherName && request.method === 'GET') response.redirect(publicUrl + request.originalUrl);
    else next();
  };
}

const wantsPage = (request: Request): boolean => request.accepts(['text', 'html']) === 'html';

function notFound(site: Site, request: Request, response: Response): void {
  response.status(404).set(PUBLIC_PAGE);
  if (wantsPage(request)) {
    response.send(notFoundPage(site, request.path));
    return;
  }
  const base = `${site.publicUrl}/fhir`;
  const nearest = nearestAddress(request.path, base) ?? base;
  response
    .type('text/plain')
    .send(`There is nothing at ${request.path}. The FHIR base is ${base}; try ${nearest}\n`);
}

/** Without this Express shows the stack. A request that is itself broken is told so. */
function fail({ site, failed }: AppOptions, error: unknown, request: Request, response: Response): void {
  const requestId = randomUUID();
  const status = statusOf(error);
  if (status >= 500) failed?.(error, requestId);
  if (response.headersSent) return void response.destroy();
  response.status(status).set({ ...PUBLIC_PAGE, 'x-request-id': requestId });
  if (wantsPage(request)) response.send(failurePage(site, { requestId, isOurs: status >= 500 }));
  else {
    const text = status >= 500 ? 'The server failed to answer this' : 'The server cannot read this request';
    response.type('text/plain').send(`${text}\n`);
  }
}

function statusOf(error: unknown): number {
  const { status } = error as { readonly status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
