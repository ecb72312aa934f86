/** Who has access to my record, and who looked? The apps first, then the newest looks, who else may act, and a copy to take away. */
import type { Visitor } from '../../smart/visitor.ts';
import { renderPage, type Site } from '../frame.ts';
import { html, type Html } from '../html.ts';
import { icon } from '../icons.ts';
import { appCard } from '../launch/parts.ts';
import { timeline, type Timeline } from '../timeline.ts';
import { day, when } from '../when.ts';
import { possessive, sayDate, sayPerson } from '../words.ts';
import type { AccountView, ConnectedApp, LookedAfter, ProxyView } from './view.ts';
import { summary } from './permission-words.ts';

/** What has just been done, as a code in the address: the words are ours alone. */
const DONE: Readonly<Record<string, string>> = {
  stopped: 'Sharing has stopped. The app’s next request is refused.',
  narrowed: 'The app now sees only what you left ticked, from its next request on.',
  ended: 'That person can no longer act here.',
  gone: 'It was not there any more: nothing had to be done.',
};

export interface OverviewPage {
  readonly visitor: Visitor;
  readonly view: AccountView;
  /** the `done` of the address */
  readonly done?: string;
  /** where one signs out */
  readonly signOut: string;
}

export function overviewPage(site: Site, { visitor, view, done, signOut }: OverviewPage): string {
  const { apps, records } = view;
  const only = records.length === 1 ? records[0]!.patient.id : undefined;
  const body = html`<h1>${heading(visitor, records)}</h1>
    ${doneNote(done)}
    <section aria-labelledby="apps">
      <h2 id="apps" class="first">Connected apps</h2>
      ${
        apps.length === 0
          ? noApps(records)
          : html`<ul class="items">
              ${apps.map((one) => app(site, one, only))}
            </ul>`
      }
    </section>
    ${records.map((one) => recordSections(site, one, records.length > 1))}
    ${view.done && yourName(site, view.done)} ${signingIn(visitor, signOut)}`;
  return renderPage(site, {
    title: 'Your account',
    body,
    navigation: true,
    visitor: visitor.account,
    here: '/account',
    scripts: ['times.js'],
  });
}

export function doneNote(done: string | undefined): Html | undefined {
  const text = done === undefined ? undefined : DONE[done];
  if (text === undefined) return undefined;
  return html`<p class="note" role="status">${icon('check')} <span>${text}</span></p>`;
}

function heading({ account }: Visitor, records: readonly LookedAfter[]): string {
  if (records.some(({ isOwn }) => isOwn)) return 'Your record: who has access, and who looked';
  const [first] = records;
  if (records.length === 1 && first)
    return `${possessive(first.patient.name)} record: who has access, and who looked`;
  return records.length > 1 ? 'The records that you look after' : `${possessive(account.name)} account`;
}

const noApps = (records: readonly LookedAfter[]): Html =>
  html`<p>
    ${records.length === 0 ? 'You have let no app in.' : 'You share the record with no app.'} An app is let in
    when you open it and press Allow. <a href="/apps">See the apps that there are.</a>
  </p>`;

/** `only`: the one record that this page is about, which need not be named again. */
function app(site: Site, one: ConnectedApp, only: string | undefined): Html {
  const { id, record, by, permissions, lastUsed } = one;
  const { name } = one.app;
  return html`<li>
    ${appCard(one.app, 'heading')}
    <dl class="facts">
      ${
        record &&
        record.id !== only &&
        html`<dt>Record of</dt>
          <dd>${record.name}</dd>`
      }
      ${
        by !== undefined &&
        html`<dt>Let in by</dt>
          <dd>${by}</dd>`
      }
      <dt>It can</dt>
      <dd>${summary(permissions)}</dd>
      <dt>Since</dt>
      <dd>${day(one.since, site.now())}, ${ends(site, one)}</dd>
      <dt>Last used</dt>
      <dd>${lastUsed === undefined ? 'not lately' : when(lastUsed, site.now())}</dd>
    </dl>
    <p class="actions">
      <a class="button" href="/account/apps/${id}"
        >Change what it sees<span class="hidden"> (${name})</span></a
      >
      <a class="button" href="/account/apps/${id}/stop"
        >Stop sharing<span class="hidden"> with ${name}</span></a
      >
    </p>
  </li>`;
}

