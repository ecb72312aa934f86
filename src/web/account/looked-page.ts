/** The whole timeline, a page at a time: who looked at a record, or what was done in one's own name. */
import type { Visitor } from '../../smart/visitor.ts';
import { renderPage, type Site } from '../frame.ts';
import { html } from '../html.ts';
import { timeline, type Timeline } from '../timeline.ts';

export interface LookedPage {
  readonly visitor: Visitor;
  readonly title: string;
  /** address of the newest of it */
  readonly path: string;
  readonly timeline: Timeline;
  /** this is not the newest page */
  readonly isLater: boolean;
}

export function lookedPage(site: Site, page: LookedPage): string {
  const { visitor, title, path, isLater } = page;
  const { entries, next } = page.timeline;
  const body = html`<p><a href="/account">Your account</a></p>
    <h1>${title}</h1>
    ${entries.length === 0 && html`<p>${isLater ? 'There is nothing older.' : 'There is nothing yet.'}</p>`}
    ${timeline(entries, site.now(), { alone: true })}
    <p class="actions">
      ${next !== undefined && html`<a class="button" href="${path}?after=${next}">Older</a>`}
      ${isLater && html`<a class="button" href="${path}">Back to the newest</a>`}
    </p>`;
  return renderPage(site, {
    title,
    body,
    navigation: true,
    visitor: visitor.account,
    here: '/account',
    scripts: ['times.js'],
  });
}
