/**
 * The trail read back, newest first, a page at a time: pages of the store by their keys, their notes one by one, and a cursor that stands between two notes.
 * The work of one call is bounded: where little is found in much, the cursor leads on.
 */
import type { AuditStore } from '../../store/ports.ts';
import type { AuditNote } from './note.ts';
import { decodeNotes } from './page.ts';

export interface LookBack {
  /** only pages that carry one of these keys */
  readonly keys?: readonly string[];
  /** ms since 1970, inclusive */
  readonly from?: number;
  readonly to?: number;
  /** at most so many notes */
  readonly count: number;
  readonly matches: (note: AuditNote) => boolean;
  /** `next` of the page before */
  readonly after?: string;
  /** at most so many pages of the store are read; a call reads some hundreds when absent */
  readonly mostPages?: number;
}

export interface LookedBack {
  readonly notes: readonly AuditNote[];
  /** absent: there is nothing older */
  readonly next?: string;
}

/** Between two notes: behind so many notes of the page that follows this position. */
interface Cursor {
  readonly after?: string;
  readonly skip: number;
  /** the beginning stays where it was, whatever is added meanwhile */
  readonly to?: number;
}

const BATCH = 25;
const MOST_PAGES = 400;

export async function lookBack(store: AuditStore, query: LookBack, now: number): Promise<LookedBack> {
  const { count, matches, keys, from, mostPages = MOST_PAGES } = query;
  const begun = query.after === undefined ? undefined : cursorOf(query.after);
  const to = begun?.to ?? query.to ?? now;
  const notes: AuditNote[] = [];
  let { after, skip }: Cursor = begun ?? { skip: 0 };
  for (let pages = 0; pages < mostPages;) {
    const batch = await store.read({
      ...(keys && { keys }),
      ...(from !== undefined && { from }),
      to,
      limit: BATCH,
      ...(after !== undefined && { after }),
    });
    for (const { page, position } of batch) {
      const within = decodeNotes(page.body)
        .reverse()
        .filter((note) => isDuring(note, from, to) && matches(note));
      const taken = within.slice(skip, skip + count - notes.length);
      notes.push(...taken);
      if (skip + taken.length < within.length)
        return { notes, next: textOf({ after, skip: skip + taken.length, to }) };
      [after, skip] = [position, 0];
    }
    if (batch.length < BATCH) return { notes };
    if (notes.length >= count) break;
    pages += batch.length;
  }
  return { notes, next: textOf({ after, skip: 0, to }) };
}

const isDuring = ({ at }: AuditNote, from: number | undefined, to: number): boolean =>
  at <= to && (from === undefined || at >= from);

const textOf = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString('base64url');

/** What is no cursor of ours begins at the beginning. */
function cursorOf(text: string): Cursor {
  try {
    const { after, skip, to } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<
      string,
      unknown
    >;
    if (
      (after === undefined || typeof after === 'string') &&
      Number.isSafeInteger(skip) &&
      Number.isSafeInteger(to)
    )
      return {
        ...(after !== undefined && { after }),
        skip: skip as number,
        to: to as number,
      };
  } catch {
    // Not one of ours.
  }
  return { skip: 0 };
}

/** A note as one patient may read it: of an answer about many patients what concerns this one. */
export function concerning(note: AuditNote, patient: string): AuditNote {
  const { patients = [], what, of, ...rest } = note;
  const place = patients.indexOf(patient);
  const own = what && of ? what.filter((_one, at) => of[at]?.includes(place)) : what;
  return { ...rest, patients: [patient], ...(own && { what: own }) };
}
