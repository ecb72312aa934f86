/** Access rules: what is in force for whom, in words; the JSON behind it, checked before it is kept, and tried on a request before it is in force. */
import type { Visitor } from '../../smart/visitor.ts';
import type { Site } from '../frame.ts';
import { flag, html, type Html } from '../html.ts';
import { icon } from '../icons.ts';
import { csrfField, errorLine } from '../launch/parts.ts';
import { backNote, reasonField, type Typed } from './change.ts';
import { consolePage } from './frame.ts';
import type { Explained, PolicyRow } from './view.ts';

const ROOM = '/console/access/policies';

export interface PoliciesPage {
  readonly visitor: Visitor;
  readonly policies: readonly PolicyRow[];
  readonly done?: string;
}

export function policiesPage(site: Site, { visitor, policies, done }: PoliciesPage): string {
  const body = html`<p class="lead">
      Who may do what with the record. Rules that you write for a role take the place of the built-in ones for
      that role. What cannot be understood grants nothing.
    </p>
    <p><a class="button main" href="${ROOM}/new">Write rules</a></p>
    <ul class="items">
      ${policies.map(row)}
    </ul>`;
  return consolePage(site, {
    visitor,
    title: 'Access rules',
    room: ROOM,
    body,
    ...(done !== undefined && { done }),
  });
}

function row(one: PolicyRow): Html {
  const { id, title, forWhom, says, builtIn, active, faults } = one;
  return html`<li>
    <h2 class="name">
      ${builtIn ? title : html`<a href="${ROOM}/${id}">${title}</a>`}${!active && html` <span class="state">${builtIn ? 'replaced' : 'switched off'}</span>`}
    </h2>
    <p><small>for ${forWhom} · ${builtIn ? 'built in' : html`<code>Basic/${id}</code>`}</small></p>
    ${faultList(faults)}
    <ul>
      ${says.map((sentence) => html`<li>${sentence}</li>`)}
    </ul>
  </li>`;
}

function faultList(faults: readonly string[]): Html | undefined {
  if (faults.length === 0) return undefined;
  return html`<div class="error" role="alert">
    ${icon('alert')}
    <div>
      <p>It cannot be used, and so nothing is granted to those whom it is for:</p>
      <ul>
        ${faults.map((fault) => html`<li>${fault}</li>`)}
      </ul>
    </div>
  </div>`;
}

/** What is asked of the rules on trial. */
export interface Trial {
  readonly who: string;
  readonly method: string;
  readonly url: string;
  /** undefined: nothing was asked, or there is no such person or app */
  readonly answer?: Explained;
}

export interface PolicyPage {
  readonly visitor: Visitor;
  /** undefined: new ones */
  readonly policy: PolicyRow | undefined;
  readonly text: string;
  readonly faults: readonly string[];
  readonly trial: Trial;
  readonly typed: Typed;
}

export function policyPage(site: Site, page: PolicyPage): string {
  const { visitor, policy, text, faults, trial, typed } = page;
  const action = policy ? `${ROOM}/${policy.id}` : `${ROOM}/new`;
  const body = html`${policy && inWords(policy)}
    <form method="post" action="${action}">
      ${csrfField({ action: '', csrf: visitor.csrf })} ${errorLine(typed.error)} ${backNote(typed)}
      ${faultList(faults)}
      <label for="text">The rules, as a FHIR Basic of the profile access-policy</label>
      <textarea id="text" name="text" rows="24" spellcheck="false" autocapitalize="off" required>
${text}</textarea>
      ${trialFields(trial)}
      <h2>Put into force</h2>
      ${reasonField(typed)}
      <p class="actions">
        <button name="deed" value="policy-save" class="main">Put into force</button>
        ${policy && html`<button name="deed" value="policy-remove" formnovalidate>Take out of force</button>`}
      </p>
    </form>`;
  const title = policy ? policy.title : 'Write rules';
  return consolePage(site, { visitor, title, room: ROOM, body });
}

const inWords = ({ forWhom, says }: PolicyRow): Html =>
  html`<p>For ${forWhom}, in force now:</p>
    <ul>
      ${says.map((sentence) => html`<li>${sentence}</li>`)}
    </ul>`;

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

function trialFields({ who, method, url, answer }: Trial): Html {
  return html`<section aria-labelledby="trial">
    <h2 id="trial">Try them first</h2>
    <p class="quiet">As if these rules were in force already. Nothing is read or changed.</p>
    <div class="search-form">
      <p>
        <label for="who">User name or client_id</label
        ><input id="who" name="who" autocomplete="off" value="${who}" />
      </p>
      <p>
        <label for="method">Method</label>
        <select id="method" name="method">
          ${METHODS.map((one) => html`<option ${flag('selected', one === method)}>${one}</option>`)}
        </select>
      </p>
      <p>
        <label for="url">Address below /fhir</label
        ><input
          id="url"
          name="url"
          autocomplete="off"
          value="${url}"
          placeholder="Observation?category=laboratory"
        />
      </p>
    </div>
    <p><button name="deed" value="policy-try" formnovalidate>Check and try</button></p>
    ${answer ? told(answer) : who !== '' && html`<p role="status">There is no such person or app.</p>`}
  </section>`;
}

function told({ decision, allowed, rules }: Explained): Html {
  return html`<div role="status">
    <p class="note">${icon(allowed ? 'check' : 'cross')} <span>${decision}</span></p>
    <ul class="small">
      ${rules.map(({ rule, says, source }) => html`<li><strong>${says}</strong>: ${rule} <span class="quiet">(${source})</span></li>`)}
    </ul>
  </div>`;
}
