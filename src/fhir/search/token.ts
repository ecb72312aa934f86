/**
 * Token parameters: codes, identifiers, booleans. The one place that knows how a token is written as a key. Case counts.
 * https://hl7.org/fhir/R4/search.html#token
 *
 * key            found by
 * system⇥code    `system|code`
 * *⇥code         `code`
 * system⇥        `system|`
 * ⇥code          `|code`: no system
 *
 * A parameter that only ever holds primitives (`status`, `active`) keeps one key a value, `*⇥code`: the system of a code is that of its
 * binding, known before any resource is met.
 */
import { fault } from '../model/outcome.ts';
import { isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/engine.ts';
import { staticTypes } from '../path/static.ts';
import type { Add } from './add.ts';
import { bindingSystems } from './binding.ts';
import { splitEscaped, unescape } from './escape.ts';
import { not, or, type Expression } from './expression.ts';
import { perParameter } from './per-parameter.ts';
import { addText, fold } from './string.ts';

const TAB = '\t';
/** Prefix of the keys by which tokens are sorted: the code alone. */
export const ANY_SYSTEM = `*${TAB}`;

/** The parameter under which the texts of a token stand, for `:text`. */
export const textParam = (param: string): string => `${param}:text`;

/** The parameter under which identifiers stand with their type, for `:of-type`: system⇥code⇥value. */
export const ofTypeParam = (param: string): string => `${param}:of-type`;

/** What a token parameter holds in one type of resource. */
export interface TokenShape {
  /** only primitives: one key a value */
  readonly primitive: boolean;
  /** only booleans */
  readonly boolean: boolean;
  /** systems that the codes of a primitive parameter are from, each with its codes where they are listed */
  readonly systems: ReadonlyMap<string, ReadonlySet<string> | undefined>;
}

const BOOLEAN_SYSTEM = 'http://terminology.hl7.org/CodeSystem/special-values';
const CODED: TokenShape = { primitive: false, boolean: false, systems: new Map() };

export const tokenShape = perParameter((definitions, parameter, type): TokenShape => {
  const types = staticTypes(definitions, parameter.expression ?? '', type);
  if (!types || types.length === 0) return CODED;
  if (types.some((one) => definitions.type(one.type)?.kind !== 'primitive-type')) return CODED;
  const boolean = types.every((one) => one.type === 'boolean');
  const bound = types.flatMap(({ element }) => (element ? [...bindingSystems(definitions, element)] : []));
  return { primitive: true, boolean, systems: new Map(boolean ? [[BOOLEAN_SYSTEM, undefined]] : bound) };
});

/** Index values of a node of a parameter that may hold more than primitives. */
export function indexToken(param: string, { value, type }: PathNode, add: Add): void {
  if (isObject(value)) indexObject(param, value, type, add);
  else addKeys(param, undefined, value, add);
}

/** The one index value of a node of a parameter that holds only primitives. */
export function indexPrimitive(param: string, { value }: PathNode, add: Add): void {
  if (!isObject(value)) add({ kind: 'key', param, key: ANY_SYSTEM + String(value) });
}

function indexObject(param: string, value: JsonObject, type: string, add: Add): void {
  switch (type) {
    case 'CodeableConcept':
      if (Array.isArray(value['coding'])) for (const coding of value['coding']) addCoding(param, coding, add);
      return addText(textParam(param), value['text'], add);
    case 'Coding':
      return addCoding(param, value, add);
    case 'Identifier':
      addKeys(param, value['system'], value['value'], add);
      addTypes(param, value, add);
      return addText(textParam(param), isObject(value['type']) ? value['type']['text'] : undefined, add);
    case 'ContactPoint':
      return addKeys(param, undefined, value['value'], add);
    default:
  }
}

/** An identifier under each coding of its type. */
function addTypes(param: string, { type, value }: JsonObject, add: Add): void {
  if (typeof value !== 'string' || !isObject(type) || !Array.isArray(type['coding'])) return;
  for (const coding of type['coding']) {
    if (!isObject(coding)) continue;
    const { system, code } = coding;
    if (typeof system === 'string' && typeof code === 'string')
      add({ kind: 'key', param: ofTypeParam(param), key: [system, code, value].join(TAB) });
  }
}

function addCoding(param: string, coding: JsonValue, add: Add): void {
  if (!isObject(coding)) return;
  addKeys(param, coding['system'], coding['code'], add);
  addText(textParam(param), coding['display'], add);
}

function addKeys(param: string, system: JsonValue | undefined, code: JsonValue | undefined, add: Add): void {
  const hasSystem = typeof system === 'string' && system !== '';
  if (code !== undefined && code !== null && code !== '' && !isObject(code)) {
    add({ kind: 'key', param, key: `${hasSystem ? system : ''}${TAB}${String(code)}` });
    add({ kind: 'key', param, key: ANY_SYSTEM + String(code) });
  }
  if (hasSystem) add({ kind: 'key', param, key: system + TAB });
}

/** A search value: `code`, `|code` (system ''), `system|` (code '') or `system|code`. Throws FhirError `value` for anything else. */
function parseToken(param: string, text: string): { readonly system?: string; readonly code: string } {
  const parts = splitEscaped(text, '|');
  const [first = '', second] = parts;
  if (parts.length > 2 || parts.every((part) => part === '')) {
    throw fault(
      'value',
      `"${text.slice(0, 100)}" of ${param} is not a token: write code, system|code, |code or system|`,
      param,
    );
  }
  return second === undefined ? { code: first } : { system: first, code: second };
}

/** The key of a search value where tokens keep all their keys. */
export function tokenKey(param: string, text: string): string {
  const { system, code } = parseToken(param, text);
  return system === undefined ? ANY_SYSTEM + code : system + TAB + code;
}

/** `:of-type`: `type system|type code|value` of an identifier. */
export function ofTypeExpression(param: string, values: readonly string[]): Expression {
  const keys = values.map((one) => {
    const parts = splitEscaped(one, '|');
    if (parts.length === 3 && !parts.includes('')) return parts.join(TAB);
    const text = `"${one.slice(0, 100)}" of ${param}:of-type is not system|code|value`;
    throw fault('value', text, `${param}:of-type`);
  });
  return { op: 'key', param: ofTypeParam(param), keys };
}

/** Any of a list of codes. */
export function codesExpression(
  param: string,
  shape: TokenShape,
  codes: readonly { readonly system: string; readonly code: string }[],
): Expression {
  const keys = shape.primitive
    ? codes.filter(({ system }) => shape.systems.has(system)).map(({ code }) => ANY_SYSTEM + code)
    : codes.map(({ system, code }) => system + TAB + code);
  return keys.length > 0 ? { op: 'key', param, keys: [...new Set(keys)] } : { op: 'none' };
}

/** The predicate of one parameter, its values alternatives. `modifier` is undefined, `not` or `text`. */
export function tokenExpression(
  param: string,
  shape: TokenShape,
  modifier: string | undefined,
  values: readonly string[],
): Expression {
  if (modifier === 'text') return or(...values.map((one) => textExpression(param, one)));
  const found = shape.primitive
    ? or(...values.map((one) => primitiveExpression(param, shape, one)))
    : undefined;
  const expression = found ?? { op: 'key', param, keys: values.map((one) => tokenKey(param, one)) };
  return modifier === 'not' ? not(joined(expression)) : joined(expression);
}

function textExpression(param: string, value: string): Expression {
  const text = fold(unescape(value));
  if (text === '') throw fault('value', `${param}:text has nothing to search for`, `${param}:text`);
  return { op: 'text', param: textParam(param), test: 'starts', value: text };
}

function primitiveExpression(param: string, shape: TokenShape, text: string): Expression {
  const { system, code } = parseToken(param, text);
  if (shape.boolean && code !== 'true' && code !== 'false') {
    throw fault('value', `"${text.slice(0, 60)}" of ${param} is not a boolean: write true or false`, param);
  }
  if (system !== undefined && system !== '') {
    const codes = shape.systems.get(system);
    if (!shape.systems.has(system) || (codes && code !== '' && !codes.has(code))) return { op: 'none' };
    if (code === '') return { op: 'present', param, kind: 'key' };
  }
  return { op: 'key', param, keys: [ANY_SYSTEM + code] };
}

/** Alternatives of one parameter as one leaf, which stores answer with one look-up. */
function joined(expression: Expression): Expression {
  if (expression.op !== 'or') return expression;
  const keys = expression.of.flatMap((one) => (one.op === 'key' ? one.keys : []));
  const param = expression.of.flatMap((one) => (one.op === 'key' ? [one.param] : []))[0];
  const others = expression.of.filter((one) => one.op !== 'key');
  return param === undefined ? expression : or({ op: 'key', param, keys: [...new Set(keys)] }, ...others);
}
