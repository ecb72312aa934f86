/**
 * How bodies grow. A child keeps its own channel: a z-score of height, of body mass and of the head that wanders slowly, applied to curves in the
 * manner of LMS (https://doi.org/10.1002/sim.4780111005). The medians are rounded figures of our own, close to those of children in general.
 */
import { ageAt } from './calendar.ts';
import type { Day } from './calendar.ts';
import { rounded } from './datatypes.ts';
import { chanceOf, isActive } from './life.ts';
import type { Background } from './life.ts';

/** Ages in months at which the curves are given. */
const MONTHS = [
  0, 1, 2, 3, 4, 6, 9, 12, 15, 18, 24, 30, 36, 48, 60, 72, 84, 96, 108, 120, 132, 144, 156, 168, 180, 192,
  204, 216, 240,
];

type Curve = readonly number[];

const HEIGHT: Readonly<Record<Sex, Curve>> = {
  male: [
    50, 54.5, 58.2, 61.2, 63.7, 67.5, 72, 75.8, 79.1, 82.2, 87.6, 92, 96, 103, 109.6, 116, 122, 127.8, 133.4,
    138.8, 144, 149.8, 156.6, 163.8, 169.6, 173.2, 175.2, 176.3, 177,
  ],
  female: [
    49.2, 53.6, 57, 59.8, 62.1, 65.7, 70.1, 74, 77.4, 80.6, 86.2, 90.8, 95, 102.2, 108.9, 115.3, 121.4, 127.2,
    132.8, 138.5, 144.6, 151.2, 156.8, 160, 161.7, 162.5, 163, 163.2, 163.3,
  ],
};

const WEIGHT: Readonly<Record<Sex, Curve>> = {
  male: [
    3.4, 4.4, 5.5, 6.3, 7, 7.9, 8.9, 9.7, 10.3, 10.9, 12.2, 13.3, 14.3, 16.3, 18.5, 20.8, 23.2, 25.8, 28.7,
    32, 35.9, 40.5, 45.8, 51.2, 56.5, 61, 64.7, 67.3, 70.6,
  ],
  female: [
    3.2, 4.2, 5.1, 5.8, 6.4, 7.3, 8.2, 8.9, 9.6, 10.2, 11.5, 12.7, 13.9, 15.9, 18, 20.2, 22.8, 25.8, 29.2, 33,
    37.2, 41.8, 45.9, 49.2, 52, 53.9, 55.2, 56.2, 58,
  ],
};

const HEAD: Readonly<Record<Sex, Curve>> = {
  male: [34.6, 37.3, 39.1, 40.5, 41.6, 43.3, 45, 46.1, 46.8, 47.4, 48.3, 48.9, 49.5],
  female: [34, 36.6, 38.3, 39.6, 40.6, 42.2, 43.8, 44.9, 45.7, 46.3, 47.2, 47.9, 48.5],
};

/** Spread of height and head, as a share of the median; power and spread of body mass. */
const HEIGHT_SPREAD = 0.04;
const HEAD_SPREAD = 0.028;
const MASS_POWER = -1.6;
const MASS_SPREAD: Curve = [0.09, 0.13];

type Sex = 'female' | 'male';

export interface Body {
  /** Centimeters; lying length before the second birthday. */
  readonly height: number;
  /** Kilograms. */
  readonly weight: number;
  /** Centimeters, up to three years. */
  readonly head?: number;
}

/** Percentiles of a child, in percent. */
export interface Percentiles {
  readonly mass?: number;
  readonly weightForLength?: number;
  readonly head?: number;
}

/** Cubic interpolation that keeps a rising curve rising (Fritsch and Carlson, https://doi.org/10.1137/0717021). */
export function along(curve: Curve, months: number): number {
  const last = curve.length - 1;
  if (months <= 0) return curve[0]!;
  if (months >= MONTHS[last]!) return curve[last]!;
  const index = MONTHS.findIndex((month) => month > months) - 1;
  const width = MONTHS[index + 1]! - MONTHS[index]!;
  const part = (months - MONTHS[index]!) / width;
  const [low, high] = [curve[index]!, curve[index + 1]!];
  const [rise, fall] = [tangent(curve, index) * width, tangent(curve, index + 1) * width];
  return (
    low * (1 + 2 * part) * (1 - part) ** 2 +
    rise * part * (1 - part) ** 2 +
    high * part ** 2 * (3 - 2 * part) +
    fall * part ** 2 * (part - 1)
  );
}

/** Slope at a node: the harmonic mean of the slopes beside it, and 0 at a turn. */
function tangent(curve: Curve, index: number): number {
  const slope = (from: number): number =>
    (curve[from + 1]! - curve[from]!) / (MONTHS[from + 1]! - MONTHS[from]!);
  const before = slope(Math.max(0, index - 1));
  const after = slope(Math.min(curve.length - 2, index));
  return before * after <= 0 ? 0 : (2 * before * after) / (before + after);
}

const monthsAt = (birth: Day, day: Day): number => ageAt(birth, day) * 12;

const massMedian = (sex: Sex, months: number): number =>
  along(WEIGHT[sex], months) / (along(HEIGHT[sex], months) / 100) ** 2;

const massSpread = (months: number): number =>
  MASS_SPREAD[0]! + (MASS_SPREAD[1]! - MASS_SPREAD[0]!) * Math.min(1, months / 216);

