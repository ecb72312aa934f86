// How setup reads npm's state and its failures.

import { describe, expect, it } from '@jest/globals';
import { explainNpm, installedAsLocked } from '../../../scripts/npm.mjs';

const lock = (packages: object) => ({ packages: { '': { version: '0.1.0' }, ...packages } });

describe('installedAsLocked', () => {
  const wanted = lock({
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '2.0.0', optional: true },
  });

  it('is true when all that must be there is there', () => {
    expect(installedAsLocked(wanted, lock({ 'node_modules/a': { version: '1.0.0' } }))).toBe(true);
  });

  it.each([
    ['a package is missing', lock({})],
    ['a package has another version', lock({ 'node_modules/a': { version: '1.0.1' } })],
    [
      'an optional package has another version',
      lock({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '2.0.1' } }),
    ],
  ])('is false when %s', (_name, installed) => {
    expect(installedAsLocked(wanted, installed)).toBe(false);
  });
});

describe('explainNpm', () => {
  it.each([
    ['npm error code ENOTFOUND\nnpm error network request failed', /registry cannot be reached/],
    ['npm error code EACCES\nnpm error syscall mkdir', /no permission/],
    ['npm error code ENOSPC', /disk is full/],
    ['spawn npm ENOENT', /not on the PATH/],
    ['npm error code E404\nnpm error 404 Not Found - GET a-package', /404|E404/],
    ['', /gave no reason/],
  ])('says in one line what %j means', (said, meaning) => {
    expect(explainNpm(said)).toMatch(meaning);
    expect(explainNpm(said)).not.toContain('\n');
  });
});
