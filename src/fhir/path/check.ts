/**
 * What the definitions show to be wrong before an expression is run: unknown elements, functions on what they cannot take, an order where there is none.
 * https://hl7.org/fhirpath/N1/#type-safety-and-strict-evaluation
 */
import type { Definitions } from '../definitions/registry.ts';
import { didYouMean } from '../model/near.ts';
import { FAULTS, FhirError, issue, type Issue } from '../model/outcome.ts';
import { isKindOf } from './children.ts';
import { STRINGS } from './functions/strings.ts';
import { kindOf } from './kinds.ts';
import type { Call, Path, TypeTest } from './syntax.ts';
import { isTruth } from './truths.ts';
import { resolveType } from './types.ts';

/** What a part of an expression can find. */
interface Shape {
  /** undefined: not known beforehand */
  readonly types: readonly string[] | undefined;
  readonly many: boolean;
  readonly ordered: boolean;
}

const UNKNOWN: Shape = { types: undefined, many: true, ordered: true };
const of = (...types: readonly string[]): Shape => ({ types, many: false, ordered: true });
const BOOLEAN = of('System.Boolean');

interface Checker {
  readonly definitions: Definitions;
  readonly text: string;
  readonly issues: Issue[];
}

/** Throws FhirError `invalid` with every fault that is found. `type`: what the expression will be run on; without it only types inside are known. */
export function checkPath(
  definitions: Definitions,
  path: Path,
  type: string | undefined,
  text: string,
): void {
  const checker: Checker = { definitions, text, issues: [] };
  shapeOf(checker, path, type === undefined ? UNKNOWN : of(type));
  if (checker.issues.length > 0) throw new FhirError(FAULTS.invalid[0], checker.issues);
}

function report({ issues, text }: Checker, what: string): void {
  issues.push(issue('invalid', `"${text.slice(0, 200)}": ${what}`));
}

function shapeOf(checker: Checker, path: Path, focus: Shape): Shape {
  switch (path.kind) {
    case 'this':
      return focus;
    case 'literal':
      return of(path.type);
    case 'empty':
      return of();
    case 'child':
      return childShape(checker, path, focus);
    case 'index': {
      const from = shapeOf(checker, path.of, focus);
      needOrder(checker, from, 'an index');
      shapeOf(checker, path.index, { ...focus, many: false });
      return { ...from, many: false };
    }
    case 'type':
      return typeShape(checker, path, focus);
    case 'binary': {
      const [left, right] = [path.left, path.right].map((side) => shapeOf(checker, side, focus));
      if (path.operator === '|') return union(left!, right!);
      return isTruth(path.operator) ? BOOLEAN : { types: undefined, many: false, ordered: true };
    }
    case 'polarity':
      return shapeOf(checker, path.of, focus);
    case 'call':
      return callShape(checker, path, focus);
    default:
      return UNKNOWN;
  }
}

function union(a: Shape, b: Shape): Shape {
  const types = a.types && b.types && [...new Set([...a.types, ...b.types])];
  const empty = [a, b].some((one) => one.types?.length === 0);
  return { types, many: !empty || a.many || b.many, ordered: a.ordered && b.ordered };
}

type Child = Extract<Path, { kind: 'child' }>;

function childShape(checker: Checker, path: Child, focus: Shape): Shape {
  const { definitions } = checker;
  const { name } = path;
  if (path.of.kind === 'this' && path.of.implicit && /^[A-Z]/.test(name) && definitions.type(name))
    return rootShape(checker, name, focus);
  const from = shapeOf(checker, path.of, focus);
  if (!from.types || from.types.some((type) => isOpen(definitions, type)))
    return { ...UNKNOWN, ordered: from.ordered };
  const elements = from.types.flatMap(
    (type) => definitions.type(type)?.elements.find((one) => one.name === name) ?? [],
  );
  if (elements.length === 0 && from.types.length > 0) {
    report(checker, unknownElement(definitions, from.types, name));
    return UNKNOWN;
  }
  const many = from.many || elements.some((element) => element.max > 1);
  return { types: [...new Set(elements.flatMap(({ types }) => types))], many, ordered: from.ordered };
}

/** Types whose elements are only known when the type is: an inline resource, and what expressions make. */
const isOpen = (definitions: Definitions, type: string): boolean =>
  type.startsWith('System.') || definitions.type(type)?.abstract !== false;

