/** A form that the browser fills in by asking for a passkey; the script of the page does it when the button is pressed. https://www.w3.org/TR/webauthn-3/ */
import type { FormTarget } from '../../smart/pages.ts';
import { html, type Html } from '../html.ts';
import { icon } from '../icons.ts';
import { csrfField } from './parts.ts';

export interface PasskeyForm {
  readonly form: FormTarget;
  /** PublicKeyCredentialRequestOptionsJSON or PublicKeyCredentialCreationOptionsJSON */
  readonly options: string;
  readonly label: string;
  /** further fields */
  readonly hidden?: Html;
  /** it is what the page is for */
  readonly main?: boolean;
  /** a passkey is made, not used */
  readonly makes?: boolean;
}

export function passkeyForm({ form, options, label, hidden, main, makes }: PasskeyForm): Html {
  const text = html`${icon('key')} ${label}`;
  return html`<form
    method="post"
    action="${form.action}"
    data-passkey="${makes ? 'create' : 'get'}"
    data-options="${options}"
  >
    ${csrfField(form)} ${hidden} <input type="hidden" name="assertion" />
    ${main ? html`<button class="main">${text}</button>` : html`<button>${text}</button>`}
    <p class="error" role="alert" hidden></p>
    <noscript><p class="quiet">Passkeys need JavaScript, which is off in this browser.</p></noscript>
  </form>`;
}
