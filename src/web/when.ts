/**
 * Moments as people say them: "today 14:05", "3 March 2024". The server writes them in UTC and says so; `times.js` puts them into the clock of the
 * reader. The exact instant stands in the title. https://html.spec.whatwg.org/multipage/text-level-semantics.html#the-time-element
 */
import { html, type Html } from './html.ts';
import { sayDate } from './words.ts';

const DAY_MS = 86_400_000;

const dayOf = (at: number): number => Math.floor(at / DAY_MS);
const isoOf = (at: number): string => new Date(at).toISOString();

/** `today`, `yesterday`, `3 March 2024`; a day of UTC */
export function sayDay(at: number, now: number): string {
  const ago = dayOf(now) - dayOf(at);
  if (ago === 0) return 'today';
  return ago === 1 ? 'yesterday' : sayDate(isoOf(at).slice(0, 10));
}

/** `14:05 UTC` */
export const sayClock = (at: number): string => `${isoOf(at).slice(11, 16)} UTC`;

/** `today 14:05 UTC`, `3 March 2024, 14:05 UTC` */
export function sayWhen(at: number, now: number): string {
  const day = sayDay(at, now);
  return day === 'today' || day === 'yesterday' ? `${day} ${sayClock(at)}` : `${day}, ${sayClock(at)}`;
}

/** The moment with day and clock. */
export const when = (at: number, now: number): Html =>
  html`<time datetime="${isoOf(at)}" title="${isoOf(at)}" data-time="when">${sayWhen(at, now)}</time>`;

/** The clock alone, below the heading of its day. */
export const clock = (at: number): Html =>
  html`<time datetime="${isoOf(at)}" title="${isoOf(at)}" data-time="clock">${sayClock(at)}</time>`;

/** The day alone. */
export const day = (at: number, now: number): Html =>
  html`<time datetime="${isoOf(at)}" title="${isoOf(at)}">${sayDay(at, now)}</time>`;
