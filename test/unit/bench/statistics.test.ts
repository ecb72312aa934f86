// Medians and spread.

import { describe, expect, it } from '@jest/globals';
import { quantile, spreadOf } from '../../../bench/statistics.ts';

describe('quantile', () => {
  it.each([
    [[3, 1, 2], 0.5, 2],
    [[4, 1, 2, 3], 0.5, 2.5],
    [[1, 2, 3, 4, 5], 1, 5],
    [[7], 0.99, 7],
    [[], 0.5, 0],
  ])('of %j at %d is %d', (values, share, expected) => {
    expect(quantile(values, share)).toBe(expected);
  });
});

it('spreadOf gives median, least and most', () => {
  expect(spreadOf([2, 9, 4])).toEqual({ median: 4, least: 2, most: 9 });
  expect(() => spreadOf([])).toThrow('No measurement');
});
