/** The audit trail: who did what to which record, when and why, found by person, patient, app, time and kind; under each sentence the AuditEvent itself. */
import type { Happening } from '../../access/audit/note.ts';
import type { Visitor } from '../../smart/visitor.ts';
import type { Site } from '../frame.ts';
import { flag, html, type Html } from '../html.ts';
import { errorLine } from '../launch/parts.ts';
import { when } from '../when.ts';
import { consolePage } from './frame.ts';
import type { TrailPage, TrailQuery, TrailRow } from './view.ts';

const ROOM = '/console/access/trail';

/** In the words of the form. */
export const KINDS: readonly (readonly [Happening, string])[] = [
  ['read', 'read'],
  ['vread', 'read of an old version'],
  ['search', 'search'],
  ['history', 'history'],
  ['create', 'added'],
  ['update', 'changed'],
  ['patch', 'changed in part'],
  ['delete', 'deleted'],
  ['operation', 'operation'],
  ['export', 'copy taken away'],
  ['sign-in', 'sign-in'],
  ['sign-out', 'sign-out'],
  ['step-up', 'proved again'],
  ['consent', 'let an app in'],
  ['token', 'token given'],
  ['introspection', 'token looked into'],
  ['revocation', 'access ended'],
  ['registration', 'app registered'],
  ['administration', 'administration'],
];

export const OUTCOMES = [
  ['done', 'done'],
  ['refused', 'refused'],
  ['failed', 'failed'],
] as const;

export interface TrailView {
  readonly visitor: Visitor;
  readonly query: TrailQuery;
  /** undefined: nothing was asked yet */
  readonly page: TrailPage | undefined;
  readonly isLater: boolean;
}

export function trailPage(site: Site, { visitor, query, page, isLater }: TrailView): string {
  const isOpen = page === undefined || page.fault !== undefined || page.rows.length === 0;
  const body = html`<details class="question" ${flag('open', isOpen)}>
      <summary>${isOpen ? 'Search' : `Search again (${inWords(query)})`}</summary>
      ${form(query, page?.fault)}
    </details>
    ${page && results(site, query, page, isLater)}`;
  return consolePage(site, { visitor, title: 'Audit trail', room: ROOM, body });
}

/** What was asked, as the closed form says it. */
function inWords(query: TrailQuery): string {
  const told = Object.entries(query).map(([name, value]) => `${name} ${String(value)}`);
  return told.length === 0 ? 'everything' : told.join(', ');
}

function form(query: TrailQuery, fault: string | undefined): Html {
  const text = (name: 'person' | 'patient' | 'app', label: string): Html =>
    html`<p>
      <label for="${name}">${label}</label>
      <input id="${name}" name="${name}" autocomplete="off" value="${query[name] ?? ''}" />
    </p>`;
  const moment = (name: 'from' | 'to', label: string): Html =>
    html`<p>
      <label for="${name}">${label}</label>
      <input id="${name}" name="${name}" type="datetime-local" value="${query[name] ?? ''}" />
    </p>`;
  const choice = (
    name: 'happening' | 'outcome',
    label: string,
    options: readonly (readonly [string, string])[],
  ): Html =>
    html`<p>
      <label for="${name}">${label}</label>
      <select id="${name}" name="${name}">
        <option value="">any</option>
        ${options.map(([value, words]) => html`<option value="${value}" ${flag('selected', query[name] === value)}>${words}</option>`)}
      </select>
    </p>`;
  return html`<form method="get" action="${ROOM}" role="search">
    ${errorLine(fault)}
    <div class="search-form">
      ${text('person', 'Person: user name')} ${text('patient', 'Patient: id')}
      ${text('app', 'App: client_id')} ${moment('from', 'From (UTC)')} ${moment('to', 'To (UTC)')}
      ${choice('happening', 'What happened', KINDS)} ${choice('outcome', 'How it ended', OUTCOMES)}
    </div>
    <input type="hidden" name="ask" value="1" />
    <p><button class="main">Search</button></p>
    <p class="small quiet">A search of the trail stands in the trail as well.</p>
  </form>`;
}

function results(site: Site, query: TrailQuery, { rows, next }: TrailPage, isLater: boolean): Html {
  return html`<section aria-labelledby="found">
    <h2 id="found">Newest first</h2>
    ${rows.length === 0 && html`<p>${isLater ? 'Nothing older.' : 'Nothing was found.'}</p>`}
    <ol class="trail">
      ${rows.map((one) => row(site, one))}
    </ol>
    ${next !== undefined && html`<p><a class="button" href="${addressOf(query, next)}">Older</a></p>`}
  </section>`;
}

function row(site: Site, { at, who, what, why, outcome, event }: TrailRow): Html {
  return html`<li>
    ${when(at, site.now())}
    <div>
      <p>
        <strong>${who}</strong>
        ${what}${outcome !== 'done' && html` <span class="state">${outcome}</span>`}${why !== undefined && html`<br /><small>${why}</small>`}
      </p>
      <details>
        <summary>AuditEvent</summary>
        <pre tabindex="0"><code>${event}</code></pre>
      </details>
    </div>
  </li>`;
}

/** A search of the trail as an address. */
export function addressOf(query: TrailQuery, after?: string): string {
  const parameters = new URLSearchParams({ ask: '1' });
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== '') parameters.set(name, String(value));
  if (after !== undefined) parameters.set('after', after);
  return `${ROOM}?${parameters.toString()}`;
}
