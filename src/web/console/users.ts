/** People: who may sign in, as what; where each is signed in, what each let in; add, switch off, give a new password, end everything. */
import { ROLES } from '../../smart/accounts.ts';
import type { Visitor } from '../../smart/visitor.ts';
import type { Site } from '../frame.ts';
import { flag, html, type Html } from '../html.ts';
import { csrfField, errorLine } from '../launch/parts.ts';
import { when } from '../when.ts';
import { backNote, changeForm, reasonField, type Choice, type Typed } from './change.ts';
import { consolePage } from './frame.ts';
import type { NewUser, SessionRow, UserRow, UserView } from './view.ts';
import { givenList, ROLE_WORDS, state } from './words.ts';

const ROOM = '/console/access/users';

export interface UsersPage {
  readonly visitor: Visitor;
  readonly users: readonly UserRow[];
  readonly next?: string;
  readonly search: string;
  readonly done?: string;
}

export function usersPage(site: Site, { visitor, users, next, search, done }: UsersPage): string {
  const body = html`<form method="get" action="${ROOM}" class="search" role="search">
      <label for="search">User name begins with</label>
      <input id="search" name="search" type="search" value="${search}" autocomplete="off" />
      <button>Find</button>
    </form>
    <p><a class="button main" href="${ROOM}/new">Add a person</a></p>
    ${
      users.length === 0
        ? html`<p>${search === '' ? 'There is no account yet.' : 'No user name begins like this.'}</p>`
        : html`<ul class="items">
            ${users.map(row)}
          </ul>`
    }
    ${
      next !== undefined &&
      html`<p>
        <a
          class="button"
          href="${ROOM}?search=${encodeURIComponent(search)}&after=${encodeURIComponent(next)}"
          >More</a
        >
      </p>`
    }`;
  return consolePage(site, {
    visitor,
    title: 'People',
    room: ROOM,
    body,
    ...(done !== undefined && { done }),
  });
}

const row = ({ username, name, role, disabled, fhirUser }: UserRow): Html =>
  html`<li class="line">
    <p>
      <a href="${ROOM}/${username}"><strong>${name}</strong></a
      >${state(disabled)}<br />
      <small
        >${username} ·
        ${ROLE_WORDS[role]}${fhirUser !== undefined && html` · <code>${fhirUser}</code>`}</small
      >
    </p>
  </li>`;

export interface UserPage {
  readonly visitor: Visitor;
  readonly user: UserView;
  readonly typed: Typed;
  readonly done?: string;
}

export function userPage(site: Site, { visitor, user, typed, done }: UserPage): string {
  const { username, name, role, fhirUser, disabled, sessions, given } = user;
  const body = html`<dl class="facts">
      <dt>User name</dt>
      <dd>${username}${state(disabled)}</dd>
      <dt>Role</dt>
      <dd>${ROLE_WORDS[role]}</dd>
      ${
        fhirUser !== undefined &&
        html`<dt>In the record</dt>
          <dd><code>${fhirUser}</code></dd>`
      }
    </dl>
    <p>
      <a href="/console/access/trail?person=${encodeURIComponent(username)}">What this person did</a>
    </p>
    <section aria-labelledby="sessions">
      <h2 id="sessions">Signed in</h2>
      ${
        sessions.length === 0
          ? html`<p>Nowhere.</p>`
          : html`<ul class="items">
              ${sessions.map((one) => session(site, one, name))}
            </ul>`
      }
    </section>
    <section aria-labelledby="given">
      <h2 id="given">Apps that were let in</h2>
      ${givenList(site, given, 'person')}
    </section>
    ${changeForm({ visitor, action: `${ROOM}/${username}`, heading: 'Change this account', choices: choices(user), typed })}`;
  return consolePage(site, { visitor, title: name, room: ROOM, body, ...(done !== undefined && { done }) });
}

function session(site: Site, { id, device, address, usedAt, accountId }: SessionRow, name: string): Html {
  return html`<li class="line">
    <p>
      <strong>${device}</strong><br /><small>from ${address} · last used ${when(usedAt, site.now())}</small>
    </p>
    <a class="button" href="/console/access/sessions/${id}?account=${accountId}"
      >End<span class="hidden"> the session of ${name} on ${device}</span></a
    >
  </li>`;
}

const choices = ({ disabled }: UserRow): readonly Choice[] => [
  disabled
    ? { deed: 'user-enable', name: 'Switch on', means: 'They can sign in again. What was ended stays ended.' }
    : {
        deed: 'user-disable',
        name: 'Switch off',
        means: 'They cannot sign in. Every session, app and token of theirs ends with its next request.',
      },
  {
    deed: 'user-reset',
    name: 'Give a new password',
    means: 'You are told it once. Every session, app and token ends; they should change it at once.',
  },
  {
    deed: 'user-end',
    name: 'End everything, keep the account',
    means: 'Every session, app and token ends with its next request. They can sign in again.',
  },
  {
    deed: 'user-factors',
    name: 'Forget second steps',
    means: 'For a lost phone or key: they sign in with the password alone, and set up new ones.',
  },
  {
    deed: 'user-remove',
    name: 'Remove the account',
    means: 'It cannot be brought back. The record and the audit trail stay as they are.',
  },
];

export interface NewUserPage {
  readonly visitor: Visitor;
  readonly user: NewUser;
  readonly typed: Typed;
}

export const NO_USER: NewUser = { username: '', name: '', role: 'practitioner', fhirUser: '' };

export function newUserPage(site: Site, { visitor, user, typed }: NewUserPage): string {
  const body = html`<form method="post" action="${ROOM}/new" class="narrow">
    ${csrfField({ action: '', csrf: visitor.csrf })} ${errorLine(typed.error)} ${backNote(typed)}
    <label for="username">User name</label>
    <input
      id="username"
      name="username"
      required
      maxlength="64"
      autocomplete="off"
      value="${user.username}"
    />
    <label for="name">Name, as a person is addressed</label>
    <input id="name" name="name" required maxlength="100" autocomplete="off" value="${user.name}" />
    <label for="role">Role</label>
    <select id="role" name="role">
      ${ROLES.map((role) => html`<option value="${role}" ${flag('selected', role === user.role)}>${ROLE_WORDS[role]}</option>`)}
    </select>
    <label for="fhirUser">In the record, such as Practitioner/123; operators have none</label>
    <input id="fhirUser" name="fhirUser" maxlength="90" autocomplete="off" value="${user.fhirUser}" />
    ${reasonField(typed)}
    <button class="main">Add and show the password</button>
  </form>`;
  return consolePage(site, { visitor, title: 'Add a person', room: ROOM, body });
}
