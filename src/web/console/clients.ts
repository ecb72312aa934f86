/** Apps: which are registered, what each may ask for and was given; switch off, end everything, a new secret, remove. */
import type { Visitor } from '../../smart/visitor.ts';
import type { Site } from '../frame.ts';
import { html, type Html } from '../html.ts';
import { appCard } from '../launch/parts.ts';
import { when } from '../when.ts';
import { count } from '../words.ts';
import { changeForm, type Choice, type Typed } from './change.ts';
import { consolePage } from './frame.ts';
import type { ClientRow, ClientView } from './view.ts';
import { givenList, state } from './words.ts';

const ROOM = '/console/access/clients';

export interface ClientsPage {
  readonly visitor: Visitor;
  readonly clients: readonly ClientRow[];
  readonly next?: string;
  readonly done?: string;
}

export function clientsPage(site: Site, { visitor, clients, next, done }: ClientsPage): string {
  const body = html`${
    clients.length === 0
      ? html`<p>No app is registered. Developers register theirs at <a href="/developer">/developer</a>.</p>`
      : html`<ul class="items">
          ${clients.map(row)}
        </ul>`
  }
  ${next !== undefined && html`<p><a class="button" href="${ROOM}?after=${encodeURIComponent(next)}">More</a></p>`}`;
  return consolePage(site, { visitor, title: 'Apps', room: ROOM, body, ...(done !== undefined && { done }) });
}

const row = ({ clientId, app, kind, disabled }: ClientRow): Html =>
  html`<li class="line">
    <p>
      <a href="${ROOM}/${encodeURIComponent(clientId)}"><strong>${app.name}</strong></a
      >${state(disabled)}<br />
      <small><code>${clientId}</code> · ${kind} · ${app.vouchedBy}</small>
    </p>
  </li>`;

export interface ClientPage {
  readonly visitor: Visitor;
  readonly client: ClientView;
  readonly typed: Typed;
  readonly done?: string;
}

export function clientPage(site: Site, { visitor, client, typed, done }: ClientPage): string {
  const { clientId, app, kind, disabled, redirectUris, scope, oldSecretUntil, ownTokens } = client;
  const action = `${ROOM}/${encodeURIComponent(clientId)}`;
  const body = html`${appCard(app, 'none')}
    <dl class="facts">
      <dt>client_id</dt>
      <dd><code>${clientId}</code>${state(disabled)}</dd>
      <dt>Kind</dt>
      <dd>${kind}</dd>
      <dt>May ask for</dt>
      <dd>${scope === undefined ? 'whatever its way in allows' : html`<code>${scope}</code>`}</dd>
      ${
        redirectUris.length > 0 &&
        html`<dt>Comes back to</dt>
          <dd>${redirectUris.map((one) => html`<code>${one}</code><br />`)}</dd>`
      }
      ${
        oldSecretUntil !== undefined &&
        html`<dt>Old secret</dt>
          <dd>works until ${when(oldSecretUntil, site.now())}</dd>`
      }
      ${
        ownTokens > 0 &&
        html`<dt>For itself</dt>
          <dd>holds ${count(ownTokens, 'token')}</dd>`
      }
    </dl>
    <p><a href="/console/access/trail?app=${encodeURIComponent(clientId)}">What this app did</a></p>
    <section aria-labelledby="given">
      <h2 id="given">Who let it in</h2>
      ${givenList(site, client.given, 'app')}
      ${client.moreGiven && html`<p class="quiet">And more: the newest are shown.</p>`}
    </section>
    ${changeForm({ visitor, action, heading: 'Change this app', choices: choices(client), typed })}`;
  return consolePage(site, {
    visitor,
    title: app.name,
    room: ROOM,
    body,
    ...(done !== undefined && { done }),
  });
}

const choices = ({ disabled, hasSecret }: ClientView): readonly Choice[] => [
  disabled
    ? {
        deed: 'client-enable',
        name: 'Switch on',
        means: 'It can be launched again. What was ended stays ended.',
      }
    : {
        deed: 'client-disable',
        name: 'Switch off',
        means:
          'It cannot be launched or get tokens, and every token that it holds is refused from its next request on.',
      },
  ...(hasSecret
    ? [
        {
          deed: 'client-rotate',
          name: 'Give a new secret',
          means:
            'You are told it once. The old one works for a day more, so that the app can be given the new one.',
        },
      ]
    : []),
  {
    deed: 'client-end',
    name: 'End everything, keep the app',
    means: 'Every person has to let it in again. Its tokens are refused from the next request on.',
  },
  {
    deed: 'client-remove',
    name: 'Remove the app',
    means: 'It cannot be brought back: it would have to be registered anew.',
  },
];
