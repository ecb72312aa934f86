/**
 * What am I giving, to whom, for how long? Nothing here pushes: Allow and Deny look alike, and Enter denies, since a browser presses the first button
 * of a form. https://hl7.org/fhir/smart-app-launch/STU2.2/best-practices.html
 */
import type { ConsentView, PermissionView } from '../../smart/pages.ts';
import { renderPage, type Site } from '../frame.ts';
import { flag, html, type Html } from '../html.ts';
import { icon } from '../icons.ts';
import { possessive, sayPerson } from '../words.ts';
import { appCard, csrfField, errorLine, otherForm, whoIsSignedIn } from './parts.ts';

export function consentPage(site: Site, view: ConsentView): string {
  const body = html`<h1>${question(view)}</h1>
    ${appCard(view.app)} ${whose(site, view)}
    <form method="post" action="${view.form.action}">
      ${csrfField(view.form)} ${errorLine(view.error)}
      <h2>It will be able to</h2>
      ${view.permissions.length === 0 && html`<p>Know that you signed in. Nothing else.</p>`}
      ${view.permissions.map(permissionGroup)} ${view.cannot.length > 0 && cannot(view.cannot)}
      ${view.duration && duration(view.duration)}
      <div class="decision">
        <button name="decision" value="deny" formnovalidate>Deny</button>
        <button name="decision" value="allow">Allow</button>
      </div>
    </form>
    ${forDevelopers(view)} ${otherForm(view.user)}`;
  return renderPage(site, { title: question(view), body, column: 'form', scripts: ['consent.js'] });
}

function question({ app, patient, permissions }: ConsentView): string {
  const asksForRecords = permissions.some(({ items }) => items.some(({ scope }) => scope.includes('/')));
  if (!asksForRecords) return `Sign in to ${app.name}?`;
  return patient
    ? `Share ${possessive(patient.name)} record with ${app.name}?`
    : `Let ${app.name} open the records that you may open?`;
}

function whose(site: Site, { patient, user }: ConsentView): Html {
  return html`<dl class="facts">
    ${
      patient &&
      html`<dt>Record of</dt>
        <dd><strong>${patient.name}</strong><br /><small>${sayPerson(patient, site.now())}</small></dd>`
    }
    <dt>Signed in as</dt>
    <dd>${whoIsSignedIn(user)}</dd>
  </dl>`;
}

/** Also for what an app has been given already. */
export function permissionGroup({ group: name, items }: ConsentView['permissions'][number]): Html {
  return html`<fieldset>
    <legend>${name}</legend>
    <ul class="permissions">
      ${items.map(permission)}
    </ul>
  </fieldset>`;
}

function permission(view: PermissionView): Html {
  return html`<li data-permission="">
    ${checkbox(view)}
    ${
      view.wildcard === true &&
      html`<p class="warning">
        This is the whole record: everything in it now and everything added later, whatever kind it is.
      </p>`
    }
    ${view.children && view.children.length > 0 && kinds(view, view.children)}
  </li>`;
}

const checkbox = (view: PermissionView): Html =>
  html`<label class="choice">
    <input type="checkbox" name="scope" value="${view.value}" ${flag('checked', view.ticked)} />
    <span>${view.can} <strong>${lowerFirst(view.title)}</strong></span>
  </label>`;

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

function kinds({ title, wildcard }: PermissionView, children: readonly PermissionView[]): Html {
  return html`<details
    ${flag(
      'open',
      children.some(({ ticked }) => ticked),
    )}
  >
    <summary>
      ${wildcard === true ? 'Share only some parts' : 'Share only some kinds'}<span class="hidden">
        of ${title}</span
      >
    </summary>
    <p class="quiet small">What you tick here is shared in place of the whole.</p>
    <div data-kinds="">
      ${children.map(
        (child) =>
          html`<label class="choice">
            <input type="checkbox" name="scope" value="${child.value}" ${flag('checked', child.ticked)} />
            <span>${child.title}</span>
          </label>`,
      )}
    </div>
  </details>`;
}

function cannot(clauses: readonly string[]): Html {
  return html`<h2>It will not be able to</h2>
    <ul class="not">
      ${clauses.map((clause) => html`<li>${icon('cross')} <span>${clause}</span></li>`)}
    </ul>`;
}

function duration({ kind, choices }: NonNullable<ConsentView['duration']>): Html {
  return html`<h2 id="how-long">For how long</h2>
    <div role="radiogroup" aria-labelledby="how-long">
      ${kind === 'offline' && html`<p class="quiet">It may then look at the record while you are away.</p>`}
      ${choices.map(
        ({ value, label, chosen }) =>
          html`<label class="choice">
            <input type="radio" name="duration" value="${value}" ${flag('checked', chosen)} />
            <span>${label}</span>
          </label>`,
      )}
    </div>`;
}

function forDevelopers({ app, permissions }: ConsentView): Html {
  const scopes = permissions.flatMap(({ items }) => items.flatMap(({ scope }) => scope.split(' ')));
  return html`<details class="small">
    <summary>For developers</summary>
    <dl class="facts">
      <dt>client_id</dt>
      <dd><code>${app.clientId}</code></dd>
      <dt>scope</dt>
      <dd>${[...new Set(scopes)].map((scope) => html`<code>${scope}</code><br />`)}</dd>
    </dl>
  </details>`;
}
