// What the user may ask of the bench.

import { describe, expect, it } from '@jest/globals';
import { NAMES, parseOptions, UsageError } from '../../../bench/options.ts';

describe('parseOptions', () => {
  it('runs everything unless told otherwise', () => {
    expect(parseOptions([])).toMatchObject({ only: NAMES, store: 'sqlite', pairs: 5, quick: false });
  });

  it('takes names and options in any order', () => {
    const options = parseOptions(['read', '--pairs', '3', '--only', 'crud', '--store', 'mongo']);
    expect(options).toMatchObject({ only: ['read', 'crud'], pairs: 3, store: 'mongo' });
  });

  it('is brief when asked to be quick', () => {
    expect(parseOptions(['--quick'])).toMatchObject({ pairs: 1, seconds: 0.3, quick: true });
  });

  it.each([
    [['raed'], /no workload "raed": give read/],
    [['--store', 'postgres'], /give sqlite or mongo/],
    [['--pairs', '0'], /--pairs is "0": give a number above 0/],
    [['--fast'], /--fast/],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(message);
  });
});
