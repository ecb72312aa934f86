/** String parameters: folded for comparison, kept as written for `:exact`. https://hl7.org/fhir/R4/search.html#string */
import { isObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/engine.ts';
import { unescape } from './escape.ts';
import type { Expression } from './expression.ts';
import type { IndexValue } from './index-value.ts';

const MARKS = /\p{Mark}+/gu;
// eslint-disable-next-line no-control-regex
const PLAIN = /^[\x21-\x7e]*$/;

/** Case, accents and runs of white space do not count. */
export function fold(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  return text.normalize('NFD').replace(MARKS, '').toLowerCase().replace(/\s+/g, ' ').trim();
}

/** The parts of the two data types that are searched part by part. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  HumanName: ['text', 'family', 'given', 'prefix', 'suffix'],
  Address: ['text', 'line', 'city', 'district', 'state', 'postalCode', 'country'],
};

export function indexString(
  param: string,
  { value, type }: PathNode,
  add: (value: IndexValue) => void,
): void {
  if (!isObject(value)) return addText(param, value, add);
  for (const part of PARTS[type] ?? []) {
    const own = value[part];
    if (Array.isArray(own)) for (const one of own) addText(param, one, add);
    else addText(param, own, add);
  }
}

function addText(param: string, value: JsonValue | undefined, add: (value: IndexValue) => void): void {
  if (typeof value === 'string' && value !== '')
    add({ kind: 'text', param, text: fold(value), exact: value });
}

export function stringExpression(param: string, modifier: string | undefined, value: string): Expression {
  const text = unescape(value);
  if (modifier === 'exact') return { op: 'text', param, test: 'exact', value: text };
  return { op: 'text', param, test: modifier === 'contains' ? 'contains' : 'starts', value: fold(text) };
}
