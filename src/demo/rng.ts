/**
 * Streams of chance that depend only on their keys, and the ids made from keys: the same seed gives the same record on every machine.
 * The generator is sfc32 (https://pracrand.sourceforge.net/RNG_engines.txt), seeded by a hash of the keys.
 */

export type Key = string | number;

// Fetched once: each stream stirs thousands of words.
const { imul, floor } = Math;

/** One stream of chance. Streams with other keys are independent, so that a new draw in one topic moves nothing in another. */
export interface Rng {
  /** A real number from 0 up to, not including, 1. */
  readonly next: () => number;
  /** A real number between two bounds. */
  readonly real: (low: number, high: number) => number;
  /** A whole number between two bounds, both included. */
  readonly int: (low: number, high: number) => number;
  /** True with the given probability. */
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(list: readonly T[]) => T;
  /** One of the pairs' values, in proportion to the weights. */
  readonly weighted: <T>(pairs: readonly (readonly [T, number])[]) => T;
  /** A normal deviate; cut off at three standard deviations, for no one is a one-in-a-million outlier in a demo. */
  readonly normal: (mean: number, deviation: number) => number;
}

type Words = readonly [number, number, number, number];

/** Mixes a text to 128 bits: four multiplicative hashes with odd constants that stir each other. */
function hash(text: string): Words {
  let a = 0x9e3779b9;
  let b = 0x7f4a7c15;
  let c = 0x85ebca6b;
  let d = 0xc2b2ae35;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    a = b ^ imul(a ^ unit, 0x2c1b3c6d);
    b = c ^ imul(b ^ unit, 0x297a2d39);
    c = d ^ imul(c ^ unit, 0x1b56c4e9);
    d = a ^ imul(d ^ unit, 0x6c62272f);
  }
  const stir = (x: number, y: number): number => {
    const once = imul(x ^ (x >>> 16) ^ y, 0x7feb352d);
    const twice = imul(once ^ (once >>> 15), 0x846ca68b);
    return (twice ^ (twice >>> 16)) >>> 0;
  };
  return [stir(a, d), stir(b, a), stir(c, b), stir(d, c)];
}

const textOf = (keys: readonly Key[]): string => keys.join('\u001f');

/** The stream of chance that belongs to the keys. */
export function rngOf(...keys: readonly Key[]): Rng {
  let [a, b, c, count] = hash(textOf(keys));
  const next = (): number => {
    const sum = (a + b + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 0x1_0000_0000;
  };
  for (let turn = 0; turn < 12; turn++) next();
  return distributions(next);
}

function distributions(next: () => number): Rng {
  const real = (low: number, high: number): number => low + (high - low) * next();
  const int = (low: number, high: number): number => low + floor((high - low + 1) * next());
  const pick = <T>(list: readonly T[]): T => list[floor(next() * list.length)]!;
  const weighted = <T>(pairs: readonly (readonly [T, number])[]): T => {
    let left = next() * pairs.reduce((sum, [, weight]) => sum + weight, 0);
    return (pairs.find(([, weight]) => (left -= weight) < 0) ?? pairs[pairs.length - 1]!)[0];
  };
  // Irwin and Hall: the sum of twelve uniform numbers is nearly normal, and needs neither logarithm nor cosine.
  const normal = (mean: number, deviation: number): number => {
    let sum = -6;
    for (let draw = 0; draw < 12; draw++) sum += next();
    return mean + deviation * Math.max(-3, Math.min(3, sum));
  };
  return { next, real, int, pick, weighted, normal, chance: (probability) => next() < probability };
}

/** An id in the form of a UUID of version 8 (https://www.rfc-editor.org/rfc/rfc9562#section-5.8), made from the keys alone. */
export function idOf(...keys: readonly Key[]): string {
  const hex = hash(textOf(keys)).map((word) => word.toString(16).padStart(8, '0'));
  const all = hex.join('');
  const variant = ((parseInt(all[16]!, 16) & 0x3) | 0x8).toString(16);
  return [
    all.slice(0, 8),
    all.slice(8, 12),
    `8${all.slice(13, 16)}`,
    variant + all.slice(17, 20),
    all.slice(20),
  ].join('-');
}
