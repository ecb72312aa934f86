/** A reader of the feed in a process of its own, killed and restarted at random under write load: each version once, in order. */
import { expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStores } from '../../src/store/sqlite/stores.ts';
import { followWithKills } from '../support/feed-crash.ts';
import { TENANT } from '../support/load-child.ts';

it('SQLite: a reader killed 15 times sees each commit once and in order', async () => {
  const location = mkdtempSync(join(tmpdir(), 'embergate-feed-'));
  const stores = await openSqliteStores({ location });
  try {
    const store = await stores.tenant(TENANT);
    const { seen, wanted, versions, cursor } = await followWithKills(
      store,
      ['sqlite', location],
      join(location, 'seen.txt'),
      15,
    );
    expect(versions).toBeGreaterThan(100);
    expect(wanted).toHaveLength(versions);
    expect(seen).toEqual(wanted);
    expect(cursor).toBe(await store.feed.last());
  } finally {
    await stores.close();
    rmSync(location, { recursive: true, force: true });
  }
}, 120_000);
