/** The addresses of /account. Every change is a POST with a proof of its form, and answers with a redirect to what is then to be seen. */
import express, { type Request, type Response, type Router } from 'express';
import type { Assurance, Visitor } from '../../smart/visitor.ts';
import type { Site } from '../frame.ts';
import { PERSONAL_PAGE } from '../headers.ts';
import { allOf, asked, draftOf, field, notThere, readForm, takeForm, welcome } from '../own-pages.ts';
import { possessive } from '../words.ts';
import { appPage, stopPage } from './app-page.ts';
import { sendCopy } from './copy.ts';
import { lookedPage } from './looked-page.ts';
import { overviewPage } from './overview.ts';
import { endProxyPage, MOST_REASON } from './people-page.ts';
import type { AccountDesk, LookedAfter, ProxyView, RecordFormat } from './view.ts';

/** For what leaves in one go, and for what changes who may act: proven again after a quarter of an hour. */
const FRESH: Assurance = { maxAge: 900 };

const FORMATS: readonly string[] = ['bundle', 'ndjson', 'page'] satisfies RecordFormat[];

interface Room {
  readonly site: Site;
  readonly desk: AccountDesk;
}

type Page = (room: Room, visitor: Visitor, request: Request, response: Response) => Promise<void>;

export function accountRoutes(site: Site, desk: AccountDesk): Router {
  const room = { site, desk };
  const router = express.Router();
  const show = (path: string, page: Page, assurance?: Assurance): void => {
    router.get(path, async (request, response) => {
      const visitor = await welcome(await desk.door(), request, response, assurance);
      if (visitor) await page(room, visitor, request, response.set(PERSONAL_PAGE));
    });
  };
  show('/', overview);
  show('/apps/:id', app);
  show('/apps/:id/stop', app);
  show('/looked/:patient', looked);
  show('/done', done);
  show('/people/:id/end', endProxy);
  show('/copy/:patient', copy, FRESH);
  router.post('/apps/:id/narrow', readForm, (request, response) => narrow(room, request, response));
  router.post('/apps/:id/stop', readForm, (request, response) => stop(room, request, response));
  router.post('/people/:id/end', readForm, (request, response) => takeEndProxy(room, request, response));
  return router;
}

const param = (request: Request, name: string): string => String(request.params[name] ?? '');

async function overview(
  { site, desk }: Room,
  visitor: Visitor,
  request: Request,
  response: Response,
): Promise<void> {
  const view = await desk.overview(visitor);
  const told = asked(request, 'done');
  const { signOut } = desk;
  response.send(overviewPage(site, { visitor, view, signOut, ...(told !== undefined && { done: told }) }));
}

async function app(
  { site, desk }: Room,
  visitor: Visitor,
  request: Request,
  response: Response,
): Promise<void> {
  const found = await desk.app(visitor, param(request, 'id'));
  if (!found) return notThere(site, response, visitor);
  const page = request.path.endsWith('/stop') ? stopPage : appPage;
  response.send(page(site, { visitor, app: found }));
}

const back = (response: Response, done: string): void =>
  response.set(PERSONAL_PAGE).redirect(303, `/account?done=${done}`);

async function narrow({ site, desk }: Room, request: Request, response: Response): Promise<void> {
  const id = param(request, 'id');
  const page = `/account/apps/${encodeURIComponent(id)}`;
  const sent = await takeForm({ site, door: await desk.door() }, request, response, { page });
  if (!sent) return;
  const { visitor } = sent;
  const verdict = await desk.narrow(visitor, id, allOf(sent.fields, 'scope'));
  if (verdict !== 'nothing') return back(response, verdict === 'done' ? 'narrowed' : 'gone');
  const found = await desk.app(visitor, id);
  if (!found) return back(response, 'gone');
  const error = 'Leave at least one tick, or press Stop sharing.';
  response
    .status(422)
    .set(PERSONAL_PAGE)
    .send(appPage(site, { visitor, app: found, error }));
}

async function stop({ site, desk }: Room, request: Request, response: Response): Promise<void> {
  const id = param(request, 'id');
  const page = `/account/apps/${encodeURIComponent(id)}/stop`;
  const sent = await takeForm({ site, door: await desk.door() }, request, response, { page });
  if (sent) back(response, (await desk.stop(sent.visitor, id)) ? 'stopped' : 'gone');
}

async function looked(
  { site, desk }: Room,
  visitor: Visitor,
  request: Request,
  response: Response,
): Promise<void> {
  const patient = param(request, 'patient');
  const after = asked(request, 'after');
  const found = await desk.looked(visitor, patient, after);
  if (!found) return notThere(site, response, visitor);
  const title = `Who looked at ${found.isOwn ? 'your' : possessive(found.patient.name)} record`;
  const path = `/account/looked/${encodeURIComponent(patient)}`;
  const { looked: timeline } = found;
  response.send(lookedPage(site, { visitor, title, path, timeline, isLater: after !== undefined }));
}

async function done(
  { site, desk }: Room,
  visitor: Visitor,
  request: Request,
  response: Response,
): Promise<void> {
  const after = asked(request, 'after');
  const timeline = await desk.done(visitor, after);
  const title = 'What was done in your name';
  response.send(
    lookedPage(site, { visitor, title, path: '/account/done', timeline, isLater: after !== undefined }),
  );
}

async function proxyOf(
  desk: AccountDesk,
  visitor: Visitor,
  id: string,
): Promise<{ readonly record: LookedAfter; readonly proxy: ProxyView } | undefined> {
  const { records } = await desk.overview(visitor);
  for (const record of records) {
    const proxy = record.proxies.find((one) => one.id === id && one.mayEnd);
    if (proxy) return { record, proxy };
  }
  return undefined;
}

async function endProxy(
  { site, desk }: Room,
  visitor: Visitor,
  request: Request,
  response: Response,
): Promise<void> {
  const found = await proxyOf(desk, visitor, param(request, 'id'));
  if (!found) return notThere(site, response, visitor);
  const draft = await draftOf(await desk.door(), visitor, request);
  const reason = draft && { reason: field(draft, 'reason') };
  response.send(endProxyPage(site, { visitor, ...found, ...reason }));
}

async function takeEndProxy({ site, desk }: Room, request: Request, response: Response): Promise<void> {
  const id = param(request, 'id');
  const page = `/account/people/${encodeURIComponent(id)}/end`;
  const kept = { page, assurance: FRESH };
  const sent = await takeForm({ site, door: await desk.door() }, request, response, kept);
  if (!sent) return;
  const { visitor } = sent;
  const reason = field(sent.fields, 'reason').trim().slice(0, MOST_REASON);
  const found = await proxyOf(desk, visitor, id);
  if (!found) return back(response, 'gone');
  if (reason !== '') return back(response, (await desk.endProxy(visitor, id, reason)) ? 'ended' : 'gone');
  const error = 'Say in a few words why.';
  response
    .status(422)
    .set(PERSONAL_PAGE)
    .send(endProxyPage(site, { visitor, ...found, error }));
}

async function copy(
  { site, desk }: Room,
  visitor: Visitor,
  request: Request,
  response: Response,
): Promise<void> {
  const format = asked(request, 'as') ?? 'page';
  const found = FORMATS.includes(format) && (await desk.copy(visitor, param(request, 'patient')));
  if (!found) return notThere(site, response, visitor);
  await sendCopy(site, response, { ...found, visitor, format: format as RecordFormat });
}
