/** What does my app look like inside a chart? A chart's banner, the app in a frame below it, and another patient at a press. */
import { renderPage, type Site } from './frame.ts';
import { flag, html, type Html } from './html.ts';
import { addressOf, type LaunchChoices } from './launcher.ts';
import type { ChartBanner } from './launching.ts';
import { possessive, sayBriefly, sayPerson } from './words.ts';

export interface EhrView {
  readonly choices: LaunchChoices;
  readonly banner: ChartBanner;
}

export function ehrPage(site: Site, { choices, banner }: EhrView): string {
  const { setup } = choices;
  const { patient } = banner;
  const body = html`<h1 class="hidden">Chart of ${patient.name}</h1>
    ${switcher(site, choices)}
    <section class="banner" aria-label="Patient">
      <p>
        <strong class="name">${patient.name}</strong><br />
        <span class="quiet">${sayPerson(patient, site.now())}</span>
      </p>
      ${listOf('Allergies', banner.allergies, 'No known allergies')}
      ${listOf('Problems', banner.problems, 'No current problems')}
    </section>
    <div class="app-bar">
      <p><strong>${setup.app.name}</strong> <span class="quiet">as ${setup.user.name}</span></p>
      <form method="post" action="/apps/launch" data-framed="">
        ${hidden(choices)}
        <button name="framed" value="1" formtarget="app-frame" class="unscripted">Open here</button>
        <button formtarget="_blank">Open in a tab</button>
      </form>
    </div>
    <iframe name="app-frame" title="${setup.app.name}, for ${patient.name}"></iframe>`;
  return renderPage(site, {
    title: `${possessive(patient.name)} chart`,
    body,
    column: 'full',
    navigation: true,
    scripts: ['choices.js', 'chart.js'],
  });
}

function hidden({ setup }: LaunchChoices): Html {
  const fields = new URL(addressOf(setup), 'http://x').searchParams;
  return html`${[...fields].map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}`;
}

function switcher(site: Site, { setup, patients }: LaunchChoices): Html {
  return html`<form class="switcher" method="get" action="/apps/ehr" data-choices="">
    <input type="hidden" name="app" value="${setup.app.clientId}" />
    <input type="hidden" name="user" value="${setup.user.username}" />
    <label for="patient">Patient</label>
    <select id="patient" name="patient">
      ${patients.map(
        (one) =>
          html`<option value="${one.id}" ${flag('selected', one.id === setup.patient)}>
            ${sayBriefly(one, site.now())}
          </option>`,
      )}
    </select>
    <button class="unscripted">Switch patient</button>
  </form>`;
}

const MOST = 6;

function listOf(title: string, items: readonly string[], none: string): Html {
  const more = items.length - MOST;
  return html`<div>
    <h2>${title}</h2>
    ${
      items.length === 0
        ? html`<p class="quiet">${none}</p>`
        : html`<p>
            ${items.slice(0, MOST).join(' · ')}${more > 0 && html` <span class="quiet">and ${more} more</span>`}
          </p>`
    }
  </div>`;
}
