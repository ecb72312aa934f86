/** Ending that someone acts for a patient: what it means, why, and once more. */
import type { Visitor } from '../../smart/visitor.ts';
import { renderPage, type Site } from '../frame.ts';
import { html } from '../html.ts';
import { csrfField, errorLine } from '../launch/parts.ts';
import type { LookedAfter, ProxyView } from './view.ts';

export interface EndProxyPage {
  readonly visitor: Visitor;
  readonly record: LookedAfter;
  readonly proxy: ProxyView;
  readonly reason?: string;
  readonly error?: string;
}

export const MOST_REASON = 300;

export function endProxyPage(site: Site, { visitor, record, proxy, reason, error }: EndProxyPage): string {
  const { name, isVisitor } = proxy;
  const who = record.isOwn ? 'you' : record.patient.name;
  const title = isVisitor ? `Stop acting for ${who}?` : `End that ${name} acts for ${who}?`;
  const body = html`<h1>${title}</h1>
    <p>
      ${isVisitor ? 'You lose' : `${name} loses`} the record at once, and so does every app that
      ${isVisitor ? 'you' : 'they'} let in. To have it back, ask the practice.
    </p>
    <form method="post" action="/account/people/${proxy.id}/end">
      ${csrfField({ action: '', csrf: visitor.csrf })} ${errorLine(error)}
      <label for="reason">Why?</label>
      <input
        id="reason"
        name="reason"
        required
        maxlength="${MOST_REASON}"
        value="${reason ?? ''}"
        aria-describedby="reason-use"
      />
      <p class="small quiet" id="reason-use">
        It is written down with this change, for the practice to read.
      </p>
      <div class="decision">
        <a class="button" href="/account">Leave it</a>
        <button>End it</button>
      </div>
    </form>`;
  return renderPage(site, {
    title,
    body,
    column: 'form',
    navigation: true,
    visitor: visitor.account,
    here: '/account',
  });
}
