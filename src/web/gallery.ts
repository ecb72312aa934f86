/** Let me try one: the sample apps with their Launch buttons, and the launcher in which everything can be chosen. */
import { renderPage, type Site } from './frame.ts';
import { flag, html, type Html } from './html.ts';
import { icon } from './icons.ts';
import { launcherForm } from './launcher-form.ts';
import { launchable, MODES, type LaunchChoices } from './launcher.ts';
import type { LaunchMode, SampleApp } from './sample-apps.ts';

export interface GalleryView {
  readonly apps: readonly SampleApp[];
  /** undefined: nothing can be launched from here */
  readonly choices: LaunchChoices | undefined;
  readonly hasDemo: boolean;
  /** someone opened an app's page without a launch, and was led here */
  readonly openedWithoutLaunch?: boolean;
}

export function galleryPage(site: Site, view: GalleryView): string {
  const { apps, choices } = view;
  const first = launchable(apps)[0];
  const body = html`<h1>Apps</h1>
    <p class="lead">
      Sample apps, each small enough to learn from. A launch opens the app in a new tab with the record of an
      invented person.
    </p>
    ${view.openedWithoutLaunch === true && openedWithoutLaunch()} ${!choices && cannotLaunch(view)}
    <ul class="cards">
      ${apps.map((app) => card(app, choices !== undefined, app === first))}
    </ul>
    ${choices && launcherForm(site, choices)}`;
  return renderPage(site, {
    title: 'Apps',
    body,
    column: 'wide',
    navigation: true,
    here: '/apps',
    scripts: ['copy.js', 'choices.js'],
  });
}

function openedWithoutLaunch(): Html {
  return html`<p class="note" role="status">
    ${icon('alert')}
    <span
      >The page that you opened is where a launch begins: it needs to know whose record. Launch the app from
      here.</span
    >
  </p>`;
}

function cannotLaunch({ apps, hasDemo }: GalleryView): Html {
  const why =
    apps.length === 0
      ? 'There are no sample apps in this installation.'
      : hasDemo
        ? 'The records of the demo are still being loaded. Look again in a moment.'
        : 'This server does not run the demo: the sample apps are not registered here, and nobody can be signed in by a press of a button. To try them, start a server with DEMO=on.';
  return html`<p class="note" role="status">${icon('alert')} <span>${why}</span></p>`;
}

function card(app: SampleApp, canLaunch: boolean, isMain: boolean): Html {
  const modes = app.modes.filter((mode) => mode !== 'backend');
  return html`<li class="card" id="${app.folder}">
    <div class="app">
      ${
        app.logo === undefined
          ? html`<span class="initial" aria-hidden="true">${app.name.slice(0, 1)}</span>`
          : html`<img src="${app.logo}" alt="" width="48" height="48" />`
      }
      <h2>${app.name}</h2>
    </div>
    <p>${app.description}</p>
    ${
      modes.length === 0
        ? html`<p class="small quiet">
            Runs without a person. Its folder, <code>smart-apps/${app.folder}</code>, says how.
          </p>`
        : html`<div class="actions">
            ${modes.map((mode, at) => launchButton(app, mode, { canLaunch, isMain: isMain && at === 0 }))}
            ${
              modes.includes('ehr') &&
              canLaunch &&
              html`<a class="button" href="/apps/ehr?app=${app.clientId}">Open beside a chart</a>`
            }
          </div>`
    }
  </li>`;
}

function launchButton(
  app: SampleApp,
  mode: LaunchMode,
  { canLaunch, isMain }: { readonly canLaunch: boolean; readonly isMain: boolean },
): Html {
  const id = `tells-${app.folder}-${mode}`;
  const { button, tells } = MODES[mode];
  return html`<form method="post" action="/apps/launch" target="_blank">
    <input type="hidden" name="app" value="${app.clientId}" />
    <input type="hidden" name="mode" value="${mode}" />
    <button class="${isMain ? 'main' : ''}" aria-describedby="${id}" ${flag('disabled', !canLaunch)}>
      ${button}
    </button>
    <span class="hidden" id="${id}">${app.name} ${tells}, in a new tab</span>
  </form>`;
}
