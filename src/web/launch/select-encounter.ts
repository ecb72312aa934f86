/** Which visit? One button an encounter of the patient who was chosen. */
import type { SelectEncounterView } from '../../smart/pages.ts';
import { renderPage, type Site } from '../frame.ts';
import { attribute, html, type Html } from '../html.ts';
import { possessive, sayDate, sayPerson } from '../words.ts';
import { appCard, csrfField, otherForm, whoIsSignedIn } from './parts.ts';

/** https://hl7.org/fhir/R4/valueset-encounter-status.html */
const STATUS: Readonly<Record<string, string>> = {
  planned: 'planned',
  arrived: 'arrived',
  triaged: 'in triage',
  'in-progress': 'going on now',
  onleave: 'on leave',
  finished: 'finished',
  cancelled: 'cancelled',
};

export function selectEncounterPage(site: Site, view: SelectEncounterView): string {
  const { patient, encounters, optional } = view;
  const body = html`<h1>Choose a visit</h1>
    ${appCard(view.app)}
    <dl class="facts">
      <dt>Signed in as</dt>
      <dd>${whoIsSignedIn(view.user)}</dd>
    </dl>
    <p><strong>${patient.name}</strong><br /><small>${sayPerson(patient, site.now())}</small></p>
    ${encounters.length === 0 && html`<p>${possessive(patient.name)} record holds no visits.</p>`}
    <form method="post" action="${view.form.action}">
      ${csrfField(view.form)}
      ${
        encounters.length > 0 &&
        html`<ul class="rows">
          ${encounters.map(row)}
        </ul>`
      }
      ${optional && html`<button name="encounter" value="">No particular visit</button>`}
    </form>
    ${otherForm(view.user)}`;
  return renderPage(site, { title: 'Choose a visit', body, column: 'form' });
}

function row({ id, label, start, status, place }: SelectEncounterView['encounters'][number]): Html {
  const rest = [STATUS[status] ?? status, place]
    .filter((part) => part !== undefined && part !== '')
    .join(' · ');
  return html`<li>
    <button name="encounter" value="${id}" aria-describedby="about-${id}">${label}</button>
    <small id="about-${id}"
      >${start !== undefined && html`<span ${attribute('title', start)}>${sayDate(start)}</span> · `}${rest}</small
    >
  </li>`;
}
