/** Ending one session, or what one app may do for one person: what it means, and why. */
import type { Visitor } from '../../smart/visitor.ts';
import type { Site } from '../frame.ts';
import { html } from '../html.ts';
import { csrfField, errorLine } from '../launch/parts.ts';
import { backNote, reasonField, type Typed } from './change.ts';
import { consolePage } from './frame.ts';

export interface EndPage {
  readonly visitor: Visitor;
  readonly title: string;
  /** what will happen, in a sentence */
  readonly means: string;
  readonly action: string;
  readonly back: string;
  readonly typed: Typed;
}

export function endPage(site: Site, { visitor, title, means, action, back, typed }: EndPage): string {
  const body = html`<p>${means}</p>
    <form method="post" action="${action}" class="narrow">
      ${csrfField({ action: '', csrf: visitor.csrf })} ${errorLine(typed.error)} ${backNote(typed)}
      ${reasonField(typed)}
      <div class="decision">
        <a class="button" href="${back}">Leave it</a>
        <button>End it</button>
      </div>
    </form>`;
  return consolePage(site, { visitor, title, room: '/console/access/users', body });
}
