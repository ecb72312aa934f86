// The bench runs from end to end on a few records: server, floor, driver, report. Its figures mean nothing here.

import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..', '..');
const WORKLOADS = [
  'read',
  'create',
  'update',
  'crud',
  'search-patient',
  'search-patient-code',
  'history',
  'import-demo',
];

/** Runs it to its end and gives what it printed. */
function bench(...args: readonly string[]): string {
  const flags = ['--disable-warning=ExperimentalWarning', 'bench/main.ts', '--quick', '--patients', '24'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

it('measures every kind of workload', () => {
  const stdout = bench(...WORKLOADS);
  const titles = [
    'read by id',
    'create',
    'update',
    'CRUD loop',
    'search by patient',
    'history of a resource',
    'import demo',
  ];
  for (const title of titles)
    expect(stdout).toMatch(new RegExp(`^${title} +[\\d,]+ +[\\d,]+ +\\d+\\.\\d\\d `, 'm'));
}, 120_000);

it('measures the server with and without tokens, and how fast it gives them out', () => {
  const stdout = bench('access-read', 'access-search', 'access-token-es384');
  for (const title of ['read by id', 'search by patient'])
    expect(stdout).toMatch(
      new RegExp(`^${title} +[\\d,]+ +[\\d,]+ +\\d+\\.\\d{3} +\\d+\\.\\d{3} +[+-]?\\d+ %`, 'm'),
    );
  expect(stdout).toMatch(/^token by client credentials, ES384 +[\d,]+ +- /m);
}, 120_000);
