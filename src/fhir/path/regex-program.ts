/** Regular expressions as a set of states: each character of the text is looked at once for each state. https://swtch.com/~rsc/regexp/regexp2.html */
import { fault } from '../model/outcome.ts';
import type { Regex } from './regex-syntax.ts';

type Instruction =
  | { readonly do: 'character'; readonly fits: RegExp }
  | { readonly do: 'assert'; readonly source: string }
  /** goes on at the first, and at the second if that does not lead to a match */
  | { readonly do: 'fork'; first: number; second: number }
  | { readonly do: 'jump'; to: number }
  | { readonly do: 'match' };

export type Program = readonly Instruction[];

const MOST_INSTRUCTIONS = 20_000;

/** Throws FhirError `too-costly` for a pattern that cannot be run this way: one that looks ahead or behind, or is too large when written out. */
export function compileProgram(regex: Regex, text: string): Program {
  const program: Instruction[] = [];
  emit(regex, program, text);
  program.push({ do: 'match' });
  return program;
}

function tooCostly(text: string): Error {
  return fault(
    'too-costly',
    `The regular expression "${text.slice(0, 100)}" could take too long on this text: write it without nested repetitions or look-around`,
  );
}

function emit(regex: Regex, program: Instruction[], text: string): void {
  if (program.length > MOST_INSTRUCTIONS) throw tooCostly(text);
  switch (regex.kind) {
    case 'empty':
      return;
    case 'character':
      program.push({ do: 'character', fits: regex.fits });
      return;
    case 'assertion':
      program.push({ do: 'assert', source: regex.source });
      return;
    case 'look':
      throw tooCostly(text);
    case 'group':
      return emit(regex.of, program, text);
    case 'sequence':
      for (const part of regex.parts) emit(part, program, text);
      return;
    case 'choice':
      return emitChoice(regex.parts, program, text);
    case 'repeat':
      return emitRepeat(regex, program, text);
  }
}

function emitChoice(parts: readonly Regex[], program: Instruction[], text: string): void {
  const ends: { do: 'jump'; to: number }[] = [];
  parts.forEach((part, i) => {
    if (i === parts.length - 1) return emit(part, program, text);
    const fork = { do: 'fork' as const, first: program.length + 1, second: 0 };
    program.push(fork);
    emit(part, program, text);
    const jump = { do: 'jump' as const, to: 0 };
    program.push(jump);
    ends.push(jump);
    fork.second = program.length;
  });
  for (const jump of ends) jump.to = program.length;
}

type Repeat = Extract<Regex, { kind: 'repeat' }>;

function emitRepeat({ of, min, max, lazy }: Repeat, program: Instruction[], text: string): void {
  for (let i = 0; i < min; i++) emit(of, program, text);
  if (max === Infinity) {
    const start = program.length;
    const fork = optional(program, lazy);
    emit(of, program, text);
    program.push({ do: 'jump', to: start });
    leave(fork, lazy, program.length);
    return;
  }
  const forks = [];
  for (let i = min; i < max; i++) {
    forks.push(optional(program, lazy));
    emit(of, program, text);
  }
  for (const fork of forks) leave(fork, lazy, program.length);
}

interface Fork {
  readonly do: 'fork';
  first: number;
  second: number;
}

function optional(program: Instruction[], lazy: boolean): Fork {
  const next = program.length + 1;
  const fork: Fork = lazy ? { do: 'fork', first: 0, second: next } : { do: 'fork', first: next, second: 0 };
  program.push(fork);
  return fork;
}

function leave(fork: Fork, lazy: boolean, to: number): void {
  if (lazy) fork.first = to;
  else fork.second = to;
}

interface Thread {
  readonly at: number;
  /** where its match begins */
  readonly start: number;
}

/** The first match from a place on, as its start and end; the one that backtracking would find. */
export function search(
  program: Program,
  text: string,
  from: number,
  spend: (steps: number) => void,
): readonly [start: number, end: number] | undefined {
  let threads: Thread[] = [];
  let found: readonly [number, number] | undefined;
  for (let at = from; ;) {
    const seen = new Set<number>();
    const next: Thread[] = [];
    const current: Thread[] = [];
    for (const thread of threads) follow(program, text, at, thread, current, seen);
    if (!found) follow(program, text, at, { at: 0, start: at }, current, seen);
    spend(1 + current.length);
    const letter = at < text.length ? String.fromCodePoint(text.codePointAt(at)!) : '';
    for (const thread of current) {
      const instruction = program[thread.at]!;
      if (instruction.do === 'match') {
        found = [thread.start, at];
        // The threads behind this one are less wanted.
        break;
      }
      if (instruction.do === 'character' && letter !== '' && instruction.fits.test(letter))
        next.push({ at: thread.at + 1, start: thread.start });
    }
    threads = next;
    if (letter === '' || (found && threads.length === 0)) return found;
    at += letter.length;
  }
}

/** Adds the threads that look at a character or match, in the order of preference. */
function follow(
  program: Program,
  text: string,
  at: number,
  thread: Thread,
  current: Thread[],
  seen: Set<number>,
): void {
  const open = [thread.at];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (seen.has(place)) continue;
    seen.add(place);
    const instruction = program[place]!;
    if (instruction.do === 'jump') open.push(instruction.to);
    else if (instruction.do === 'fork') open.push(instruction.second, instruction.first);
    else if (instruction.do !== 'assert') current.push({ at: place, start: thread.start });
    else if (holds(instruction.source, text, at)) open.push(place + 1);
  }
}

const isWord = (letter: string | undefined): boolean => letter !== undefined && /^\w$/.test(letter);

function holds(source: string, text: string, at: number): boolean {
  if (source === '^') return at === 0;
  if (source === '$') return at === text.length;
  const isEdge = isWord(text[at - 1]) !== isWord(text[at]);
  return source === '\\b' ? isEdge : !isEdge;
}
