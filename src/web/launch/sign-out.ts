/** Asks before it signs out: a link alone ends no session. */
import type { SignOutView } from '../../smart/pages.ts';
import { renderPage, type Site } from '../frame.ts';
import { html } from '../html.ts';
import { csrfField } from './parts.ts';

export function signOutPage(site: Site, { form, name, site: place }: SignOutView): string {
  const body = html`<h1>Sign out</h1>
    <p>You are signed in to <strong>${place}</strong> as <strong>${name}</strong>.</p>
    <form method="post" action="${form.action}">
      ${csrfField(form)}
      <button class="main">Sign out</button>
    </form>
    <p><a href="/account">Stay signed in</a></p>`;
  return renderPage(site, { title: 'Sign out', body, column: 'form' });
}
