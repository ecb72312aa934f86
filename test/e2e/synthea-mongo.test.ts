/** The Synthea records into MongoDB. */
import { describe } from '@jest/globals';
import { needs } from '../needs.ts';
import { startMongod } from '../support/mongod.ts';
import { startServerProcess } from '../support/server-process.ts';
import { syntheaContract, WORKERS } from './synthea.ts';

describe('whole records', () => {
  needs('mongod', 'loading whole records into MongoDB')('with a mongod', () => {
    needs('shared-data/synthea', 'loading whole records into MongoDB')('Synthea on MongoDB', () => {
      syntheaContract(async () => {
        const mongod = await startMongod();
        const server = await startServerProcess({ STORE: mongod.freshUri(), WORKERS: String(WORKERS) });
        const stop = async (): Promise<void> => {
          await server.stop();
          await mongod.stop();
        };
        return { server, stop };
        // The main thread commits for the HTTP threads, and so works as well.
      }, WORKERS + 1);
    });
  });
});
