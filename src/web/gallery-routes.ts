/** The gallery, the launcher and the chart: their addresses. What is chosen is in the address; a launch is made by a POST from our own pages only. */
import express, { type Request, type Response, type Router } from 'express';
import { ehrPage } from './ehr.ts';
import type { Site } from './frame.ts';
import { galleryPage } from './gallery.ts';
import { GALLERY_PAGE, PERSONAL_PAGE } from './headers.ts';
import { choicesOf, launchQuery, openApp } from './launcher.ts';
import type { Launching } from './launching.ts';
import type { SampleApp } from './sample-apps.ts';

const MOST_FORM = '8kb';

export function galleryRoutes(site: Site, launching: Launching, apps: readonly SampleApp[]): Router {
  const router = express.Router();
  router.get('/', async (request, response) => {
    const choices = await choicesOf(apps, launching, launchQuery(request.query));
    const openedWithoutLaunch = request.query['opened'] === '1';
    const view = { apps, choices, hasDemo: await launching.hasDemo(), openedWithoutLaunch };
    response.set(GALLERY_PAGE).send(galleryPage(site, view));
  });
  router.get('/ehr', async (request, response) => {
    const query = { ...launchQuery(request.query), mode: 'ehr' };
    // An app of elsewhere may not be framed here, so the chart offers our own alone.
    const choices = await choicesOf(
      apps,
      { ...launching, apps: async () => [], app: async () => undefined },
      query,
    );
    const { user, patient } = choices?.setup ?? {};
    const banner = user && patient !== undefined ? await launching.banner(user, patient) : undefined;
    if (!choices || !banner) response.redirect('/apps');
    else response.set(PERSONAL_PAGE).send(ehrPage(site, { choices, banner }));
  });
  router.post(
    '/launch',
    express.urlencoded({ extended: false, limit: MOST_FORM }),
    async (request, response) => {
      if (!isOurs(site, request)) return void refuse(response);
      const fields = (request.body ?? {}) as Readonly<Record<string, unknown>>;
      const choices = await choicesOf(apps, launching, launchQuery(fields));
      if (!choices) return response.redirect(303, '/apps');
      const how = { origin: site.publicUrl, now: site.now(), framed: fields['framed'] === '1' };
      response.set(PERSONAL_PAGE).redirect(303, await openApp(launching, choices.setup, how));
    },
  );
  return router;
}

/** Nobody else's page makes a browser launch an app here. */
function isOurs({ publicUrl }: Site, request: Request): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin } = request.headers;
  return origin === undefined || origin === new URL(publicUrl).origin;
}

function refuse(response: Response): void {
  response
    .status(403)
    .type('text/plain')
    .send('Launch apps from the gallery of this server: this request came from another page.\n');
}
