// Work that needs no server: ours and another library's on the same input in the same process, in turn, by CPU time.

import { spreadOf, type Spread } from './statistics.ts';

export type InProcess = {
  readonly name: string;
  readonly title: string;
  /** What one call of a side does so many of. */
  readonly units: number;
  readonly floor: () => void;
  readonly own: () => void;
};

export type InProcessFigure = {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  /** Units for each CPU second. */
  readonly floor: Spread;
  readonly own: Spread;
  readonly ratio: Spread;
};

/** Units for each CPU second, of as many calls as take so long; at least one. */
function rateOf(units: number, seconds: number, call: () => void): number {
  const before = process.cpuUsage();
  let calls = 0;
  for (;;) {
    call();
    calls++;
    const { user, system } = process.cpuUsage(before);
    const used = (user + system) / 1e6;
    if (used >= seconds) return (calls * units) / used;
  }
}

/** Both sides are warmed up, then measured by turns. */
export function measureInProcess(
  work: InProcess,
  unit: string,
  pairs: number,
  seconds: number,
): InProcessFigure {
  const { name, title, units, floor, own } = work;
  for (const side of [floor, own]) rateOf(units, seconds / 2, side);
  const rates = Array.from({ length: pairs }, () => ({
    floor: rateOf(units, seconds, floor),
    own: rateOf(units, seconds, own),
  }));
  return {
    name,
    title,
    unit,
    floor: spreadOf(rates.map((pair) => pair.floor)),
    own: spreadOf(rates.map((pair) => pair.own)),
    ratio: spreadOf(rates.map((pair) => pair.own / pair.floor)),
  };
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

export function inProcessRow({ title, unit, own, floor, ratio }: InProcessFigure): string {
  const spread = `${ratio.least.toFixed(1)}-${ratio.most.toFixed(1)}`;
  return `${title}: ${whole(own.median)} ${unit} a CPU second, ${whole(floor.median)} there: ${ratio.median.toFixed(1)} times (${spread})`;
}
