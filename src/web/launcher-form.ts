/** The launcher: everything of a launch by choice, and its state in the address. Without scripts a button brings the choices up to date. */
import type { Site } from './frame.ts';
import { flag, html, type Html } from './html.ts';
import { addressOf, MODES, SIMULATED, type LaunchChoices } from './launcher.ts';
import { sayBriefly, sayDate } from './words.ts';

export function launcherForm(site: Site, choices: LaunchChoices): Html {
  const { setup } = choices;
  const isAlone = setup.mode === 'standalone';
  return html`<section aria-labelledby="launcher">
    <h2 id="launcher">Launcher</h2>
    <p>
      Choose everything yourself. The address of this page keeps what you choose, so you can share it. An app
      of your own is among the apps once it is registered with a <code>launch_uri</code>.
    </p>
    <form class="launcher" method="get" action="/apps#launcher" data-choices="">
      ${appAndMode(choices)} ${!isAlone && context(site, choices)} ${fault(choices)}
      ${isAlone && html`<p class="quiet">The app ${MODES.standalone.tells}.</p>`}
      ${
        !setup.app.isOurs &&
        html`<p class="quiet">
          This app is not one of ours: it will ask you to sign in as ${setup.user.username}, and to consent.
        </p>`
      }
      <div class="actions">
        <button formmethod="post" formaction="/apps/launch" formtarget="_blank">Launch this</button>
        <button class="unscripted">Update choices</button>
        <button type="button" class="scripted" data-copy="${site.publicUrl}${addressOf(setup)}">
          <span data-copied="Copied" aria-live="polite">Copy link to this set-up</span>
        </button>
      </div>
    </form>
  </section>`;
}

type Option = readonly [value: string, text: string];

function appAndMode({ apps, setup }: LaunchChoices): Html {
  const all = apps.map(({ clientId, name, isOurs }): Option => [
    clientId,
    isOurs ? name : `${name} (registered here, not one of ours)`,
  ]);
  const modes = setup.app.modes.filter((mode) => mode !== 'backend');
  return html`${choice('app', 'App', all, setup.app.clientId)}
  ${choice(
    'mode',
    'Way to launch',
    modes.map((mode) => [mode, MODES[mode].name]),
    setup.mode,
  )}`;
}

function context(site: Site, { setup, users, patients, encounters }: LaunchChoices): Html {
  const people = users.map(({ username, name }): Option => [username, `${username}: ${name}`]);
  const records = patients.map((one): Option => [one.id, sayBriefly(one, site.now())]);
  const visits = encounters.map(({ id, label, start }): Option => [
    id,
    start === undefined ? label : `${sayDate(start)}: ${label}`,
  ]);
  return html`${choice('user', 'User', people, setup.user.username)}
  ${choice('patient', 'Patient', records, setup.patient)}
  ${choice('encounter', 'Visit', [['', 'No particular visit'], ...visits], setup.encounter ?? '')}`;
}

function fault({ setup }: LaunchChoices): Html {
  const possible = Object.entries(SIMULATED).filter(
    ([name]) => setup.mode !== 'standalone' || name === 'iss',
  );
  return choice('error', 'What goes wrong', [['', 'Nothing'], ...possible], setup.error ?? '');
}

function choice(name: string, label: string, options: readonly Option[], chosen: string | undefined): Html {
  return html`<div>
    <label for="choose-${name}">${label}</label>
    <select id="choose-${name}" name="${name}">
      ${options.map(
        ([value, text]) =>
          html`<option value="${value}" ${flag('selected', value === chosen)}>${text}</option>`,
      )}
    </select>
  </div>`;
}
