/** Is anything wrong right now, and where do I go? What is worth a look first, then the rooms. */
import type { Visitor } from '../../smart/visitor.ts';
import type { Site } from '../frame.ts';
import { html, type Html } from '../html.ts';
import { count } from '../words.ts';
import { consolePage } from './frame.ts';
import { findingList, noTrail } from './unusual.ts';
import { MOST_COUNTED, type ConsoleHome, type Unusual } from './view.ts';

const MOST = 5;

export function homePage(
  site: Site,
  { visitor, home }: { readonly visitor: Visitor; readonly home: ConsoleHome },
): string {
  const { isReady, users, clients, unusual } = home;
  const body = html`<p role="status">${isReady ? 'The store answers.' : 'The store does not answer.'}</p>
    <section aria-labelledby="look">
      <h2 id="look" class="first">Worth a look</h2>
      ${unusual === undefined ? noTrail() : look(site, unusual)}
    </section>
    <ul class="cards">
      ${door('/console/access/users', 'People', `${numberOf(users, 'account')}. Who may sign in, where they are signed in, and what they let in.`)}
      ${door('/console/access/clients', 'Apps', `${numberOf(clients, 'app')}. What each may ask for and was given; switch off, new secret.`)}
      ${door('/console/access/policies', 'Access rules', 'Who may do what with the record, in words; write, check and try rules.')}
      ${door('/console/access/trail', 'Audit trail', 'Who did what to which record, when and why.')}
    </ul>`;
  return consolePage(site, { visitor, title: 'Console', room: '/console', body });
}

const numberOf = (number: number, word: string): string =>
  number > MOST_COUNTED ? `More than ${MOST_COUNTED} ${word}s` : count(number, word);

function look(site: Site, { findings }: Unusual): Html {
  if (findings.length === 0) return html`<p>Nothing stands out.</p>`;
  return html`${findingList(site, findings.slice(0, MOST))}
  ${findings.length > MOST && html`<p><a class="button" href="/console/access/unusual">See all ${findings.length}</a></p>`}`;
}

const door = (to: string, title: string, sentence: string): Html =>
  html`<li class="card">
    <h2><a href="${to}">${title}</a></h2>
    <p>${sentence}</p>
  </li>`;

/** For whoever is signed in and no operator. */
export function notForYou(site: Site, { account }: Visitor): Html {
  return html`<h1>The console is for operators</h1>
    <p>
      You are signed in as ${account.name}. Whoever runs ${site.name} signs in here with an account of the
      role operator.
    </p>
    <p><a class="button" href="/account">Go to your account</a></p>`;
}
