/** The contract of a store on the embedded SQLite. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStores } from '../../src/store/sqlite/stores.ts';
import { storeContract } from './store.contract.ts';
import type { Opened } from './units.ts';

async function open(): Promise<Opened> {
  const location = mkdtempSync(join(tmpdir(), 'embergate-contract-'));
  let stores = await openSqliteStores({ location });
  return {
    stores,
    another: () => openSqliteStores({ location, writer: stores.attach().attachment }),
    reopen: async () => {
      await stores.close();
      return (stores = await openSqliteStores({ location }));
    },
    close: async () => {
      await stores.close();
      rmSync(location, { recursive: true, force: true });
    },
  };
}

storeContract('SQLite', open);
