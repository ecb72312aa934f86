/** The second step of a sign-in, and what is said where a sign-in is too weak. One question: is it really you? */
import type { SecondStepView, TooWeakView } from '../../smart/pages.ts';
import { renderPage, type Site } from '../frame.ts';
import { attribute, flag, html, type Html } from '../html.ts';
import { csrfField, errorLine } from './parts.ts';
import { passkeyForm } from './passkey.ts';

export function secondStepPage(site: Site, view: SecondStepView): string {
  const { form, hasApp, passkey, error } = view;
  const hidden = html`<input type="hidden" name="passed" value="${view.passed}" />`;
  const body = html`<h1>One more step</h1>
    <p>${view.name}, show that it is you: your password alone does not open this account.</p>
    ${!hasApp && errorLine(error)}
    ${passkey !== undefined && passkeyForm({ form, options: passkey, label: 'Use your passkey', hidden, main: !hasApp })}
    ${hasApp ? codeForm(view, hidden) : undefined} ${recoveryForm(view, hidden)}
    <p><a href="${form.action}">Start again</a></p>`;
  const scripts = passkey === undefined ? [] : ['passkey.js'];
  return renderPage(site, { title: 'One more step', body, column: 'form', scripts });
}

function codeForm({ form, error, passkey }: SecondStepView, hidden: Html): Html {
  return html`<form method="post" action="${form.action}">
    ${csrfField(form)} ${hidden} ${errorLine(error)}
    <label for="code">Code of your authenticator app</label>
    <input
      id="code"
      name="code"
      inputmode="numeric"
      autocomplete="one-time-code"
      maxlength="9"
      spellcheck="false"
      required
      ${flag('autofocus', passkey === undefined)}
      ${attribute('aria-invalid', error === undefined ? undefined : 'true')}
      ${attribute('aria-describedby', error === undefined ? undefined : 'error')}
    />
    <button class="main">Continue</button>
  </form>`;
}

function recoveryForm({ form, codesLeft }: SecondStepView, hidden: Html): Html {
  if (codesLeft === 0)
    return html`<p class="quiet">
      You cannot do this, and have no recovery code? Whoever runs this server can let you in again.
    </p>`;
  return html`<details>
    <summary>Use a recovery code</summary>
    <form method="post" action="${form.action}">
      ${csrfField(form)} ${hidden}
      <label for="recovery">Recovery code</label>
      <input
        id="recovery"
        name="code"
        autocomplete="off"
        autocapitalize="none"
        spellcheck="false"
        maxlength="40"
        required
        aria-describedby="recovery-hint"
      />
      <p class="quiet" id="recovery-hint">Like abcde-fghjk-mnpqr. Each is good once.</p>
      <button>Continue with this code</button>
    </form>
  </details>`;
}

export function tooWeakPage(site: Site, view: TooWeakView): string {
  const asks = view.app ? html`<strong>${view.app.name}</strong>` : html`What you are opening`;
  const { cancel } = view;
  const body = html`<h1>This needs a stronger sign-in</h1>
    <p>${asks} asks for ${view.needed}. The sign-in that you just made was weaker than that.</p>
    <p>
      You can set one up under <a href="/account/security">sign-in and security</a>, and then come back to
      this page.
    </p>
    <form method="post" action="${view.again.action}">
      ${csrfField(view.again)} <input type="hidden" name="again" value="1" />
      <button class="main">Sign in again</button>
    </form>
    ${
      cancel &&
      html`<form method="post" action="${cancel.action}">
        ${csrfField(cancel)} <input type="hidden" name="decision" value="cancel" />
        <button>Back to the app</button>
      </form>`
    }`;
  return renderPage(site, { title: 'Stronger sign-in', body, column: 'form' });
}
