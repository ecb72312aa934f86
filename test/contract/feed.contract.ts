/** The feed and its cursors: every committed version once, in order, for any number of readers. */
import { describe, expect, it } from '@jest/globals';
import type { FeedStore, StoredResource, TenantStore } from '../../src/store/ports.ts';
import { create, done, freshType, remove, update } from './units.ts';

/** Reads the feed from a cursor to its end. */
async function follow(feed: FeedStore, from: number, limit: number): Promise<StoredResource[]> {
  const all: StoredResource[] = [];
  for (let after = from; ;) {
    const some = await feed.read(after, limit);
    if (some.length === 0) return all;
    all.push(...some);
    after = some.at(-1)!.seq;
  }
}

export function feedContract(fresh: () => Promise<TenantStore>): void {
  describe('feed', () => {
    it('has every version oldest first, and the last seq', async () => {
      const { resources, feed } = await fresh();
      const type = freshType();
      expect([await feed.last(), await feed.read(0, 10)]).toEqual([0, []]);
      await done(resources, { writes: [create(type, 'a'), create(type, 'b')] });
      await done(resources, { writes: [update(type, 'a', 1)] });
      const { firstSeq } = await done(resources, { writes: [remove(type, 'b', 1)] });
      const all = await feed.read(0, 100);
      expect(all.map(({ id, versionId, method }) => `${id}/${versionId} ${method}`)).toEqual([
        'a/1 POST',
        'b/1 POST',
        'a/2 PUT',
        'b/2 DELETE',
      ]);
      expect(all.map(({ body }) => body !== undefined)).toEqual([true, true, true, false]);
      expect(await feed.last()).toBe(firstSeq);
      expect(await feed.read(all[1]!.seq, 100)).toEqual(all.slice(2));
      expect(await feed.read(firstSeq, 100)).toEqual([]);
    });

    it('gives whole commits where the limit allows, and cuts only what is larger than the limit', async () => {
      const { resources, feed } = await fresh();
      const type = freshType();
      for (const size of [1, 3, 5, 2])
        await done(resources, {
          writes: Array.from({ length: size }, (_, i) => create(type, `${size}-${i}`)),
        });
      const sizes: number[] = [];
      for (let after = 0; ;) {
        const some = await feed.read(after, 4);
        if (some.length === 0) break;
        sizes.push(some.length);
        after = some.at(-1)!.seq;
      }
      expect(sizes).toEqual([4, 4, 3]);
      expect((await feed.read(0, 3)).map(({ id }) => id)).toEqual(['1-0']);
      expect((await follow(feed, 0, 1)).map(({ seq }) => seq)).toEqual(
        (await feed.read(0, 100)).map(({ seq }) => seq),
      );
    });

    it('shows a reader that follows while others write each version once and in order', async () => {
      const { resources, feed } = await fresh();
      const type = freshType();
      const seen: StoredResource[] = [];
      let writing = true;
      const reader = (async () => {
        for (let after = 0; ;) {
          const last = !writing;
          const some = await feed.read(after, 7);
          seen.push(...some);
          after = some.at(-1)?.seq ?? after;
          if (some.length === 0 && last) return;
          if (some.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        }
      })();
      const writer = async (name: number): Promise<void> => {
        for (let i = 0; i < 25; i++)
          await done(resources, {
            writes: [create(type, `w${name}-${i}-a`), create(type, `w${name}-${i}-b`)],
          });
      };
      await Promise.all([0, 1, 2, 3].map(writer));
      writing = false;
      await reader;
      expect(seen).toHaveLength(200);
      expect(new Set(seen.map(({ id }) => id)).size).toBe(200);
      const seqs = seen.map(({ seq }) => seq);
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    }, 60_000);

    it('moves a cursor from where it stands only, each name by itself', async () => {
      const { feed } = await fresh();
      expect(await feed.cursor('one')).toBe(0);
      expect(await feed.advance('one', 5, 9)).toBe(false);
      expect(await feed.advance('one', 0, 5)).toBe(true);
      expect(await feed.advance('one', 0, 7)).toBe(false);
      expect(await feed.advance('one', 5, 9)).toBe(true);
      expect([await feed.cursor('one'), await feed.cursor('two')]).toEqual([9, 0]);
      const race = await Promise.all(Array.from({ length: 20 }, (_, i) => feed.advance('one', 9, 100 + i)));
      expect(race.filter(Boolean)).toHaveLength(1);
      const births = await Promise.all(Array.from({ length: 20 }, (_, i) => feed.advance('three', 0, 1 + i)));
      expect(births.filter(Boolean)).toHaveLength(1);
    });
  });
}
