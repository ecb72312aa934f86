/** How much work backtracking over a regular expression can be at worst, told from its shape. https://en.wikipedia.org/wiki/ReDoS */
import type { Regex } from './regex-syntax.ts';

const MOST_WORK = 200_000;

/** Whether JavaScript's own engine answers for a text of a length within bounds. */
export function isBounded(regex: Regex, length: number): boolean {
  return (length + 1) * ways(regex, length) <= MOST_WORK;
}

/** In how many ways the pattern can match from one place of a text, at most. */
function ways(regex: Regex, length: number): number {
  switch (regex.kind) {
    case 'empty':
    case 'character':
    case 'assertion':
      return 1;
    case 'group':
      return ways(regex.of, length);
    case 'look':
      return 1 + ways(regex.of, length);
    case 'sequence':
      return regex.parts.reduce((product, part) => product * ways(part, length), 1);
    case 'choice':
      return regex.parts.reduce((sum, part) => sum + ways(part, length), 0);
    case 'repeat': {
      const { of, min, max } = regex;
      const inner = ways(of, length);
      const most = Math.min(max, length + 1);
      // Of something that matches in one way only the number of repetitions can differ.
      return inner === 1
        ? Math.max(1, most - min + 1)
        : inner ** Math.min(most, 64) * Math.max(1, most - min + 1);
    }
  }
}
