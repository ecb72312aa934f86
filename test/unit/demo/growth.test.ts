// Curves that rise stay rising between their points, and percentiles are those of the normal distribution.
import { describe, expect, it } from '@jest/globals';
import { along, bodyAt, percentile, percentilesOf } from '../../../src/demo/growth.ts';
import { lifeAt } from '../../../src/demo/records.ts';

const RISING = Array.from({ length: 29 }, (_, index) => 50 + 4 * index + (index % 3));

describe('along', () => {
  it('never falls on a rising curve', () => {
    const values = Array.from({ length: 2400 }, (_, tenth) => along(RISING, tenth / 10));
    expect(values.filter((value, index) => index > 0 && value < values[index - 1]! - 1e-9)).toEqual([]);
  });

  it('goes through its points and stays within them', () => {
    expect([along(RISING, 0), along(RISING, 1), along(RISING, 12)]).toEqual([
      RISING[0],
      RISING[1],
      RISING[7],
    ]);
    expect([along(RISING, -5), along(RISING, 500)]).toEqual([RISING[0], RISING[28]]);
  });
});

describe('percentile', () => {
  it('is that of the standard normal', () => {
    expect([percentile(0), percentile(1), percentile(-1), percentile(1.645)]).toEqual([50, 84, 16, 95]);
    expect([percentile(9), percentile(-9)]).toEqual([99, 1]);
  });
});

describe('a child', () => {
  const life = lifeAt(1, 1);
  const bmi = [3, 4, 5, 6, 7].map((age) => {
    const day = life.person.birth + Math.round(age * 365.25);
    return percentilesOf(life, day, bodyAt(life, day)).mass!;
  });

  it('keeps near its own channel', () => {
    expect(Math.max(...bmi) - Math.min(...bmi)).toBeLessThan(25);
  });

  it('has a head circumference until three, and a weight for length until two', () => {
    const at = (years: number) => {
      const day = life.person.birth + Math.round(years * 365.25);
      return { body: bodyAt(life, day), percentiles: percentilesOf(life, day, bodyAt(life, day)) };
    };
    expect(at(1).body.head).toBeDefined();
    expect(at(1).percentiles).toMatchObject({
      weightForLength: expect.any(Number),
      head: expect.any(Number),
    });
    expect(at(4).body.head).toBeUndefined();
    expect(at(4).percentiles).toEqual({ mass: expect.any(Number) });
  });
});
