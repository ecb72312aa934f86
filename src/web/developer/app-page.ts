/** One app as its developer needs it: the log first, then what to paste, then what can be changed. */
import type { AppEventRow } from '../../smart/developer/app-events.ts';
import type { Snippet } from '../../smart/developer/snippets.ts';
import { renderPage, type Site } from '../frame.ts';
import { flag, html, type Html, type Part } from '../html.ts';
import { detailFacts } from '../launch/problem.ts';
import { appForm, type FormView } from './form.ts';

/** What is told once. */
export interface Told {
  readonly secret?: string;
  readonly registrationToken?: string;
}

export interface AppView {
  readonly clientId: string;
  readonly name: string;
  readonly kind: string;
  readonly base: string;
  readonly launchUrl?: string;
  readonly redirectUris: readonly string[];
  readonly scope: string;
  readonly keys?: string;
  readonly hasSecret: boolean;
  /** the secret before this one works until then, ms since 1970 */
  readonly overlapUntil?: number;
  readonly told?: Told;
  readonly events: readonly AppEventRow[];
  /** values are left out of the log */
  readonly isMasked: boolean;
  readonly snippets: readonly Snippet[];
  readonly csrf: string;
  /** absent: an app of the demo, which stays as it is */
  readonly change?: FormView;
}

export function appPage(site: Site, view: AppView): string {
  const body = html`<h1>${view.name}</h1>
    ${view.told && once(view.told)} ${log(site, view)} ${facts(view)}
    <section aria-labelledby="snippets">
      <h2 id="snippets">To paste</h2>
      ${view.snippets.map(snippet)}
    </section>
    ${view.change && changes(view, view.change)}`;
  return renderPage(site, {
    title: view.name,
    body,
    column: 'wide',
    navigation: true,
    here: '/developer',
    scripts: ['copy.js', 'developer.js'],
  });
}

function once({ secret, registrationToken }: Told): Html {
  return html`<div class="note told" role="status">
    <div>
      <p><strong>Keep this now: it is shown this once, and only its hash is kept here.</strong></p>
      <dl class="facts">
        ${secret !== undefined && fact('client_secret', copied(secret, 'the secret'))}
        ${registrationToken !== undefined && fact('Registration token', copied(registrationToken, 'the registration token'))}
      </dl>
    </div>
  </div>`;
}

function facts({ clientId, kind, base, launchUrl, redirectUris, scope, keys }: AppView): Html {
  return html`<section aria-labelledby="facts">
    <h2 id="facts">Registered as</h2>
    <dl class="facts">
      ${fact('client_id', copied(clientId, 'the client id'))} ${fact('Kind', kind)}
      ${fact('FHIR base URL (iss)', copied(base, 'the base URL'))}
      ${launchUrl !== undefined && fact('Launch URL', code(launchUrl))}
      ${
        redirectUris.length > 0 &&
        fact('Redirect addresses', html`${redirectUris.map((one) => html`${code(one)}<br />`)}`)
      }
      ${fact('Scopes', code(scope || 'any'))} ${keys !== undefined && fact('Keys', code(keys))}
    </dl>
    ${launchUrl !== undefined && html`<p><a class="button" href="/apps?app=${clientId}#launcher">Launch it from a chart</a></p>`}
  </section>`;
}

const code = (text: string): Html => html`<code>${text}</code>`;

const fact = (name: string, value: Part): Html =>
  html`<dt>${name}</dt>
    <dd>${value}</dd>`;

const copied = (text: string, what: string): Html =>
  html`<span class="copy"
    ><code>${text}</code>
    <button type="button" class="slight scripted" data-copy="${text}">
      <span data-copied="Copied">Copy<span class="hidden"> ${what}</span></span>
    </button></span
  >`;

function log(site: Site, { clientId, events, isMasked }: AppView): Html {
  return html`<section aria-labelledby="log-title">
    <h2 id="log-title">What it did</h2>
    <p class="quiet small">
      The last requests, newest first, kept in memory until the server stops.
      ${isMasked && 'Values are left out: they may tell of a patient.'}
      <span class="scripted" id="live" role="status"></span>
      <a class="unscripted" href="/developer/apps/${clientId}">Look again</a>
    </p>
    <div id="log" data-log="/developer/apps/${clientId}/log">${logRows(site, events)}</div>
  </section>`;
}

