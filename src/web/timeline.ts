/** What happened, newest first, as sentences under the day on which it was. */
import type { AuditNote } from '../access/audit/note.ts';
import { html, type Html } from './html.ts';
import { clock, sayDay } from './when.ts';

export interface Happened {
  /** ms since 1970 */
  readonly at: number;
  /** "Dr. Alma Reyes, with Growth Tracker" */
  readonly who: string;
  /** goes on where `who` stops: "looked at lab results" */
  readonly what: string;
  readonly why?: string;
  readonly outcome: AuditNote['outcome'];
}

/** One page of it. */
export interface Timeline {
  readonly entries: readonly Happened[];
  /** to go on from */
  readonly next?: string;
}

/** `alone`: nothing else is on the page, so that the days are its headings. */
export function timeline(
  entries: readonly Happened[],
  now: number,
  { alone = false }: { readonly alone?: boolean } = {},
): Html {
  const days = Map.groupBy(entries, ({ at }) => sayDay(at, now));
  const heading = (name: string): Html => {
    const words = name.charAt(0).toUpperCase() + name.slice(1);
    return alone ? html`<h2>${words}</h2>` : html`<h3>${words}</h3>`;
  };
  return html`<div class="timeline">
    ${[...days].map(
      ([name, those]) =>
        html`${heading(name)}
          <ol>
            ${those.map(entry)}
          </ol>`,
    )}
  </div>`;
}

const REFUSED: Readonly<Record<AuditNote['outcome'], string | undefined>> = {
  done: undefined,
  refused: 'Refused: nothing was shown or changed',
  failed: 'It failed: nothing was shown or changed',
};

function entry({ at, who, what, why, outcome }: Happened): Html {
  const told = [REFUSED[outcome], why].filter((one) => one !== undefined && one !== '');
  return html`<li>
    ${clock(at)}
    <p><strong>${who}</strong> ${what}${told.length > 0 && html`<br /><small>${told.join(' · ')}</small>`}</p>
  </li>`;
}
