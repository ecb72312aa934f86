/**
 * Where in the JSON text that was sent the element of an issue stands: line and column, from 1. The text is gone through once, and only when there is an issue.
 * https://hl7.org/fhir/extensions/StructureDefinition-operationoutcome-issue-line.html
 */
import type { Issue } from './outcome.ts';

/** An element that is looked for, with those below it. */
interface Wanted {
  readonly below: Map<string, Wanted>;
  /** where its value begins, once it was met */
  at?: number;
}

/** Issues with the places of their first expression. `root` is where the resource stands in the text: empty, or `Bundle.entry[2].resource`. */
export function withPlaces(text: string, issues: readonly Issue[], root = ''): readonly Issue[] {
  if (issues.every(({ expression }) => !expression?.[0])) return issues;
  const top: Wanted = { below: new Map() };
  const looked = issues.map((issue) => waysOf(issue, root).reduce(step, [top]));
  find(text, top);
  const placeOf = lineIndex(text);
  return issues.map((issue, i) => {
    // Of what is not there, the nearest around it that is.
    const at = looked[i]!.findLast((one) => one.at !== undefined)?.at;
    return at === undefined || issue.expression === undefined ? issue : { ...issue, place: placeOf(at) };
  });
}

/** `Patient.name[0].value.ofType(Quantity)` -> name, 0, value */
function waysOf({ expression: [first] = [] }: Issue, root: string): readonly string[] {
  if (first === undefined) return [];
  const inside = first.replace(/^[A-Za-z]+(?:\.|$)/, '');
  const whole = root === '' ? inside : `${root.replace(/^[A-Za-z]+\./, '')}.${inside}`;
  return whole
    .replace(/\.ofType\([^)]*\)/g, '')
    .split(/[.[\]]+/)
    .filter((one) => one !== '');
}

function step(way: Wanted[], name: string): Wanted[] {
  const { below } = way.at(-1)!;
  let next = below.get(name);
  if (!next) below.set(name, (next = { below: new Map() }));
  return [...way, next];
}

const STRING = /"(?:[^"\\]|\\[\s\S])*"/y;
const GAP = /[\s,:]*/y;
const SCALAR = /[^\s,\]}]*/y;
const SIGN = /"(?:[^"\\]|\\[\s\S])*"|[{}[\]]/g;

function find(text: string, top: Wanted): void {
  value(text, matched(GAP, text, text.charCodeAt(0) === 0xfeff ? 1 : 0), top);
}

function matched(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  pattern.test(text);
  return Math.max(pattern.lastIndex, at);
}

/** Goes over the value at `at`, noting what is wanted; gives where it ends. The text was parsed before: it is JSON, and not too deep. */
function value(text: string, at: number, wanted: Wanted): number {
  wanted.at ??= at;
  if (wanted.below.size === 0) return skipped(text, at);
  const open = text[at];
  if (open !== '{' && open !== '[') return skipped(text, at);
  let next = matched(GAP, text, at + 1);
  for (let index = 0; next < text.length && text[next] !== '}' && text[next] !== ']'; index++) {
    let name = String(index);
    if (open === '{') {
      const end = matched(STRING, text, next);
      name = text.slice(next + 1, end - 1);
      next = matched(GAP, text, end);
    }
    const one = open === '{' ? named(wanted, name) : wanted.below.get(name);
    next = matched(GAP, text, one ? value(text, next, one) : skipped(text, next));
  }
  return next + 1;
}

/** By its name, the one of a primitive's sibling, or the one of a choice: `valueQuantity` is `value`. */
function named({ below }: Wanted, name: string): Wanted | undefined {
  const found = below.get(name) ?? (name.startsWith('_') ? below.get(name.slice(1)) : undefined);
  if (found) return found;
  for (const [stem, one] of below)
    if (name.startsWith(stem) && /^[A-Z]/.test(name.slice(stem.length))) return one;
  return undefined;
}

function skipped(text: string, at: number): number {
  if (text[at] === '"') return matched(STRING, text, at);
  if (text[at] !== '{' && text[at] !== '[') return Math.max(matched(SCALAR, text, at), at + 1);
  let depth = 0;
  SIGN.lastIndex = at;
  for (let found = SIGN.exec(text); found; found = SIGN.exec(text)) {
    const [sign] = found;
    if (sign === '{' || sign === '[') depth++;
    else if (sign === '}' || sign === ']') depth--;
    if (depth === 0) return SIGN.lastIndex;
  }
  return text.length;
}

function lineIndex(text: string): (at: number) => { readonly line: number; readonly column: number } {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (at) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - starts[low]! + 1 };
  };
}
