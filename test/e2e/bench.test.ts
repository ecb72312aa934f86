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

it('measures every kind of workload', () => {
  const args = ['bench/main.ts', '--quick', '--patients', '24', ...WORKLOADS];
  const flags = ['--disable-warning=ExperimentalWarning'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
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