export function ends(site: Site, { until, online }: ConnectedApp): Html {
  if (online) return html`until you sign out`;
  return until === undefined ? html`until you stop it` : html`until ${when(until, site.now())}`;
}

function recordSections(site: Site, record: LookedAfter, isOneOfMany: boolean): Html {
  const { patient, isOwn } = record;
  const whose = isOwn ? 'your' : possessive(patient.name);
  return html`${
      isOneOfMany &&
      html`<h2>${patient.name}</h2>
        <p class="quiet">${sayPerson(patient, site.now())}</p>`
    }
    ${whoLooked(site, record, whose)} ${people(record)}
    <section aria-labelledby="copy-${patient.id}">
      <h2 id="copy-${patient.id}">A copy of ${whose} record</h2>
      <p>
        Everything that is kept here, to read, to keep or to take elsewhere. You may be asked to sign in
        again.
      </p>
      <p class="actions">
        <a class="button" href="/account/copy/${patient.id}?as=page">Page to read</a>
        <a class="button" href="/account/copy/${patient.id}?as=bundle">One file<small>FHIR Bundle</small></a>
        <a class="button" href="/account/copy/${patient.id}?as=ndjson"
          >A line an entry<small>NDJSON</small></a
        >
      </p>
    </section>`;
}

function whoLooked(site: Site, { patient, looked }: LookedAfter, whose: string): Html {
  return html`<section aria-labelledby="looked-${patient.id}">
    <h2 id="looked-${patient.id}">Who looked at ${whose} record</h2>
    ${looked === undefined ? noTrail() : looks(site, looked, `/account/looked/${patient.id}`)}
  </section>`;
}

const noTrail = (): Html =>
  html`<p>This server does not write down who looks: whoever runs it has switched that off.</p>`;

function looks(site: Site, { entries, next }: Timeline, more: string): Html {
  if (entries.length === 0) return html`<p>No one has looked yet.</p>`;
  return html`${timeline(entries, site.now())}
  ${next !== undefined && html`<p><a class="button" href="${more}">See all of it</a></p>`}`;
}

function people({ patient, isOwn, proxies }: LookedAfter): Html {
  const who = isOwn ? 'you' : patient.name;
  return html`<section aria-labelledby="people-${patient.id}">
    <h2 id="people-${patient.id}">Who may act for ${who}</h2>
    ${
      proxies.length === 0
        ? html`<p>No one but ${isOwn ? 'you' : 'the people who care for them'}.</p>`
        : html`<ul class="items">
            ${proxies.map(proxy)}
          </ul>`
    }
    <p class="small quiet">
      Whoever acts for ${who} sees the record and may share it with apps. New people are added by the
      practice, who checks that they may.
    </p>
  </section>`;
}

function proxy({ id, name, relation, since, until, isVisitor, mayEnd }: ProxyView): Html {
  const period = [
    since !== undefined && `since ${sayDate(since)}`,
    until !== undefined && `until ${sayDate(until)}`,
  ].filter((one) => one !== false);
  const facts = [relation, ...period].filter((one) => one !== undefined);
  return html`<li class="line">
    <p>
      <strong>${name}</strong
      >${isVisitor && ' (you)'}${facts.length > 0 && html`<br /><small>${facts.join(', ')}</small>`}
    </p>
    ${mayEnd && html`<a class="button" href="/account/people/${id}/end">End this<span class="hidden"> for ${name}</span></a>`}
  </li>`;
}

function yourName(site: Site, done: Timeline): Html {
  return html`<section aria-labelledby="done">
    <h2 id="done">What was done in your name</h2>
    <p>
      If there is something here that you did not do, change your password and tell whoever runs this server.
    </p>
    ${done.entries.length === 0 ? html`<p>Nothing yet.</p>` : looks(site, done, '/account/done')}
  </section>`;
}

function signingIn({ account, csrf }: Visitor, signOut: string): Html {
  return html`<section aria-labelledby="signing-in">
    <h2 id="signing-in">Signing in</h2>
    <p>
      You are signed in as ${account.name}. Password, second factor, passkeys and the devices that are signed
      in:
    </p>
    <form method="post" action="${signOut}" class="actions">
      <input type="hidden" name="csrf" value="${csrf}" />
      <a class="button" href="/account/security">Signing in and devices</a>
      <button>Sign out</button>
    </form>
  </section>`;
}
