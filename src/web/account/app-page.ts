/** One app: all that it may see, to be narrowed, and the way to stop it. What is ticked here can only become less. */
import type { Visitor } from '../../smart/visitor.ts';
import { renderPage, type Site } from '../frame.ts';
import { html, type Html } from '../html.ts';
import { icon } from '../icons.ts';
import { permissionGroup } from '../launch/consent.ts';
import { appCard, csrfField, errorLine } from '../launch/parts.ts';
import { day, when } from '../when.ts';
import { possessive } from '../words.ts';
import { ends } from './overview.ts';
import type { ConnectedApp } from './view.ts';

export interface AppPage {
  readonly visitor: Visitor;
  readonly app: ConnectedApp;
  readonly error?: string;
}

export function appPage(site: Site, { visitor, app, error }: AppPage): string {
  const { id, permissions, cannot, record } = app;
  const { name } = app.app;
  const body = html`<p><a href="/account">Your account</a></p>
    <h1>What ${name} can see${record && html` of ${possessive(record.name)} record`}</h1>
    ${appCard(app.app, 'none')} ${facts(site, app)}
    <form method="post" action="/account/apps/${id}/narrow">
      ${csrfField({ action: '', csrf: visitor.csrf })} ${errorLine(error)}
      <h2>It is able to</h2>
      <p class="quiet">
        Take out a tick, and the app loses it with its very next request. To give it more, open the app again.
      </p>
      ${permissions.map(permissionGroup)} ${cannot.length > 0 && unable(cannot)}
      <p class="actions">
        <button class="main">Share only what is ticked</button>
        <a class="button" href="/account/apps/${id}/stop">Stop sharing</a>
      </p>
    </form>`;
  return renderPage(site, {
    title: `What ${name} can see`,
    body,
    navigation: true,
    visitor: visitor.account,
    here: '/account',
    scripts: ['times.js', 'consent.js'],
  });
}

function facts(site: Site, app: ConnectedApp): Html {
  return html`<dl class="facts">
    ${
      app.by !== undefined &&
      html`<dt>Let in by</dt>
        <dd>${app.by}</dd>`
    }
    <dt>Since</dt>
    <dd>${day(app.since, site.now())}, ${ends(site, app)}</dd>
    <dt>Last used</dt>
    <dd>${app.lastUsed === undefined ? 'not lately' : when(app.lastUsed, site.now())}</dd>
  </dl>`;
}

const unable = (clauses: readonly string[]): Html =>
  html`<h2>It is not able to</h2>
    <ul class="not">
      ${clauses.map((clause) => html`<li>${icon('cross')} <span>${clause}</span></li>`)}
    </ul>`;

/** Asks once. */
export function stopPage(site: Site, { visitor, app }: AppPage): string {
  const { name } = app.app;
  const whose = app.record ? possessive(app.record.name) : 'the';
  const body = html`<h1>Stop sharing with ${name}?</h1>
    <p>
      It loses ${whose} record with its very next request, and so do copies of it on your other devices. What
      it has already seen it may have kept: ask its makers to delete that.
    </p>
    <p>You can share again at any time by opening the app.</p>
    <form method="post" action="/account/apps/${app.id}/stop" class="decision">
      ${csrfField({ action: '', csrf: visitor.csrf })}
      <a class="button" href="/account">Keep sharing</a>
      <button>Stop sharing</button>
    </form>`;
  return renderPage(site, {
    title: `Stop sharing with ${name}?`,
    body,
    column: 'form',
    navigation: true,
    visitor: visitor.account,
    here: '/account',
  });
}
