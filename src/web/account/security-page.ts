/** How do I sign in here, and where am I signed in? The page of that one question; what is set up has pages of its own. */
import type { Passkey } from '../../smart/factors/passkeys.ts';
import { renderPage, type Site } from '../frame.ts';
import { html, type Html } from '../html.ts';
import { icon } from '../icons.ts';
import { count } from '../words.ts';
import { moment } from './moment.ts';
import { hiddenFields, SECURITY, actionForm, withReturn } from './security-parts.ts';
import type { OverviewView } from './security-views.ts';

export function securityPage(site: Site, view: OverviewView): string {
  const body = html`<h1>Sign-in and security</h1>
    ${view.done !== undefined && notice(view.done)}
    ${view.need !== undefined && html`<p class="told" role="status">${icon('alert')} <span>${view.need}</span></p>`}
    ${waiting(view)} ${password(site, view)} ${secondStep(site, view)} ${passkeys(site, view)} ${codes(view)}
    ${links(site, view)} ${devices(site, view)} ${leave(view)}`;
  return renderPage(site, { title: 'Sign-in and security', body, navigation: true, here: '/account' });
}

const notice = (text: string): Html =>
  html`<p class="told" role="status">${icon('check')} <span>${text}</span></p>`;

/** What was about to be done when its sender had to sign in again: one press away. */
function waiting({ waiting: form, csrf }: OverviewView): Html | undefined {
  if (!form) return undefined;
  return html`<div class="told">
    <p>You are signed in again. This was not done yet:</p>
    <form method="post" action="${SECURITY}">
      ${hiddenFields([['csrf', csrf], ...form.fields])}
      <button class="main">${form.label}</button>
    </form>
  </div>`;
}

function password({ now }: Site, { passwordAt }: OverviewView): Html {
  const since = passwordAt === undefined ? undefined : html`Given ${moment(passwordAt, now())}.`;
  return html`<section aria-labelledby="password">
    <h2 id="password">Password</h2>
    <p>${since}</p>
    <p><a class="button" href="${SECURITY}/password">Change the password</a></p>
  </section>`;
}

function secondStep({ now }: Site, view: OverviewView): Html {
  const { appSince, csrf } = view;
  const about = html`<p>
    A code from your phone, besides the password. Whoever learns your password alone does not get in.
  </p>`;
  const body =
    appSince === undefined
      ? html`${about}
          <p>
            <a class="button" href="${withReturn(`${SECURITY}/app`, view)}">Set up an authenticator app</a>
          </p>`
      : html`<p>${icon('check')} On since ${moment(appSince, now())}.</p>
          <p><a class="button" href="${SECURITY}/app">Set up another phone in its place</a></p>
          <details>
            <summary>Turn it off</summary>
            <p>
              ${
                view.passkeys.length > 0
                  ? 'Your passkeys stay the second step.'
                  : 'Your password alone will sign you in, and your recovery codes go.'
              }
            </p>
            ${actionForm(csrf, 'remove-app', 'Turn off the authenticator app')}
          </details>`;
  return html`<section aria-labelledby="app">
    <h2 id="app">Authenticator app</h2>
    ${body}
  </section>`;
}

function passkeys(site: Site, view: OverviewView): Html {
  const { passkeys: list, canUsePasskeys: can } = view;
  return html`<section aria-labelledby="passkeys">
    <h2 id="passkeys">Passkeys</h2>
    <p>
      Sign in with your phone, computer or security key, without a password. Nobody can talk you into giving a
      passkey away.
    </p>
    ${
      list.length > 0 &&
      html`<ul class="things">
        ${list.map((one) => passkey(site, view, one))}
      </ul>`
    }
    ${
      can
        ? html`<p><a class="button" href="${withReturn(`${SECURITY}/passkey`, view)}">Add a passkey</a></p>`
        : html`<p class="quiet">
            Browsers make no passkeys for this address: it has no name of its own, or no https.
          </p>`
    }
  </section>`;
}

function passkey({ now }: Site, { csrf }: OverviewView, one: Passkey): Html {
  const used = one.usedAt === undefined ? 'not used yet' : html`last used ${moment(one.usedAt, now())}`;
  return html`<li>
    <p>
      <strong>${one.name}</strong><br />
      <small
        >Added ${moment(one.addedAt, now())}, ${used}.
        ${one.synced ? 'On all devices of its account.' : 'On one device.'}</small
      >
    </p>
    ${actionForm(csrf, 'remove-passkey', 'Remove', { fields: [['id', one.id]], about: one.name })}
  </li>`;
}

function codes({ appSince, passkeys: list, codesLeft, csrf }: OverviewView): Html | undefined {
  if (appSince === undefined && list.length === 0) return undefined;
  return html`<section aria-labelledby="codes">
    <h2 id="codes">Recovery codes</h2>
    <p>
      For the day your phone is gone.
      ${codesLeft === 0 ? 'You have none left.' : `You have ${count(codesLeft, 'code')} left.`}
    </p>
    <details>
      <summary>Make new ones</summary>
      <p>The ones that you have now will no longer be good.</p>
      ${actionForm(csrf, 'new-codes', 'Make ten new codes')}
    </details>
  </section>`;
}

/** Other places that sign this account in. */
function links({ now }: Site, { links: list, otherProvider, csrf }: OverviewView): Html | undefined {
  if (list.length === 0 && otherProvider === undefined) return undefined;
  return html`<section aria-labelledby="links">
    <h2 id="links">Other ways in</h2>
    ${
      list.length > 0 &&
      html`<ul class="things">
        ${list.map(
          ({ id, issuer, addedAt }) =>
            html`<li>
              <p>
                <strong>${new URL(issuer).host}</strong><br /><small>Linked ${moment(addedAt, now())}.</small>
              </p>
              ${actionForm(csrf, 'unlink', 'Unlink', { fields: [['id', id]], about: new URL(issuer).host })}
            </li>`,
        )}
      </ul>`
    }
    ${
      otherProvider !== undefined &&
      html`<p>Your account at ${otherProvider} can sign you in here.</p>
        <p><a class="button" href="${SECURITY}/link">Link ${otherProvider}</a></p>`
    }
  </section>`;
}

function devices({ now }: Site, { devices: list, csrf }: OverviewView): Html {
  const others = list.filter(({ isThis }) => !isThis);
  return html`<section aria-labelledby="devices">
    <h2 id="devices">Where you are signed in</h2>
    <ul class="things">
      ${list.map(
        ({ sessionUid, browser, address, since, usedAt, isThis }) =>
          html`<li>
            <p>
              <strong>${browser}</strong>${isThis && ' (this one)'}<br />
              <small
                >Last used ${moment(usedAt, now())} from ${address}. Signed in ${moment(since, now())}.</small
              >
            </p>
            ${!isThis && actionForm(csrf, 'sign-out-of', 'Sign out', { fields: [['session', sessionUid]], about: browser })}
          </li>`,
      )}
    </ul>
    ${others.length > 0 && actionForm(csrf, 'sign-out-others', 'Sign out everywhere else')}
  </section>`;
}

function leave({ csrf, mount, name }: OverviewView): Html {
  return html`<section aria-labelledby="leave">
    <h2 id="leave">Leave</h2>
    <p>You are signed in as <strong>${name}</strong>.</p>
    <form method="post" action="${mount}/sign-out">
      ${hiddenFields([['csrf', csrf]])}
      <button>Sign out</button>
    </form>
  </section>`;
}
