/** The Synthea records into the embedded store. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needs } from '../needs.ts';
import { startServerProcess } from '../support/server-process.ts';
import { syntheaContract, WORKERS } from './synthea.ts';

needs('shared-data/synthea', 'loading whole records into SQLite')('Synthea on SQLite', () => {
  syntheaContract(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'embergate-synthea-store-'));
    const server = await startServerProcess({ STORE: `sqlite:${folder}`, WORKERS: String(WORKERS) });
    const stop = async (): Promise<void> => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    };
    return { server, stop };
  });
});