/** Also served alone, for the page that is open already. */
export function logRows(site: Site, events: readonly AppEventRow[]): Html {
  if (events.length === 0)
    return html`<p>Nothing yet. Launch the app, or send a request with its client id: it shows up here.</p>`;
  return html`<ol class="log">
    ${events.map((event) => row(site, event))}
  </ol>`;
}

const OUTCOMES = { done: 'done', refused: 'refused', failed: 'failed here' } as const;

function row(
  site: Site,
  { at, request, outcome, code: status, reason, detail, requestId }: AppEventRow,
): Html {
  const head = html`<time datetime="${new Date(at).toISOString()}" title="${new Date(at).toISOString()}"
      >${clock(at, site.now())}</time
    >
    <span class="request">${request}</span>
    <span class="outcome ${outcome}"
      >${OUTCOMES[outcome]}${status !== undefined && html` <code>${status}</code>`}</span
    >`;
  if (outcome === 'done') return html`<li><div class="event">${head}</div></li>`;
  return html`<li>
    <details data-event="${requestId}">
      <summary class="event">${head}</summary>
      <div class="why">
        ${reason !== undefined && html`<p>${reason}</p>`} ${detail && detailFacts(detail)}
        <p class="quiet small">Request id <code>${requestId}</code></p>
      </div>
    </details>
  </li>`;
}

/** `14:05:09` of today, else with its day; in UTC, as logs of servers are read. */
function clock(at: number, now: number): string {
  const text = new Date(at).toISOString();
  const isToday = text.slice(0, 10) === new Date(now).toISOString().slice(0, 10);
  return isToday ? text.slice(11, 19) : `${text.slice(0, 10)} ${text.slice(11, 19)}`;
}

function snippet({ name, about, code: text }: Snippet): Html {
  return html`<details>
    <summary>${name}</summary>
    <p>${about}</p>
    <pre tabindex="0"><code>${text}</code></pre>
    <button type="button" class="slight scripted" data-copy="${text}">
      <span data-copied="Copied">Copy<span class="hidden"> the ${name} snippet</span></span>
    </button>
  </details>`;
}

function changes(view: AppView, change: FormView): Html {
  const { clientId, csrf } = view;
  return html`<section aria-labelledby="change">
    <h2 id="change">Change it</h2>
    <details ${flag('open', change.fault !== undefined)}>
      <summary>
        Addresses, name,
        scopes${change.values.kind !== 'public' && change.values.kind !== 'secret' && ', keys'}
      </summary>
      ${appForm(change)}
    </details>
    ${view.hasSecret && secret(view)}
    <h3 id="leave">Leave</h3>
    <div class="actions">
      ${press(`/developer/apps/${clientId}/forget`, csrf, 'Take from my apps')}
      <details>
        <summary>Remove the app</summary>
        <p>Its tokens stop working at once, for everyone who uses it. This cannot be undone.</p>
        ${press(`/developer/apps/${clientId}/remove`, csrf, 'Remove it for good')}
      </details>
    </div>
  </section>`;
}

function secret({ clientId, csrf, overlapUntil }: AppView): Html {
  return html`<h3>Secret</h3>
    ${
      overlapUntil === undefined
        ? html`<p>A new secret is shown once. The one before works for 24 hours more.</p>`
        : html`<p>
            The secret before this one works until
            <time datetime="${new Date(overlapUntil).toISOString()}"
              >${new Date(overlapUntil).toISOString().slice(0, 16).replace('T', ' ')} UTC</time
            >.
          </p>`
    }
    <div class="actions">
      ${press(`/developer/apps/${clientId}/secret`, csrf, 'Make a new secret')}
      ${overlapUntil !== undefined && press(`/developer/apps/${clientId}/secret/end`, csrf, 'End the old one now')}
    </div>`;
}

const press = (action: string, csrf: string, label: string): Html =>
  html`<form method="post" action="${action}">
    <input type="hidden" name="csrf" value="${csrf}" />
    <button>${label}</button>
  </form>`;
