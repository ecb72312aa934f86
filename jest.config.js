/**
 * Jest runs ESM TypeScript natively (node --experimental-vm-modules); swc only strips the types.
 * The configuration looks for a mongod, so that a direct run of Jest finds the same one as `npm test` does.
 * https://jestjs.io/docs/configuration
 */
import { findMongod } from './scripts/mongod.mjs';

export default async function configuration() {
  const { path, reason } = await findMongod();
  process.env.MONGOMS_SYSTEM_BINARY = path ?? '';
  process.env.EMBERGATE_NO_MONGOD = reason ?? '';
  process.env.MONGOMS_SYSTEM_BINARY_VERSION_CHECK = 'false';
  return {
    testEnvironment: 'node',
    // Only what tests read is crawled: the runtime, the caches and the data folder are large.
    roots: ['<rootDir>/test', '<rootDir>/src', '<rootDir>/scripts'],
    extensionsToTreatAsEsm: ['.ts'],
    testMatch: ['<rootDir>/test/**/*.test.ts'],
    transform: {
      '^.+\\.ts$': [
        '@swc/jest',
        {
          jsc: {
            parser: { syntax: 'typescript' },
            target: 'es2024',
            experimental: { keepImportAttributes: true },
          },
          module: { type: 'es6' },
        },
      ],
    },
    reporters: ['default', '<rootDir>/scripts/jest-totals.mjs'],
    maxWorkers: 2,
    workerIdleMemoryLimit: '1GB',
    testTimeout: 30_000,
  };
}
