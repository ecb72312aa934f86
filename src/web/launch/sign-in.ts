/** Who am I to this place? Two fields, and the app and site that asked. */
import type { SignInView } from '../../smart/pages.ts';
import { renderPage, type Site } from '../frame.ts';
import { attribute, flag, html, type Html } from '../html.ts';
import { csrfField, errorLine } from './parts.ts';
import { passkeyForm } from './passkey.ts';

export function signInPage(site: Site, view: SignInView): string {
  const body = html`<h1>Sign in</h1>
    <p>${asked(view)}</p>
    ${view.why !== undefined && html`<p>${view.why}</p>`}
    <form method="post" action="${view.form.action}">
      ${csrfField(view.form)} ${errorLine(view.error)} ${fields(view)}
      <button class="main">Sign in</button>
    </form>
    ${otherWays(view)} ${view.demoAccounts && view.demoAccounts.length > 0 && demoAccounts(view.demoAccounts)}`;
  return renderPage(site, { title: 'Sign in', body, column: 'form', scripts: ['sign-in.js', 'passkey.js'] });
}

function otherWays({ form, passkey, others = [] }: SignInView): Html | undefined {
  if (passkey === undefined && others.length === 0) return undefined;
  return html`<div class="ways">
    ${passkey !== undefined && passkeyForm({ form, options: passkey, label: 'Sign in with a passkey' })}
    ${others.map(
      (one) =>
        html`<form method="post" action="${one.form.action}">
          ${csrfField(one.form)} <input type="hidden" name="back" value="${one.back}" />
          <button>Sign in with ${one.name}</button>
        </form>`,
    )}
  </div>`;
}

function asked({ app, site }: SignInView): Html {
  if (!app) return html`Your account at <strong>${site}</strong>`;
  return html`<strong>${app.name}</strong> asks you to sign in to <strong>${site}</strong>. The app does not
    see your password.`;
}

function fields({ error, username }: SignInView): Html {
  const invalid = attribute('aria-invalid', error === undefined ? undefined : 'true');
  const described = attribute('aria-describedby', error === undefined ? undefined : 'error');
  const onPassword = username !== undefined && username !== '';
  return html`<label for="username">Username</label>
    <input
      id="username"
      name="username"
      value="${username ?? ''}"
      autocomplete="username"
      autocapitalize="none"
      spellcheck="false"
      maxlength="200"
      required
      ${flag('autofocus', !onPassword)}
      ${invalid}
      ${described}
    />
    <label for="password">Password</label>
    <input
      id="password"
      name="password"
      type="password"
      autocomplete="current-password"
      maxlength="200"
      required
      ${flag('autofocus', onPassword)}
      ${invalid}
      ${described}
    />`;
}

function demoAccounts(accounts: NonNullable<SignInView['demoAccounts']>): Html {
  return html`<h2>Accounts of the demo</h2>
    <p class="quiet">
      Everyone here is invented. The password of each is <code>demo</code>. Pressing one fills it in.
    </p>
    <ul class="rows">
      ${accounts.map(
        ({ username, who }) =>
          html`<li>
            <button type="button" data-username="${username}" aria-describedby="who-${username}">
              ${username}
            </button>
            <small id="who-${username}">${who}</small>
          </li>`,
      )}
    </ul>`;
}
