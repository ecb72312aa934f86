/**
 * Units of UCUM: their dimension and their factor to the base units. The one file that knows the library.
 * https://ucum.org/ucum, docs/adr/0020
 */
import * as library from '@atomic-ehr/ucum';
import { keepNumber } from '../model/json.ts';
import { exactOf, parseExact, type Exact } from './exact.ts';

/** The part of the library that is used here: the types that it ships cannot be resolved by Node's rules. */
interface Library {
  readonly ucum: {
    validate(unit: string): { readonly valid: boolean };
    convert(value: number, from: string, to: string): number;
    isArbitraryUnit(unit: string): boolean;
  };
  readonly parseUnit: (unit: string) => { readonly ast?: Ast };
  readonly toCanonicalForm: (unit: string) => {
    readonly magnitude: number;
    readonly dimension: Readonly<Record<string, number>>;
    readonly specialFunction?: object;
  };
}

type Ast =
  | { readonly type: 'binary'; readonly operator: '.' | '/'; readonly left: Ast; readonly right: Ast }
  | { readonly type: 'unary'; readonly operand: Ast }
  | { readonly type: 'unit'; readonly atom: string; readonly exponent?: number }
  | { readonly type: 'factor' }
  | { readonly type: 'group'; readonly expression: Ast };

const { ucum, parseUnit, toCanonicalForm } = library as unknown as Library;

export interface Unit {
  readonly code: string;
  /** equal for units that can be compared: `L-3.M1`; arbitrary units such as [iU] are dimensions of their own */
  readonly dimension: string;
  /** one of the unit in base units */
  readonly factor: Exact;
  /** has no proportional scale: degree Celsius, pH */
  readonly isSpecial: boolean;
}

const MOST_LENGTH = 200;
/** A code of UCUM has no other characters, not even in annotations. */
const ASCII = /^[!-~]+$/;
const MOST_KEPT = 2000;
/** Significant digits of a factor that are kept: the library computes with doubles. */
const FACTOR_DIGITS = 14;

const kept = new Map<string, Unit | undefined>();

/** Undefined for a code that is not UCUM. */
export function unitOf(code: string): Unit | undefined {
  if (kept.has(code)) return kept.get(code);
  const unit = code.length > MOST_LENGTH || !ASCII.test(code) ? undefined : readUnit(code);
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(code, unit);
  return unit;
}

function readUnit(code: string): Unit | undefined {
  // The library does not take an annotation behind a power of ten, `10*3{rbc}`. Annotations mean nothing.
  for (const text of [code, code.replace(/(?<=[^./(])\{[^{}]*\}/g, '')]) {
    try {
      if (ucum.validate(text).valid) return canonical(code, text);
    } catch {
      // not a unit
    }
  }
  return undefined;
}

function canonical(code: string, text: string): Unit | undefined {
  const { magnitude, dimension, specialFunction } = toCanonicalForm(text);
  const factor = parseExact(magnitude.toPrecision(FACTOR_DIGITS));
  if (!factor) return undefined;
  const powers = new Map<string, number>(Object.entries(dimension));
  addArbitrary(parseUnit(text).ast, 1, powers);
  const parts = [...powers].filter(([, power]) => power !== 0).map(([name, power]) => `${name}${power}`);
  return { code, dimension: parts.sort().join('.'), factor, isSpecial: specialFunction !== undefined };
}

/** The library counts arbitrary units as 1, but 1 [iU] is not 1. https://ucum.org/ucum#section-Arbitrary-Units */
function addArbitrary(ast: Ast | undefined, sign: number, powers: Map<string, number>): void {
  if (ast?.type === 'binary') {
    addArbitrary(ast.left, sign, powers);
    addArbitrary(ast.right, ast.operator === '/' ? -sign : sign, powers);
  } else if (ast?.type === 'unary') addArbitrary(ast.operand, -sign, powers);
  else if (ast?.type === 'group') addArbitrary(ast.expression, sign, powers);
  else if (ast?.type === 'unit' && ucum.isArbitraryUnit(ast.atom)) {
    powers.set(ast.atom, (powers.get(ast.atom) ?? 0) + sign * (ast.exponent ?? 1));
  }
}

/** A number in a special unit, in another unit of its dimension, with floating point. */
export function convertSpecial(value: Exact, from: string, to: string): Exact | undefined {
  try {
    const converted = ucum.convert(Number(value.digits) / 10 ** value.scale, from, to);
    const number = keepNumber(String(Number(converted.toPrecision(FACTOR_DIGITS))));
    return number === undefined ? undefined : exactOf(number);
  } catch {
    return undefined;
  }
}
