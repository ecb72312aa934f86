/** What the pages of a launch share: the hidden fields of a form, and the app as a person should recognise it. */
import type { AppView, FormTarget, SignedInView } from '../../smart/pages.ts';
import { html, type Html } from '../html.ts';
import { icon } from '../icons.ts';

export const csrfField = (form: FormTarget): Html =>
  html`<input type="hidden" name="csrf" value="${form.csrf}" />`;

/** Logo or first letter, name, and who vouches for it. */
export function appCard(app: AppView): Html {
  const initial = [...app.name.trim()][0] ?? '?';
  return html`<div class="app">
    ${
      app.logoUrl === undefined
        ? html`<span class="initial" aria-hidden="true">${initial.toUpperCase()}</span>`
        : html`<img src="${app.logoUrl}" alt="" width="48" height="48" />`
    }
    <p>
      <strong>${app.name}</strong><br />
      <small>${upperFirst(app.vouchedBy)}${app.website !== undefined && website(app.website)}</small>
    </p>
  </div>`;
}

function website(address: string): Html | undefined {
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) return undefined;
  return html` ·
    <a href="${address}" rel="noreferrer" target="_blank"
      >${new URL(address).host}<span class="hidden"> (new tab)</span></a
    >`;
}

/** What went wrong, announced when the page is read. */
export function errorLine(text: string | undefined): Html | undefined {
  if (text === undefined) return undefined;
  return html`<p class="error" id="error" role="alert">${icon('alert')} <span>${text}</span></p>`;
}

export const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Who is signed in, and the way out for whoever is not that person. */
export function whoIsSignedIn({ name, who, other }: SignedInView): Html {
  const person = html`<span>${name}, ${who}</span>`;
  if (!other) return person;
  return html`<form class="who" method="post" action="${other.action}">
    ${csrfField(other)} ${person} <button class="slight">Not you?</button>
  </form>`;
}
