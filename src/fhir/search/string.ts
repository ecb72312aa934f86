/** String parameters: folded for comparison, kept as written for `:exact`. https://hl7.org/fhir/R4/search.html#string */
import { fault } from '../model/outcome.ts';
import { isObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/engine.ts';
import type { Add } from './add.ts';
import { unescape } from './escape.ts';
import type { Expression } from './expression.ts';

const MARKS = /\p{Mark}+/gu;
const PLAIN = /^[\x21-\x7e]*$/;

/** Letters that no normalization takes apart, and how they are written without them. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
  ŧ: 't',
};
const LETTER = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g');

/** Case, accents and runs of white space do not count. */
export function fold(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  const bare = text.toLowerCase().normalize('NFD').replace(MARKS, '');
  return bare
    .replace(LETTER, (letter) => LETTERS[letter]!)
    .replace(/\s+/g, ' ')
    .trim();
}

/** The parts of the data types that are searched part by part. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  HumanName: ['text', 'family', 'given', 'prefix', 'suffix'],
  Address: ['text', 'line', 'city', 'district', 'state', 'postalCode', 'country'],
  ContactPoint: ['value'],
  CodeableConcept: ['text'],
  Coding: ['display'],
  Identifier: ['value'],
  Annotation: ['text'],
  Reference: ['display'],
};

export function indexString(param: string, { value, type }: PathNode, add: Add): void {
  if (!isObject(value)) return addText(param, value, add);
  for (const part of PARTS[type] ?? []) {
    const own = value[part];
    if (Array.isArray(own)) for (const one of own) addText(param, one, add);
    else addText(param, own, add);
  }
}

/** Adds a text as it is and folded; nothing for what is no text or folds to none. */
export function addText(param: string, value: JsonValue | undefined, add: Add): void {
  if (typeof value !== 'string') return;
  const text = fold(value);
  if (text !== '') add({ kind: 'text', param, text, exact: value });
}

export function stringExpression(param: string, modifier: string | undefined, value: string): Expression {
  const text = unescape(value);
  if (modifier === 'exact') return { op: 'text', param, test: 'exact', value: text };
  const folded = fold(text);
  if (folded === '')
    throw fault('value', `"${value.slice(0, 60)}" of ${param} has nothing to search for`, param);
  return { op: 'text', param, test: modifier === 'contains' ? 'contains' : 'starts', value: folded };
}
