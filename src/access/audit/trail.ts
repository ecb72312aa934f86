/**
 * The trail read: newest first, found by the keys and times of its pages, each note one by one. A reader goes on from a cursor, and looks at so many notes
 * in one go and no more, whatever it asks for. https://hl7.org/fhir/R4/auditevent.html
 */
import type { AuditPage, AuditStore } from '../../store/audit-port.ts';
import { TRAIL_ID } from './event.ts';
import type { AuditNote } from './note.ts';
import { decodeNotes, patientKey } from './page.ts';

export interface TrailQuery {
  /** only pages with one of these keys (page.ts); the notes in them are judged by `test` */
  readonly keys?: readonly string[];
  /** ms since 1970, inclusive */
  readonly from?: number;
  readonly to?: number;
  readonly test: (found: Found) => boolean;
  /** notes that are wanted */
  readonly count: number;
  /** notes that are looked at; MOST_LOOKED_AT when absent */
  readonly look?: number;
  readonly cursor?: string;
}

export interface Found {
  /** of the event: where the note stands */
  readonly id: string;
  readonly note: AuditNote;
}

export interface TrailPage {
  readonly found: readonly Found[];
  /** where to go on, absent at the end of the trail; it may stand although fewer than `count` were found */
  readonly next?: string;
}

const MOST_LOOKED_AT = 3000;
const PAGES_AT_A_TIME = 32;

/** Where a reader stands: the position of the page before, the page itself, and how many of its notes were looked at. */
type Cursor = readonly [before: string | null, chain: string, seq: number, looked: number];

export async function readTrail(store: AuditStore, query: TrailQuery): Promise<TrailPage> {
  const { count, test, look = MOST_LOOKED_AT, keys, from, to } = query;
  const [start, chain, seq, done] =
    query.cursor === undefined ? [null] : (JSON.parse(query.cursor) as Cursor);
  const found: Found[] = [];
  let [before, looked, isBehind] = [start, 0, chain === undefined];
  for (;;) {
    const pages = await store.read({
      limit: PAGES_AT_A_TIME,
      ...(keys && { keys }),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(before !== null && { after: before }),
    });
    for (const { page, position } of pages) {
      const isHere = page.chain === chain && page.seq === seq;
      // Pages that are newer than where we stand came since.
      if (!isBehind && !isHere) continue;
      isBehind = true;
      const notes = decodeNotes(page.body);
      for (let i = isHere ? done! : 0; i < notes.length; i++) {
        if (found.length === count || looked >= look)
          return { found, next: JSON.stringify([before, page.chain, page.seq, i]) };
        const offset = notes.length - 1 - i;
        const note = notes[offset]!;
        looked++;
        if ((from === undefined || note.at >= from) && (to === undefined || note.at <= to)) {
          const one = { id: idOf(page, offset), note };
          if (test(one)) found.push(one);
        }
      }
      before = position;
    }
    if (pages.length < PAGES_AT_A_TIME) return { found };
  }
}

/** Time, chain, place: what finds the page again, and tells of one note only. */
const idOf = ({ at, chain, seq }: AuditPage, offset: number): string =>
  `${TRAIL_ID}${at.toString(36)}.${chain}.${seq}.${offset}`;

const ID = new RegExp(
  `^${TRAIL_ID.replace('.', '\\.')}([0-9a-z]{1,9})\\.([0-9a-z-]{1,40})\\.(\\d{1,12})\\.(\\d{1,6})$`,
);

/** The note of an event; undefined where the trail has none of that id. */
export async function noteOf(store: AuditStore, id: string): Promise<AuditNote | undefined> {
  const [, time, chain, seq, offset] = ID.exec(id) ?? [];
  if (time === undefined) return undefined;
  const at = parseInt(time, 36);
  let after: string | undefined;
  for (;;) {
    const pages = await store.read({ from: at, to: at, limit: 100, ...(after !== undefined && { after }) });
    const here = pages.find(({ page }) => page.chain === chain && page.seq === Number(seq) && page.at === at);
    if (here) return decodeNotes(here.page.body)[Number(offset)];
    if (pages.length < 100) return undefined;
    after = pages.at(-1)!.position;
  }
}

/** What concerns one patient, newest first: what their page shows. */
export function trailOf(
  store: AuditStore,
  patient: string,
  options: { readonly count: number; readonly cursor?: string },
): Promise<TrailPage> {
  const test = ({ note }: Found): boolean => note.patients?.includes(patient) ?? false;
  return readTrail(store, { keys: [patientKey(patient)], test, ...options });
}
