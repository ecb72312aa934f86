/** What is worth a look: bursts, refusals, hours and volumes that are not as they were. The page says what was seen, and never that it was wrong. */
import type { Visitor } from '../../smart/visitor.ts';
import type { Site } from '../frame.ts';
import { html, type Html } from '../html.ts';
import { when } from '../when.ts';
import { consolePage } from './frame.ts';
import { addressOf } from './trail.ts';
import type { Finding, Unusual } from './view.ts';

const ROOM = '/console/access/unusual';

export function unusualPage(
  site: Site,
  { visitor, unusual }: { readonly visitor: Visitor; readonly unusual: Unusual | undefined },
): string {
  const body = html`<p class="lead">
      What is not as it usually is. There is often a good reason: a busy clinic, a night shift, an app that
      was just installed. Ask before you act.
    </p>
    ${unusual === undefined ? noTrail() : found(site, unusual)} ${rules()}`;
  return consolePage(site, { visitor, title: 'Worth a look', room: ROOM, body });
}

export const noTrail = (): Html =>
  html`<p class="note">
    <span>This server keeps no audit trail (AUDIT=off), so there is nothing to look at.</span>
  </p>`;

function found(site: Site, { findings, since, isCut }: Unusual): Html {
  return html`${findings.length === 0 ? html`<p>Nothing stands out.</p>` : findingList(site, findings)}
    <p class="small quiet">
      Looked at: everything since
      ${when(since, site.now())}${isCut && ', the most that is read at once; what was before counts for nothing here'}.
    </p>`;
}

export const findingList = (site: Site, findings: readonly Finding[]): Html =>
  html`<ul class="items">
    ${findings.map(
      ({ who, says, from, to, search }) =>
        html`<li class="line">
          <p>
            <strong>${who}</strong> ${says}<br />
            <small>${when(from, site.now())} to ${when(to, site.now())}</small>
          </p>
          <a class="button" href="${addressOf(search)}">See it<span class="hidden"> (${who})</span></a>
        </li>`,
    )}
  </ul>`;

const rules = (): Html =>
  html`<section aria-labelledby="rules">
    <h2 id="rules">What is looked for</h2>
    <ul>
      <li>One person or app opens the records of 50 patients or more within 10 minutes.</li>
      <li>One person or app is refused 20 times or more within 10 minutes.</li>
      <li>10 sign-ins or more fail within an hour, for one account or from one address.</li>
      <li>
        A person opens records at an hour of the day at which they never did before, on 5 days or more of
        work.
      </li>
      <li>
        A person opens more than three times as many records in a day as on any day before, and 20 or more.
      </li>
    </ul>
  </section>`;
