/** What the pages of a launch share: the hidden fields of a form, and the app as a person should recognise it. */
import type { AppView, FormTarget, SignedInView } from '../../smart/pages.ts';
import { html, type Html } from '../html.ts';
import { icon } from '../icons.ts';

export const csrfField = (form: FormTarget): Html =>
  html`<input type="hidden" name="csrf" value="${form.csrf}" />`;

/** Logo or first letter, name, and who vouches for it. In a list of apps the name is a heading; below a heading that names the app it is left out. */
export function appCard(app: AppView, name: 'strong' | 'heading' | 'none' = 'strong'): Html {
  const initial = [...app.name.trim()][0] ?? '?';
  return html`<div class="app">
    ${
      app.logoUrl === undefined
        ? html`<span class="initial" aria-hidden="true">${initial.toUpperCase()}</span>`
        : html`<img src="${app.logoUrl}" alt="" width="48" height="48" />`
    }
    <div>
      ${name === 'heading' && html`<h3>${app.name}</h3>`}
      <p>
        ${name === 'strong' && html`<strong>${app.name}</strong><br />`}
        <small>${upperFirst(app.vouchedBy)}${app.website !== undefined && website(app.website)}</small>
      </p>
    </div>
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

/** Who is signed in, and the way out for whoever is not that person: a button of the form that `otherForm` puts at the end of the page. */
export function whoIsSignedIn({ name, who, other }: SignedInView): Html {
  return html`<span class="who"
    >${name}, ${who} ${other && html`<button class="slight" form="other">Not you?</button>`}</span
  >`;
}

/** Stands last, so that the first form of a page is the one that the page is about. */
export function otherForm({ other }: SignedInView): Html | undefined {
  return other && html`<form id="other" method="post" action="${other.action}">${csrfField(other)}</form>`;
}
