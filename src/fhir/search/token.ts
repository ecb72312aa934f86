/**
 * Token parameters: codes, identifiers, booleans. The one place that knows how a token is written as a key. https://hl7.org/fhir/R4/search.html#token
 *
 * key            found by
 * system⇥code    `system|code`
 * *⇥code         `code`
 * system⇥        `system|`
 * ⇥code          `|code`: no system
 */
import type { Definitions } from '../definitions/registry.ts';
import { fault } from '../model/outcome.ts';
import { isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/engine.ts';
import type { Expression } from './expression.ts';
import { splitEscaped } from './escape.ts';
import type { IndexValue } from './index-value.ts';
import { fold } from './string.ts';

const TAB = '\t';
/** Prefix of the keys by which tokens are sorted: the code alone. */
export const ANY_SYSTEM = `*${TAB}`;

/** The parameter under which the texts of a token stand, for `:text`. */
export const textParam = (param: string): string => `${param}:text`;

export function indexToken(
  definitions: Definitions,
  param: string,
  node: PathNode,
  add: (value: IndexValue) => void,
): void {
  const { value, type } = node;
  if (isObject(value)) return indexObject(param, value, type, add);
  if (type === 'code') {
    const system = bindingSystem(definitions, node);
    if (system !== undefined) addKeys(param, system, String(value), add);
    add({ kind: 'key', param, key: TAB + String(value) });
    if (system === undefined) add({ kind: 'key', param, key: ANY_SYSTEM + String(value) });
    return;
  }
  addKeys(param, undefined, String(value), add);
}

function indexObject(param: string, value: JsonObject, type: string, add: (value: IndexValue) => void): void {
  switch (type) {
    case 'CodeableConcept':
      if (Array.isArray(value['coding'])) for (const coding of value['coding']) addCoding(param, coding, add);
      return addText(param, value['text'], add);
    case 'Coding':
      return addCoding(param, value, add);
    case 'Identifier':
      addKeys(param, value['system'], value['value'], add);
      return addText(param, isObject(value['type']) ? value['type']['text'] : undefined, add);
    case 'ContactPoint':
      return addKeys(param, undefined, value['value'], add);
    default:
  }
}

function addCoding(param: string, coding: JsonValue, add: (value: IndexValue) => void): void {
  if (!isObject(coding)) return;
  addKeys(param, coding['system'], coding['code'], add);
  addText(param, coding['display'], add);
}

function addText(param: string, text: JsonValue | undefined, add: (value: IndexValue) => void): void {
  if (typeof text === 'string') add({ kind: 'text', param: textParam(param), text: fold(text), exact: text });
}

function addKeys(
  param: string,
  system: JsonValue | undefined,
  code: JsonValue | undefined,
  add: (value: IndexValue) => void,
): void {
  const hasSystem = typeof system === 'string' && system !== '';
  const hasCode = code !== undefined && code !== null && code !== '';
  if (hasCode) {
    add({ kind: 'key', param, key: `${hasSystem ? system : ''}${TAB}${String(code)}` });
    add({ kind: 'key', param, key: ANY_SYSTEM + String(code) });
  }
  if (hasSystem) add({ kind: 'key', param, key: system + TAB });
}

const systems = new WeakMap<Definitions, Map<string, string | undefined>>();

/** The one code system of an element's required value set, so that `status=http://hl7.org/fhir/observation-status|final` finds a `code`. */
function bindingSystem(definitions: Definitions, { element }: PathNode): string | undefined {
  const binding = element?.binding;
  if (binding?.strength !== 'required') return undefined;
  let known = systems.get(definitions);
  if (!known) systems.set(definitions, (known = new Map()));
  const url = binding.valueSet.split('|', 1)[0]!;
  if (!known.has(url)) known.set(url, onlySystem(definitions.conformance('ValueSet', url)));
  return known.get(url);
}

function onlySystem(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const { compose } = JSON.parse(text) as { compose?: { include?: { system?: string }[] } };
  const found = new Set((compose?.include ?? []).map(({ system }) => system));
  return found.size === 1 ? [...found][0] : undefined;
}

/** The key of one search value. Throws FhirError for a value that has more than one `|`, or nothing on either side. */
export function tokenKey(param: string, text: string): string {
  const parts = splitEscaped(text, '|');
  if (parts.length > 2 || parts.every((part) => part === '')) {
    throw fault(
      'value',
      `"${text.slice(0, 100)}" is not a token: write code, system|code, |code or system|`,
      param,
    );
  }
  return parts.length === 1 ? ANY_SYSTEM + parts[0] : parts[0] + TAB + parts[1];
}

export function tokenExpression(param: string, values: readonly string[]): Expression {
  return { op: 'key', param, keys: values.map((value) => tokenKey(param, value)) };
}
