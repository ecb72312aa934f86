/** The place between two pages of a search. https://www.sqlite.org/rowvalue.html#scrolling_window_queries */
import type { Row } from './compile.ts';
import type { Cell } from './statements.ts';

/** Where a page ends, as text: the row and its sort values. */
export function writePosition({ rid, sorts }: Row): string {
  return JSON.stringify([rid, ...sorts]);
}

/** Positions come back signed by us, so they are as `writePosition` made them. */
export function readPosition(text: string): Row {
  const [rid, ...sorts] = JSON.parse(text) as [number, ...Cell[]];
  return { rid, sorts };
}
