/** A reader of the feed in a process of its own, killed and restarted at random under write load: each version once, in order. */
import { it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStores } from '../../src/store/sqlite/stores.ts';
import { expectWholeFeed } from '../support/feed-crash.ts';

it('SQLite: a reader killed 15 times sees each commit once and in order', async () => {
  const location = mkdtempSync(join(tmpdir(), 'embergate-feed-'));
  try {
    const open = () => openSqliteStores({ location });
    await expectWholeFeed(open, 'sqlite', location, join(location, 'seen.txt'));
  } finally {
    rmSync(location, { recursive: true, force: true });
  }
}, 120_000);
