/** The developer's pages: their addresses. Every form carries a proof that it was shown to this browser's workbench. */
import express, { type Request, type Response, type Router } from 'express';
import { rowOf, type AppEventRow } from '../../smart/developer/app-events.ts';
import { inspectToken } from '../../smart/developer/inspect-token.ts';
import {
  changeApp,
  kindOf,
  readAppForm,
  registerApp,
  type FormFault,
} from '../../smart/developer/register-app.ts';
import { snippetsFor } from '../../smart/developer/snippets.ts';
import {
  appOfToken,
  putOnWorkbench,
  takeFromWorkbench,
  type Workbench,
} from '../../smart/developer/workbench.ts';
import { plainName } from '../../smart/app-view.ts';
import { clientAddress } from '../../smart/client-address.ts';
import { endOverlap, overlapOf, rotateSecret } from '../../smart/old-secret.ts';
import { takePlace } from '../../smart/register.ts';
import { clientOf, removeClient, someClients, type ClientRecord } from '../../smart/registered-clients.ts';
import type { Site } from '../frame.ts';
import { GALLERY_PAGE, PERSONAL_PAGE } from '../headers.ts';
import { markupOf } from '../html.ts';
import { notFoundPage } from '../not-found.ts';
import { appPage, logRows, type AppView, type Told } from './app-page.ts';
import { csrfOf, isProven, openWorkbench } from './cookies.ts';
import { EMPTY, KIND_WORDS, readForm } from './form.ts';
import { homePage, type AppLine, type HomeView } from './home.ts';
import { keepTold, tellOnce } from './told.ts';
import { tokenPage } from './token-page.ts';
import type { Deed, Workshop } from './workshop.ts';

const MOST_FORM = '64kb';
const MOST_DEMO_APPS = 20;

