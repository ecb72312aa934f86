/** Marks where two values differ, letter by letter, so that a stray slash is seen at once. */
import { html, type Html } from './html.ts';

interface Run {
  readonly text: string;
  readonly same: boolean;
}

/** Longer values are compared by their beginnings and ends only. */
const MOST = 600;

/** `shown` with the letters marked that `other` lacks. */
export function markDifference(shown: string, other: string): Html {
  return html`${runsOf(shown, other).map(({ text, same }) => (same ? text : html`<mark>${text}</mark>`))}`;
}

/** Runs of letters that a longest common subsequence holds, or does not. */
export function runsOf(shown: string, other: string): readonly Run[] {
  const start = commonStart(shown, other);
  const end = commonStart(reversed(shown.slice(start)), reversed(other.slice(start)));
  const middle = shown.slice(start, shown.length - end);
  const rest = other.slice(start, other.length - end);
  const held = middle.length > MOST || rest.length > MOST ? [] : subsequence(middle, rest);
  const kept = [
    ...new Array<boolean>(start).fill(true),
    ...Array.from(middle, (_, at) => held.includes(at)),
    ...new Array<boolean>(end).fill(true),
  ];
  return joinRuns(shown, kept);
}

function commonStart(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}

const reversed = (text: string): string => text.split('').reverse().join('');

/** Positions in `a` of a longest common subsequence with `b`. */
function subsequence(a: string, b: string): readonly number[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const [here, below] = [lengths[i]!, lengths[i + 1]!];
      here[j] = a[i] === b[j] ? below[j + 1]! + 1 : Math.max(below[j]!, here[j + 1]!);
    }
  }
  const positions: number[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) {
      positions.push(i);
      i++;
      j++;
    } else if (lengths[i + 1]![j]! >= lengths[i]![j + 1]!) i++;
    else j++;
  }
  return positions;
}

function joinRuns(text: string, kept: readonly boolean[]): readonly Run[] {
  const runs: { text: string; same: boolean }[] = [];
  for (let at = 0; at < text.length; at++) {
    const last = runs.at(-1);
    if (last?.same === kept[at]) last!.text += text[at]!;
    else runs.push({ text: text[at]!, same: kept[at]! });
  }
  return runs;
}
