/** What several pages of the console say in the same way. */
import type { Role } from '../../smart/accounts.ts';
import { html, type Html } from '../html.ts';
import type { Site } from '../frame.ts';
import { summary } from '../account/permission-words.ts';
import { day } from '../when.ts';
import type { GivenRow } from './view.ts';

export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  practitioner: 'clinician',
  patient: 'patient',
  related: 'family member',
  operator: 'operator',
};

/** The apps that were let in, each with a way to end it. */
export function givenList(site: Site, given: readonly GivenRow[], by: 'person' | 'app'): Html {
  if (given.length === 0) return html`<p>None.</p>`;
  return html`<ul class="items">
    ${given.map((one) => givenItem(site, one, by))}
  </ul>`;
}

function givenItem(site: Site, one: GivenRow, by: 'person' | 'app'): Html {
  const name = by === 'app' ? one.username : one.app;
  return html`<li class="line">
    <p>
      <strong>${name}</strong>${one.patient !== undefined && html` · <code>${one.patient}</code>`}<br />
      <small>
        can ${summary(one.permissions)} · since
        ${day(one.since, site.now())}${one.until !== undefined && html`, until ${day(one.until, site.now())}`}
      </small>
    </p>
    <a class="button" href="/console/access/given/${one.id}"
      >End<span class="hidden"> what ${one.app} may do for ${one.username}</span></a
    >
  </li>`;
}

export const state = (disabled: boolean): Html | undefined =>
  disabled ? html` <span class="state">switched off</span>` : undefined;
