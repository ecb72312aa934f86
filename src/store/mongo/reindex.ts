/** New index values for versions that are kept already. https://www.mongodb.com/docs/manual/reference/method/db.collection.bulkWrite/ */
import type { Reindexed } from '../ports.ts';
import { found, keyText, type Rooms } from './layout.ts';

/** A version that is not the current one any more is left alone: the newer one brought its own. A tombstone has no `t`. */
export async function reindex({ resources }: Rooms, changed: readonly Reindexed[]): Promise<void> {
  if (changed.length === 0) return;
  const updates = changed.map(({ type, id, versionId, index }) => {
    const { k, r, f } = found(index);
    const values: readonly (readonly [string, readonly unknown[]])[] = [
      ['k', k],
      ['r', r],
      ['f', f],
    ];
    const full = values.filter(([, all]) => all.length > 0);
    const empty = values.filter(([, all]) => all.length === 0);
    const $set = Object.fromEntries(full) as Record<string, never>;
    const $unset = Object.fromEntries(empty.map(([name]) => [name, ''])) as Record<string, never>;
    const update = { ...(full.length > 0 && { $set }), ...(empty.length > 0 && { $unset }) };
    return { updateOne: { filter: { _id: keyText({ type, id }), v: versionId, t: { $eq: type } }, update } };
  });
  await resources.bulkWrite(updates, { ordered: false });
}
