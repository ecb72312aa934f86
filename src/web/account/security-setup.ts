/** Setting up what one signs in with: an authenticator app, a passkey, recovery codes, another password. One question a page. */
import { renderPage, type Frame, type Site } from '../frame.ts';
import { attribute, html, type Html } from '../html.ts';
import { errorLine } from '../launch/parts.ts';
import { passkeyForm } from '../launch/passkey.ts';
import { qrCode } from './qr-code.ts';
import { hiddenFields, ownFields, SECURITY } from './security-parts.ts';
import type { AppSetupView, CodesView, LinkView, PasskeyView, PasswordView } from './security-views.ts';

function page(site: Site, title: string, body: Html, more: Partial<Frame> = {}): string {
  const whole = html`<h1>${title}</h1>
    ${body}`;
  return renderPage(site, {
    title,
    body: whole,
    column: 'form',
    navigation: true,
    here: '/account',
    ...more,
  });
}

const back = html`<p><a href="${SECURITY}">Back to sign-in and security</a></p>`;

const invalid = (error: string | undefined) => [
  attribute('aria-invalid', error === undefined ? undefined : 'true'),
  attribute('aria-describedby', error === undefined ? undefined : 'error'),
];

export function appSetupPage(site: Site, view: AppSetupView): string {
  const { address, secret, setup, error } = view;
  const [isInvalid, described] = invalid(error);
  const body = html`<ol class="steps">
      <li>
        <p>Open an authenticator app on your phone, choose to add an account, and scan this picture.</p>
        ${qrCode(address, 'Picture for the camera of your authenticator app')}
        <details>
          <summary>No camera? Type this key</summary>
          <p><code>${secret.match(/.{1,4}/g)!.join(' ')}</code></p>
          <p class="quiet">Based on time, six digits, half a minute: what apps suggest.</p>
        </details>
      </li>
      <li>
        <form method="post" action="${SECURITY}">
          ${hiddenFields([...ownFields(view, 'add-app'), ['setup', setup]])} ${errorLine(error)}
          <label for="code">Type the code that the app shows</label>
          <input
            id="code"
            name="code"
            inputmode="numeric"
            autocomplete="one-time-code"
            maxlength="9"
            spellcheck="false"
            required
            ${isInvalid}
            ${described}
          />
          <button class="main">Turn it on</button>
        </form>
      </li>
    </ol>
    ${back}`;
  return page(site, 'Set up an authenticator app', body);
}

export function passkeyPage(site: Site, view: PasskeyView): string {
  const { options, suggested, error, csrf } = view;
  const hidden = html`${hiddenFields(ownFields(view, 'add-passkey').slice(1))}
    <label for="name">What you call it</label>
    <input id="name" name="name" value="${suggested}" maxlength="60" required autocomplete="off" />`;
  const form = { action: SECURITY, csrf };
  const body = html`<p>Your browser will ask for your finger, your face or the PIN of this device.</p>
    ${errorLine(error)}
    ${passkeyForm({ form, options, label: 'Make the passkey', hidden, main: true, makes: true })} ${back}`;
  return page(site, 'Add a passkey', body, { scripts: ['passkey.js'] });
}

export function codesPage(site: Site, { codes, returnTo }: CodesView): string {
  const body = codes
    ? html`<p>
          Print these or write them down, and keep them away from your phone. Each one signs you in once, when
          you have nothing else at hand. <strong>They are not shown again.</strong>
        </p>
        <ul class="codes">
          ${codes.map((code) => html`<li><code>${code}</code></li>`)}
        </ul>`
    : html`<p>Recovery codes are shown once, after they are made. If you lost them, make new ones.</p>`;
  const onward =
    returnTo === undefined
      ? html`<p><a class="button" href="${SECURITY}">I have kept them</a></p>`
      : html`<p><a class="button main" href="${returnTo}">I have kept them, go on</a></p>`;
  return page(site, 'Recovery codes', html`${body} ${codes ? onward : back}`);
}

export function linkPage(site: Site, { csrf, mount, provider, back: sealed }: LinkView): string {
  const body = html`<p>
      You go to ${provider} and sign in there. From then on that account signs you in here, too.
    </p>
    <form method="post" action="${mount}/upstream">
      ${hiddenFields([
        ['csrf', csrf],
        ['back', sealed],
      ])}
      <button class="main">Go to ${provider}</button>
    </form>
    ${back}`;
  return page(site, `Link ${provider}`, body);
}

export function passwordPage(site: Site, view: PasswordView): string {
  const { username, error } = view;
  const [isInvalid, described] = invalid(error);
  const body = html`<p>
      Everyone else who is signed in with the old one is signed out, and every app that you let in has to ask
      you again.
    </p>
    <form method="post" action="${SECURITY}">
      ${hiddenFields(ownFields(view, 'change-password'))} ${errorLine(error)}
      <input type="hidden" name="username" value="${username}" autocomplete="username" />
      <label for="new_password">New password</label>
      <input
        id="new_password"
        name="new_password"
        type="password"
        autocomplete="new-password"
        minlength="8"
        maxlength="1024"
        required
        ${isInvalid}
        ${described}
      />
      <label for="repeated_password">Once more</label>
      <input
        id="repeated_password"
        name="repeated_password"
        type="password"
        autocomplete="new-password"
        maxlength="1024"
        required
      />
      <button class="main">Change the password</button>
    </form>
    ${back}`;
  return page(site, 'Change the password', body);
}
