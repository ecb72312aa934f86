/**
 * The sample apps: what each says of itself in `smart-app.json`, and its files as a browser gets them. They run on our own origin, so only folders
 * with such a file, and in them only files for a browser, are served. https://www.rfc-editor.org/rfc/rfc7591#section-2
 */
import express, { type Router } from 'express';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join, resolve } from 'node:path';
import { APP_FILE } from './headers.ts';

export type LaunchMode = 'ehr' | 'standalone' | 'patient' | 'backend';

/** What a launch needs to know of an app. */
export interface LaunchApp {
  readonly clientId: string;
  readonly name: string;
  readonly modes: readonly LaunchMode[];
  /** absolute, or a path on our origin */
  readonly launchUrl?: string;
  /** ours: the demo may sign in and agree for whoever presses Launch */
  readonly isOurs: boolean;
}

export interface SampleApp extends LaunchApp {
  /** name of its folder */
  readonly folder: string;
  readonly description: string;
  readonly audience: string;
  readonly logo?: string;
}

export const SAMPLE_APPS = resolve(import.meta.dirname, '..', '..', 'smart-apps');
const MOUNT = '/smart-apps';
const SERVED: readonly string[] = ['.html', '.js', '.css', '.svg', '.json', '.png'];

/** In the order of their names; none where there is no such folder. */
export function readSampleApps(folder: string = SAMPLE_APPS): readonly SampleApp[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'smart-app.json')))
    .map((name) => sampleApp(name, readFileSync(join(folder, name, 'smart-app.json'), 'utf8')))
    .sort((a, b) => Number(a.modes.includes('backend')) - Number(b.modes.includes('backend')));
}

interface Registration {
  readonly client_id: string;
  readonly client_name: string;
  readonly description?: string;
  readonly audience?: string;
  readonly modes?: readonly LaunchMode[];
  readonly launch_uri?: string;
  readonly logo?: string;
}

function sampleApp(folder: string, text: string): SampleApp {
  const said = JSON.parse(text) as Registration;
  const path = (name: string): string => `${MOUNT}/${folder}/${name}`;
  return {
    folder,
    clientId: said.client_id,
    name: said.client_name,
    description: said.description ?? '',
    audience: said.audience ?? '',
    modes: said.modes ?? [],
    isOurs: true,
    ...(said.launch_uri !== undefined && { launchUrl: path(said.launch_uri) }),
    ...(said.logo !== undefined && { logo: path(said.logo) }),
  };
}

/** The SMART client that apps share. It is a package for development only, so an installation may lack it. */
function fhirClient(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('fhirclient/build/fhir-client.min.js');
  } catch {
    return undefined;
  }
}

/** What is served below `/smart-apps`. A folder, or a launch page without a launch, leads to the gallery: there is nothing to see without one. */
export function sampleAppFiles(apps: readonly SampleApp[], folder: string = SAMPLE_APPS): Router {
  const router = express.Router();
  router.get('/lib/fhir-client.js', (_request, response, next) => {
    const file = fhirClient();
    if (file === undefined) next();
    else response.set(APP_FILE).sendFile(file);
  });
  router.get('/', (_request, response) => response.redirect('/apps'));
  for (const app of apps) {
    router.get([`/${app.folder}`, `/${app.folder}/`], (_request, response) => {
      response.redirect(`/apps?app=${encodeURIComponent(app.clientId)}`);
    });
    if (app.launchUrl === undefined || /index\.html$/.test(app.launchUrl)) continue;
    router.get(app.launchUrl.slice(MOUNT.length), (request, response, next) => {
      if ('iss' in request.query) next();
      else response.redirect(`/apps?app=${encodeURIComponent(app.clientId)}&opened=1`);
    });
  }
  router.use((request, _response, next) => {
    next(SERVED.includes(extname(request.path)) ? undefined : 'router');
  });
  router.use(
    express.static(folder, {
      index: false,
      redirect: false,
      dotfiles: 'ignore',
      cacheControl: false,
      setHeaders: (response) => void response.setHeaders(new Map(Object.entries(APP_FILE))),
    }),
  );
  return router;
}
