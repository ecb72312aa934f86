/** Whose record? One button a patient, with the name as its text; what tells namesakes apart stands beside it. */
import type { PersonView, SelectPatientView } from '../../smart/pages.ts';
import { renderPage, type Site } from '../frame.ts';
import { html, type Html } from '../html.ts';
import { count, sayPerson } from '../words.ts';
import { appCard, csrfField, otherForm, whoIsSignedIn } from './parts.ts';

export function selectPatientPage(site: Site, view: SelectPatientView): string {
  const body = html`<h1>Choose a patient</h1>
    ${appCard(view.app)}
    <dl class="facts">
      <dt>Signed in as</dt>
      <dd>${whoIsSignedIn(view.user)}</dd>
    </dl>
    <form class="search" method="post" action="${view.search.action}" role="search" data-live="found">
      ${csrfField(view.search)}
      <label for="name">Name or birth date</label>
      <input
        id="name"
        name="name"
        type="search"
        value="${view.asked ?? ''}"
        autocomplete="off"
        spellcheck="false"
        maxlength="100"
        aria-controls="found"
      />
      <button>Search</button>
    </form>
    <div id="found">${found(site, view)}</div>
    ${otherForm(view.user)}`;
  return renderPage(site, {
    title: 'Choose a patient',
    body,
    column: 'form',
    scripts: ['select-patient.js'],
  });
}

function found(site: Site, view: SelectPatientView): Html {
  return html`<p role="status" class="quiet">${summary(view)}</p>
    ${
      view.patients.length > 0 &&
      html`<form method="post" action="${view.form.action}">
        ${csrfField(view.form)}
        <ul class="rows">
          ${view.patients.map((patient) => row(site, patient))}
        </ul>
      </form>`
    }`;
}

function summary({ patients, more, asked }: SelectPatientView): string {
  const isSearch = asked !== undefined && asked !== '';
  if (patients.length === 0) {
    return isSearch
      ? `No patient found for “${asked}”. Try a part of the name, or a birth date such as 2019-03-03.`
      : 'There is no patient here whose record you may open.';
  }
  if (more) return `The first ${count(patients.length, 'patient')}. Search to find others.`;
  return isSearch ? `${count(patients.length, 'patient')} found` : count(patients.length, 'patient');
}

function row(site: Site, patient: PersonView): Html {
  const id = `about-${patient.id}`;
  const details = sayPerson(patient, site.now());
  return html`<li>
    <button name="patient" value="${patient.id}" aria-describedby="${id}">${patient.name}</button>
    <small id="${id}">${details}${patient.recent === true && ' · seen recently'}</small>
  </li>`;
}
