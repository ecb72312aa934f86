/** An instant as people say it, with the exact one for who wants it. The clock is UTC, and says so. */
import { html, type Html } from '../html.ts';
import { sayDate } from '../words.ts';

/** `today 14:05 UTC`, `3 March 2024`; ms since 1970 */
export function moment(at: number, now: number): Html {
  const exact = new Date(at).toISOString();
  return html`<time datetime="${exact}" title="${exact}"
    >${sayMoment(exact, new Date(now).toISOString())}</time
  >`;
}

function sayMoment(exact: string, now: string): string {
  const [day, time] = [exact.slice(0, 10), exact.slice(11, 16)];
  return day === now.slice(0, 10) ? `today ${time} UTC` : sayDate(day);
}