const massAt = (sex: Sex, months: number, z: number): number => {
  const spread = massSpread(months);
  return massMedian(sex, months) * Math.max(0.3, 1 + MASS_POWER * spread * z) ** (1 / MASS_POWER);
};

/** The child's channel on a day: its own level and a slow swing around it. */
function channel(life: Background, topic: string, day: Day): number {
  const rng = chanceOf(life, 'channel', topic);
  const level = rng.normal(0, 0.8);
  const [phase, years] = [rng.real(0, 2 * Math.PI), rng.real(5, 9)];
  return (
    Math.max(-2, Math.min(2, level)) +
    0.18 * Math.sin(phase + (2 * Math.PI * ageAt(life.person.birth, day)) / years)
  );
}

const height = (life: Background, day: Day): number => {
  const { sex, birth } = life.person;
  // The level alone: a swing in height could make a child shrink.
  const level = Math.max(-2.2, Math.min(2.2, chanceOf(life, 'channel', 'height').normal(0, 0.9)));
  const grown = along(HEIGHT[sex], monthsAt(birth, day)) * (1 + HEIGHT_SPREAD * level);
  return grown - Math.max(0, ageAt(birth, day) - 60) * 0.11;
};

/** Adults gain with the years; obesity adds to it, and the treatment of diabetes takes some away. */
function adultMass(life: Background, day: Day): number {
  const age = ageAt(life.person.birth, day);
  const has = (name: string): boolean =>
    life.courses.some((one) => one.problem === name && isActive(one, day));
  const level = chanceOf(life, 'mass').normal(0, 2.1);
  const lived =
    22.4 + 0.09 * Math.min(age - 20, 45) + level + (has('obesity') ? 8 + Math.max(0, 1.5 - level) : 0);
  const swing = 0.5 * Math.sin(chanceOf(life, 'mass', 'swing').real(0, 6) + age * 1.3);
  return Math.max(18, lived + swing - (has('diabetes') ? 1.2 : 0) - Math.max(0, age - 76) * 0.15);
}

/** Extra weight of a pregnancy, in kilograms. */
function carrying(life: Background, day: Day): number {
  const course = life.courses.find((one) => one.problem === 'pregnancy' && isActive(one, day));
  return course ? 12.5 * Math.min(1, Math.max(0, (day - course.onset - 30) / 235)) ** 1.3 : 0;
}

const ADULT = 20;

function mass(life: Background, day: Day): number {
  const { sex, birth } = life.person;
  const age = ageAt(birth, day);
  const child = massAt(sex, Math.min(240, age * 12), channel(life, 'mass', day));
  if (age <= 16) return child;
  const share = Math.min(1, (age - 16) / (ADULT - 16));
  return child * (1 - share) + adultMass(life, Math.max(day, birth + ADULT * 365)) * share;
}

/** What scale and tape show on the day. The noise is small and, for height, less than what is rounded away. */
export function bodyAt(life: Background, day: Day): Body {
  const rng = chanceOf(life, 'scale', day);
  const tall = height(life, day);
  const heavy = mass(life, day) * (tall / 100) ** 2 + carrying(life, day);
  const months = monthsAt(life.person.birth, day);
  const fine = months < 36;
  const newborn = months < 0.5 ? 0.97 : 1;
  const weight = rounded(heavy * newborn * rng.real(0.994, 1.006), fine ? 2 : 1);
  const head = along(HEAD[life.person.sex], months) * (1 + HEAD_SPREAD * channel(life, 'head', day));
  return { height: rounded(tall, 1), weight, ...(months <= 36 && { head: rounded(head, 1) }) };
}

/** Share of a standard normal below z, in percent, between 1 and 99 (Abramowitz and Stegun 26.2.18). */
export function percentile(z: number): number {
  const a = Math.abs(z);
  const tail = 0.5 / (1 + 0.196854 * a + 0.115194 * a ** 2 + 0.000344 * a ** 3 + 0.019527 * a ** 4) ** 4;
  return Math.max(1, Math.min(99, rounded(100 * (z < 0 ? tail : 1 - tail))));
}

const massZ = (sex: Sex, months: number, value: number): number =>
  ((value / massMedian(sex, months)) ** MASS_POWER - 1) / (MASS_POWER * massSpread(months));

/** Age in months at which the median child has this length. */
function monthsOfLength(sex: Sex, length: number): number {
  let [low, high] = [0, 60];
  while (high - low > 0.05) {
    const middle = (low + high) / 2;
    if (along(HEIGHT[sex], middle) < length) low = middle;
    else high = middle;
  }
  return low;
}

/** Percentiles of what was measured: BMI from two years on, weight for length and head before three. */
export function percentilesOf(life: Background, day: Day, body: Body): Percentiles {
  const { sex, birth } = life.person;
  const months = monthsAt(birth, day);
  if (months >= 24 && months < 240)
    return {
      mass: percentile(massZ(sex, months, body.weight / (body.height / 100) ** 2)),
      ...headOf(sex, months, body),
    };
  if (months >= 24) return {};
  const expected = along(WEIGHT[sex], monthsOfLength(sex, body.height));
  return { weightForLength: percentile((body.weight / expected - 1) / 0.1), ...headOf(sex, months, body) };
}

function headOf(sex: Sex, months: number, { head }: Body): Percentiles {
  return head === undefined || months > 36
    ? {}
    : { head: percentile((head / along(HEAD[sex], months) - 1) / HEAD_SPREAD) };
}
