/** What is this and where do I go? One sentence, the address, health, four doors, and what the CapabilityStatement says. */
import type { CapabilityStatement } from '@medplum/fhirtypes';
import { renderPage, type Site } from './frame.ts';
import { html, type Html, type Part } from './html.ts';
import { count, list } from './words.ts';

export interface FrontView {
  readonly base: string;
  readonly isReady: boolean;
  readonly statement: CapabilityStatement;
}

export function frontPage(site: Site, view: FrontView): string {
  const body = html`<h1>Health records that apps can plug into</h1>
    <p class="lead">
      ${site.name} keeps health records in FHIR R4 and lets each app see exactly what a person has granted to
      it, by SMART App Launch.
    </p>
    <p><a class="button main" href="/apps">Try an app</a></p>
    ${address(view)}
    <ul class="cards doors">
      ${door(
        'App developer',
        'Launch a sample app, then register your own with one address and watch what it does.',
        [
          ['/developer', 'Register an app, see its log'],
          ['/apps#launcher', 'Launcher'],
          [`${view.base}/.well-known/smart-configuration`, 'SMART configuration'],
          [`${view.base}/metadata?_format=json`, 'CapabilityStatement'],
        ],
      )}
      ${door(
        'Payer',
        'Read what members agreed to share: as an app with a person, or as a backend service with a key.',
        [
          ['/apps#cohort', 'A backend sample'],
          ['#can', 'What is served'],
        ],
      )}
      ${door(
        'Patient',
        'See your own record in an app of your choice. You decide what it sees, and for how long.',
        [
          ['/account', 'Who sees my record, and who looked'],
          ['/apps#my-record', 'Open My Record'],
        ],
      )}
      ${door('Operator', 'Is it up, who may do what, and who did what?', [
        ['/console', 'Console'],
        ['/readyz', 'Readiness'],
        ['/healthz', 'Liveness'],
        ['/metrics', 'Metrics'],
      ])}
    </ul>
    ${abilities(view.statement)}`;
  return renderPage(site, {
    title: site.name,
    body,
    column: 'wide',
    navigation: true,
    here: '/',
    scripts: ['copy.js', 'front.js'],
  });
}

function address({ base, isReady }: FrontView): Html {
  return html`<dl class="facts">
    <dt>FHIR base URL</dt>
    <dd class="copy">
      <code>${base}</code>
      <button type="button" class="slight scripted" data-copy="${base}">
        <span data-copied="Copied">Copy<span class="hidden"> the base URL</span></span>
      </button>
    </dd>
    <dt>Health</dt>
    <dd>
      <span data-health="" role="status">${isReady ? 'Answering' : 'The store does not answer'}</span>
    </dd>
  </dl>`;
}

function door(title: string, sentence: string, links: readonly (readonly [string, string])[]): Html {
  return html`<li class="card">
    <h2>${title}</h2>
    <p>${sentence}</p>
    <ul class="plain">
      ${links.map(([to, name]) => html`<li><a href="${to}">${name}</a></li>`)}
    </ul>
  </li>`;
}

/** Everything here is read from the statement that clients get. */
function abilities({ fhirVersion, format, patchFormat, rest, software }: CapabilityStatement): Html {
  const { resource = [], interaction = [], operation = [] } = rest?.[0] ?? {};
  const types = resource.length;
  const ofTypes = [...new Set(resource.flatMap((one) => (one.interaction ?? []).map(({ code }) => code)))];
  const parameters = resource.reduce((sum, one) => sum + (one.searchParam?.length ?? 0), 0);
  const row = (name: string, value: Part): Html =>
    html`<dt>${name}</dt>
      <dd>${value}</dd>`;
  return html`<section aria-labelledby="can">
    <h2 id="can">What it can do</h2>
    <dl class="facts">
      ${row('FHIR', `version ${fhirVersion ?? '4.0.1'}, ${list((format ?? []).filter((one) => !one.includes('/')))}`)}
      ${row('Resources', `${count(types, 'type')}, each with ${list(ofTypes.map(plain))}`)}
      ${row('Whole server', list(interaction.map(({ code }) => plain(code))) || 'nothing')}
      ${row('Search', `${count(parameters, 'search parameter')} over all types`)}
      ${patchFormat && row('Patch', list(patchFormat.map((one) => PATCHES[one] ?? one)))}
      ${operation.length > 0 && row('Operations', list(operation.map(({ name }) => `$${name}`)))}
      ${row('Software', `${software?.name ?? ''} ${software?.version ?? ''}`)}
    </dl>
  </section>`;
}

const PATCHES: Readonly<Record<string, string>> = {
  'application/json-patch+json': 'JSON Patch',
  'application/fhir+json': 'FHIRPath Patch in JSON',
  'application/fhir+xml': 'FHIRPath Patch in XML',
};

const plain = (code: string | undefined): string => (code ?? '').replaceAll('-', ' ');
