/** From an instant to the place in the order of versions: instants never fall as seq rises, so it is a binary search on the primary key. */
import type { DatabaseSync } from 'node:sqlite';

/** Gives the first seq whose instant is at or after a time in ms; one beyond the last where there is none. */
export function seqFinder(db: DatabaseSync): (instant: number) => number {
  const last = db.prepare('SELECT max(seq) AS seq FROM version');
  const at = db.prepare('SELECT seq, instant FROM version WHERE seq >= ? ORDER BY seq LIMIT 1');
  return (instant) => {
    let low = 1;
    let high = Number((last.get() as { seq: number | null }).seq ?? 0) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = at.get(middle) as { seq: number; instant: number } | undefined;
      if (!row || row.instant >= instant) high = middle;
      else low = row.seq + 1;
    }
    return low;
  };
}