function unknownElement(definitions: Definitions, types: readonly string[], name: string): string {
  const shown = types.slice(0, 3).join(' or ');
  const choice = types
    .map((type) => definitions.property(type, name))
    .find((one) => one?.element.choice === true);
  if (choice) return `${shown} has no element "${name}": write ${choice.element.name}.ofType(${choice.type})`;
  const known = types.flatMap((type) => definitions.type(type)?.elements.map((one) => one.name) ?? []);
  return `${shown} has no element "${name.slice(0, 64)}".${didYouMean(name, known)}`;
}

function rootShape(checker: Checker, name: string, focus: Shape): Shape {
  const { definitions } = checker;
  if (!focus.types) return { ...focus, types: [name] };
  const fits = focus.types.filter(
    (type) => isKindOf(definitions, type, name) || isKindOf(definitions, name, type),
  );
  if (fits.length === 0 && focus.types.length > 0)
    report(checker, `it begins with ${name}, but is run on ${focus.types.slice(0, 3).join(' or ')}`);
  return { ...focus, types: fits.map((type) => (isKindOf(definitions, type, name) ? type : name)) };
}

function typeShape(checker: Checker, path: TypeTest, focus: Shape): Shape {
  const from = shapeOf(checker, path.of, focus);
  const wanted = resolveType(checker.definitions, path.type);
  return path.operator === 'is' ? BOOLEAN : { ...from, types: [wanted] };
}

function needOrder(checker: Checker, { ordered }: Shape, what: string): void {
  if (!ordered) report(checker, `${what} needs an order, and children() and descendants() have none`);
}

/** Functions whose arguments are run on each item. */
const LAMBDAS: ReadonlySet<string> = new Set(
  'where select exists all repeat repeatAll iif aggregate sort trace defineVariable'.split(' '),
);
const KEEPS: ReadonlySet<string> = new Set(
  'where single first last tail skip take distinct intersect exclude trace sort defineVariable'.split(' '),
);
const ONE: ReadonlySet<string> = new Set(['single', 'first', 'last']);
const ORDER: ReadonlySet<string> = new Set(['first', 'last', 'tail', 'skip', 'take']);
const TRUTHS: ReadonlySet<string> = new Set(
  `empty not exists all allTrue anyTrue allFalse anyFalse subsetOf supersetOf isDistinct hasValue startsWith endsWith contains matches matchesFull
   memberOf conformsTo subsumes subsumedBy htmlChecks comparable`.split(/\s+/),
);
/** Functions on strings that take anything else as well, or more than one. */
const NOT_TEXT: ReadonlySet<string> = new Set(['join', 'length']);

function callShape(checker: Checker, path: Call, focus: Shape): Shape {
  const from = shapeOf(checker, path.of, focus);
  const { name } = path;
  if (ORDER.has(name)) needOrder(checker, from, `${name}()`);
  if (Object.hasOwn(STRINGS, name) && !NOT_TEXT.has(name)) needText(checker, from, name);
  const inside = LAMBDAS.has(name) ? { ...from, many: false } : focus;
  const args = path.args.map((arg) => shapeOf(checker, arg, inside));
  if (name === 'iif') return iifShape(checker, args);
  if (KEEPS.has(name)) return ONE.has(name) ? { ...from, many: false } : from;
  if (TRUTHS.has(name) || name.startsWith('convertsTo')) return BOOLEAN;
  return made(name, from, args);
}

function made(name: string, from: Shape, args: readonly Shape[]): Shape {
  switch (name) {
    case 'select':
      return { ...args[0]!, many: from.many || args[0]!.many, ordered: from.ordered && args[0]!.ordered };
    case 'union':
    case 'combine':
      return union(from, args[0]!);
    case 'children':
    case 'descendants':
      return { types: undefined, many: true, ordered: false };
    case 'extension':
      return { types: ['Extension'], many: true, ordered: true };
    case 'count':
    case 'length':
      return of('System.Integer');
    default:
      return UNKNOWN;
  }
}

function needText(checker: Checker, { types }: Shape, name: string): void {
  if (!types || types.length === 0) return;
  const fits = types.some((type) => kindOf(type) === 'String' || isOpen(checker.definitions, type));
  const isText = types.some((type) => type === 'System.String' || !type.startsWith('System.'));
  if (!fits || !isText) report(checker, `${name}() takes a string, not ${types.slice(0, 3).join(' or ')}`);
}

function iifShape(checker: Checker, [criterion, ...results]: readonly Shape[]): Shape {
  const types = criterion?.types;
  if (types && types.length > 0 && !types.some((type) => kindOf(type) === 'Boolean'))
    report(checker, `iif() takes a truth first, not ${types.slice(0, 3).join(' or ')}`);
  const known = results.flatMap((one) => one.types ?? []);
  return {
    types: results.every((one) => one.types) ? known : undefined,
    many: results.some((one) => one.many),
    ordered: true,
  };
}