interface Visit {
  readonly request: Request;
  readonly response: Response;
  readonly bench: Workbench;
  readonly csrf: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function developerRoutes(site: Site, workshop: Workshop): Router {
  const router = express.Router();
  const get = (path: string, show: (visit: Visit) => Promise<void>): void => {
    router.get(path, async (request, response) => show(await visitOf(site, workshop, request, response)));
  };
  const post = (path: string, take: (visit: Visit) => Promise<void>): void => {
    router.post(
      path,
      express.urlencoded({ extended: false, limit: MOST_FORM }),
      async (request, response) => {
        const visit = await visitOf(site, workshop, request, response);
        if (await isProven(workshop, visit.bench, visit.fields['csrf'])) return take(visit);
        // The cookie is gone or the form is of another browser: the page again, with what was typed where it was a registration.
        await showHome(site, workshop, visit, 403, { fault: { field: 'launchUrl', says: STALE } });
      },
    );
  };
  get('/', (visit) => showHome(site, workshop, visit));
  post('/apps', (visit) => register(site, workshop, visit));
  post('/apps/add', (visit) => addByToken(site, workshop, visit));
  post('/token', (visit) => inspect(site, workshop, visit));
  get('/apps/:id', (visit) => showApp(site, workshop, visit));
  get('/apps/:id/log', (visit) => showLog(site, workshop, visit));
  post('/apps/:id', (visit) => own(site, workshop, visit, change));
  post('/apps/:id/secret', (visit) => own(site, workshop, visit, newSecret));
  post('/apps/:id/secret/end', (visit) => own(site, workshop, visit, endOldSecret));
  post('/apps/:id/forget', (visit) => own(site, workshop, visit, forget));
  post('/apps/:id/remove', (visit) => own(site, workshop, visit, remove));
  return router;
}

const STALE = 'This page was open too long, or your browser keeps no cookies for it. Send it again';

async function visitOf(site: Site, workshop: Workshop, request: Request, response: Response): Promise<Visit> {
  const bench = await openWorkbench(site, workshop, request, response);
  const csrf = await csrfOf(workshop, bench);
  response.set(PERSONAL_PAGE);
  return {
    request,
    response,
    bench,
    csrf,
    fields: (request.body ?? {}) as Readonly<Record<string, unknown>>,
  };
}

async function showHome(
  site: Site,
  workshop: Workshop,
  { response, bench, csrf, fields }: Visit,
  status = 200,
  { fault, tokenFault }: { readonly fault?: FormFault; readonly tokenFault?: string } = {},
): Promise<void> {
  const tokens = await workshop.tokens();
  const apps = await Promise.all(bench.apps.map((id) => clientOf(tokens, id, site.now())));
  const demo = (await workshop.isDemo()) ? await someClients(tokens, site.now(), MOST_DEMO_APPS) : [];
  const view: HomeView = {
    base: workshop.base,
    form: {
      action: '/developer/apps',
      csrf,
      values: fault ? readForm(fields) : EMPTY,
      ...(fault && { fault }),
    },
    apps: apps.filter((one) => one !== undefined).map(lineOf),
    demoApps: demo.filter((one) => one.demo).map(lineOf),
    ...(tokenFault !== undefined && { tokenFault }),
  };
  response.status(status).send(homePage(site, view));
}

const noteOf = (workshop: Workshop, { request }: Visit, deed: Deed, clientId: string): Promise<void> =>
  workshop.note(deed, clientId, clientAddress(request, workshop.proxies));

const lineOf = (client: ClientRecord): AppLine => ({
  clientId: client.client_id,
  name: plainName(client.client_name) || client.client_id,
  kind: KIND_WORDS[kindOf(client)][0],
});

async function register(site: Site, workshop: Workshop, visit: Visit): Promise<void> {
  const { request, response, bench } = visit;
  const tokens = await workshop.tokens();
  const read = readAppForm(readForm(visit.fields), await workshop.isDemo());
  if ('fault' in read) return showHome(site, workshop, visit, 422, { fault: read.fault });
  if (!(await takePlace(tokens, clientAddress(request, workshop.proxies), site.now()))) {
    response.set('retry-after', '3600');
    const says = 'Too many apps were registered from your address: try again in an hour';
    return showHome(site, workshop, visit, 429, { fault: { field: 'launchUrl', says } });
  }
  const { client, ...told } = await registerApp(tokens, read.client, site.now());
  await noteOf(workshop, visit, 'register', client.client_id);
  await putOnWorkbench(tokens, bench, client.client_id, site.now());
  await keepTold(workshop, bench, client.client_id, told, site.now());
  response.redirect(303, `/developer/apps/${client.client_id}`);
}

async function addByToken(site: Site, workshop: Workshop, visit: Visit): Promise<void> {
  const tokens = await workshop.tokens();
  const { registration } = visit.fields;
  const sent = typeof registration === 'string' ? registration.trim() : '';
  const id = sent === '' ? undefined : await appOfToken(tokens, sent, site.now());
  const client = id === undefined ? undefined : await clientOf(tokens, id, site.now());
  if (!client) {
    const tokenFault = 'No app is registered under this token. A token that was replaced counts no more.';
    return showHome(site, workshop, visit, 422, { tokenFault });
  }
  await putOnWorkbench(tokens, visit.bench, client.client_id, site.now());
  await noteOf(workshop, visit, 'adopt', client.client_id);
  visit.response.redirect(303, `/developer/apps/${client.client_id}`);
}

async function inspect(site: Site, workshop: Workshop, { response, csrf, fields }: Visit): Promise<void> {
  const { token, url } = fields;
  const reading = await inspectToken(
    await workshop.tokens(),
    workshop.base,
    typeof token === 'string' ? token : '',
    site.now(),
  );
  const request = typeof url === 'string' ? url.trim() : '';
  const [, method = 'GET', address = ''] =
    /^(?:(GET|HEAD|POST|PUT|PATCH|DELETE)\s+)?(.*)$/is.exec(request) ?? [];
  const trial =
    reading.kind === 'access' && address !== ''
      ? await workshop.tryUrl(reading.grantee, method.toUpperCase(), address)
      : undefined;
  response.send(tokenPage(site, { reading, csrf, ...(trial && { tried: { request, trial } }) }));
}

/** An app of this workbench, or of the demo, to look at. */
async function seen(
  site: Site,
  workshop: Workshop,
  { request, bench }: Visit,
): Promise<ClientRecord | undefined> {
  const id = String(request.params['id']);
  const client = await clientOf(await workshop.tokens(), id, site.now());
  if (!client) return undefined;
  const isDemo = client.demo === true && (await workshop.isDemo());
  return isDemo || bench.apps.includes(id) ? client : undefined;
}

function notThere(site: Site, { request, response }: Visit): void {
  response.status(404).send(notFoundPage(site, request.originalUrl.split('?')[0]!));
}

async function showApp(site: Site, workshop: Workshop, visit: Visit): Promise<void> {
  const client = await seen(site, workshop, visit);
  if (!client) return notThere(site, visit);
  await sendApp(site, workshop, visit, client);
}

async function sendApp(
  site: Site,
  workshop: Workshop,
  { response, bench, csrf, fields }: Visit,
  client: ClientRecord,
  fault?: FormFault,
): Promise<void> {
  const tokens = await workshop.tokens();
  const id = client.client_id;
  const isDemo = await workshop.isDemo();
  const told: Told | undefined = await tellOnce(workshop, bench, id, site.now());
  const overlapUntil = await overlapOf(tokens, id, site.now());
  const view: AppView = {
    ...lineOf(client),
    base: workshop.base,
    ...(client.launch_uri !== undefined && { launchUrl: client.launch_uri }),
    redirectUris: client.redirect_uris,
    scope: client.smart_scopes ?? '',
    ...keysLine(client),
    hasSecret: client.client_secret !== undefined,
    ...(overlapUntil !== undefined && { overlapUntil }),
    ...(told && { told }),
    events: await rowsOf(workshop, id, isDemo),
    isMasked: !isDemo,
    snippets: snippetsFor(client, workshop.base),
    csrf,
    ...(!client.demo && {
      change: {
        action: `/developer/apps/${id}`,
        csrf,
        values: fault ? readForm(fields) : formOf(client),
        isChange: true,
        ...(fault && { fault }),
      },
    }),
  };
  // A launch from here ends at the app, wherever that is.
  response
    .status(fault ? 422 : 200)
    .set(GALLERY_PAGE)
    .send(appPage(site, view));
}

function keysLine({ jwks, jwks_uri: uri }: ClientRecord): { readonly keys?: string } {
  if (uri !== undefined) return { keys: uri };
  const kids = jwks?.keys.map((key) => String(key['kid']));
  return kids ? { keys: kids.join(', ') } : {};
}

const formOf = (client: ClientRecord) => ({
  kind: kindOf(client),
  name: client.client_name ?? '',
  launchUrl: client.launch_uri ?? '',
  redirectUris: client.redirect_uris.join('\n'),
  scope: client.smart_scopes ?? '',
  keys: client.jwks_uri ?? (client.jwks ? JSON.stringify(client.jwks) : ''),
});

async function rowsOf(workshop: Workshop, id: string, tellsValues: boolean): Promise<readonly AppEventRow[]> {
  return (await workshop.events(id)).map((event) => rowOf(event, tellsValues));
}

async function showLog(site: Site, workshop: Workshop, visit: Visit): Promise<void> {
  const client = await seen(site, workshop, visit);
  if (!client) return void visit.response.status(404).type('text/plain').send('There is no such app\n');
  const rows = await rowsOf(workshop, client.client_id, await workshop.isDemo());
  visit.response.send(markupOf(logRows(site, rows)));
}

type Change = (site: Site, workshop: Workshop, visit: Visit, client: ClientRecord) => Promise<void>;

/** What only the app's developer may do: it is on their workbench, and not the demo's. */
async function own(site: Site, workshop: Workshop, visit: Visit, take: Change): Promise<void> {
  const client = await seen(site, workshop, visit);
  if (!client || client.demo || !visit.bench.apps.includes(client.client_id)) return notThere(site, visit);
  await take(site, workshop, visit, client);
}

const change: Change = async (site, workshop, visit, client) => {
  const fault = await changeApp(await workshop.tokens(), client, readForm(visit.fields));
  if (fault) return sendApp(site, workshop, visit, client, fault);
  await noteOf(workshop, visit, 'change', client.client_id);
  visit.response.redirect(303, `/developer/apps/${client.client_id}`);
};

const newSecret: Change = async (site, workshop, visit, { client_id: id }) => {
  const { response, bench } = visit;
  const secret = await rotateSecret(await workshop.tokens(), id, site.now());
  await noteOf(workshop, visit, 'secret', id);
  if (secret !== undefined) await keepTold(workshop, bench, id, { secret }, site.now());
  response.redirect(303, `/developer/apps/${id}`);
};

const endOldSecret: Change = async (_site, workshop, visit, { client_id: id }) => {
  await endOverlap(await workshop.tokens(), id);
  await noteOf(workshop, visit, 'end-secret', id);
  visit.response.redirect(303, `/developer/apps/${id}`);
};

const forget: Change = async (site, workshop, { response, bench }, { client_id: id }) => {
  await takeFromWorkbench(await workshop.tokens(), bench, id, site.now());
  response.redirect(303, '/developer');
};

const remove: Change = async (site, workshop, visit, client) => {
  await removeClient(await workshop.tokens(), client.client_id, site.now());
  await noteOf(workshop, visit, 'remove', client.client_id);
  await forget(site, workshop, visit, client);
};
