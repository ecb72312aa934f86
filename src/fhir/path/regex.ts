/**
 * Regular expressions that cannot explode. The pattern is read here; where the work of backtracking is bounded by its shape and the length of the text, the
 * engine of JavaScript runs it, else it is run as a set of states, in time linear in the text. https://hl7.org/fhirpath/N1/#matchesregex-string-boolean
 */
import { fault } from '../model/outcome.ts';
import { isBounded } from './regex-cost.ts';
import { compileProgram, search, type Program } from './regex-program.ts';
import { parseRegex, sourceOf, type Regex } from './regex-syntax.ts';

export interface Pattern {
  test(text: string, spend: (steps: number) => void): boolean;
  /** each match replaced; `$1` and `${name}` stand for groups where the pattern can be run by backtracking */
  replace(text: string, by: string, spend: (steps: number) => void): string;
}

const MOST_KEPT = 500;
const MOST_LENGTH = 5000;
const kept = new Map<string, Pattern>();

/** Throws FhirError `invalid` for what is no regular expression, or one that needs what is not allowed. */
export function compilePattern(pattern: string, whole: boolean): Pattern {
  const key = `${whole ? '=' : '~'}${pattern}`;
  let compiled = kept.get(key);
  if (!compiled) {
    if (pattern.length > MOST_LENGTH)
      throw fault('invalid', `The regular expression is longer than ${MOST_LENGTH} characters`);
    compiled = patternOf(parseRegex(whole ? `^(?:${pattern})$` : pattern), pattern);
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(key, compiled);
  }
  return compiled;
}

function patternOf(regex: Regex, text: string): Pattern {
  const native = new RegExp(sourceOf(regex), 'su');
  const everywhere = new RegExp(native.source, 'gsu');
  let program: Program | undefined;
  const states = (): Program => (program ??= compileProgram(regex, text));
  return {
    test: (input, spend) => {
      spend(1 + Math.floor(input.length / 16));
      return isBounded(regex, input.length)
        ? native.test(input)
        : search(states(), input, 0, spend) !== undefined;
    },
    replace: (input, by, spend) => {
      spend(1 + Math.floor(input.length / 16));
      return isBounded(regex, input.length)
        ? input.replace(everywhere, by)
        : replaceAll(states(), input, by, spend);
    },
  };
}

function replaceAll(program: Program, input: string, by: string, spend: (steps: number) => void): string {
  if (/\$[\d<{&]/.test(by))
    throw fault('too-costly', 'This regular expression is too costly for a substitution with groups');
  let [result, at] = ['', 0];
  while (at <= input.length) {
    const found = search(program, input, at, spend);
    if (!found) break;
    const [start, end] = found;
    result += input.slice(at, start) + by;
    // An empty match moves on by one character.
    if (end === start) result += input.slice(end, end + 1);
    at = end === start ? end + 1 : end;
  }
  return result + input.slice(at);
}
