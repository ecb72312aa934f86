/** The frame of the console: one row of rooms below the main navigation, and what was just done. */
import type { Visitor } from '../../smart/visitor.ts';
import { renderPage, type Site } from '../frame.ts';
import { html, type Html } from '../html.ts';
import { icon } from '../icons.ts';

const ROOMS = [
  ['/console', 'Overview'],
  ['/console/access/users', 'People'],
  ['/console/access/clients', 'Apps'],
  ['/console/access/policies', 'Access rules'],
  ['/console/access/trail', 'Audit trail'],
  ['/console/access/unusual', 'Worth a look'],
] as const;

export interface ConsolePage {
  readonly visitor: Visitor;
  readonly title: string;
  readonly room: (typeof ROOMS)[number][0];
  readonly body: Html;
  /** code of what was just done */
  readonly done?: string;
}

export function consolePage(site: Site, { visitor, title, room, body, done }: ConsolePage): string {
  const link = ([address, name]: (typeof ROOMS)[number]): Html =>
    address === room
      ? html`<li><a href="${address}" aria-current="page">${name}</a></li>`
      : html`<li><a href="${address}">${name}</a></li>`;
  return renderPage(site, {
    title: `${title} · Console`,
    body: html`<nav class="rooms" aria-label="Console">
        <ul>
          ${ROOMS.map(link)}
        </ul>
      </nav>
      ${doneNote(done)}
      <h1>${title}</h1>
      ${body}`,
    column: 'wide',
    navigation: true,
    visitor: visitor.account,
    here: '/console',
    scripts: ['times.js'],
  });
}

/** The words are ours alone, whatever the address says. */
const DONE: Readonly<Record<string, string>> = {
  'user-add': 'The account was made.',
  'user-disable': 'The account is switched off. Sessions, apps and tokens of it have ended.',
  'user-enable': 'The account is switched on again.',
  'user-end': 'Sessions, apps and tokens of the account have ended.',
  'user-factors': 'The second steps of the account are forgotten.',
  'user-remove': 'The account was removed, and all that was given in its name.',
  'client-disable': 'The app is switched off. Its tokens are refused from the next request on.',
  'client-enable': 'The app is switched on again.',
  'client-end': 'Everything that was given to the app has ended.',
  'client-remove': 'The app was removed, and everything that was given to it.',
  'given-end': 'Ended: the next request is refused.',
  'session-end': 'The session has ended.',
  'policy-save': 'The rules are in force from the next request on.',
  'policy-remove': 'The rules are out of force from the next request on.',
};

function doneNote(done: string | undefined): Html | undefined {
  const text = done === undefined ? undefined : DONE[done];
  return text === undefined
    ? undefined
    : html`<p class="note" role="status">${icon('check')} <span>${text}</span></p>`;
}

/** A secret, told once. */
export function secretPage(
  site: Site,
  {
    visitor,
    room,
    title,
    secret,
    back,
  }: Pick<ConsolePage, 'visitor' | 'room' | 'title'> & { readonly secret: string; readonly back: string },
): string {
  const body = html`<p>
      It is shown this once, and is kept here as a hash alone. Hand it over by a way that others cannot read.
    </p>
    <p class="copy">
      <code>${secret}</code>
      <button type="button" class="slight scripted" data-copy="${secret}">
        <span data-copied="Copied">Copy</span>
      </button>
    </p>
    <p><a class="button" href="${back}">Done</a></p>`;
  return consolePage(site, { visitor, title, room, body });
}
