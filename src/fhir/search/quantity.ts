/** Quantity parameters: a number, and a unit by `|system|code` or `||unit`. https://hl7.org/fhir/R4/search.html#quantity */
import { fault } from '../model/outcome.ts';
import { isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/engine.ts';
import { splitEscaped } from './escape.ts';
import type { Expression } from './expression.ts';
import type { IndexValue } from './index-value.ts';
import { numberOf, parseNumber, pointExpression } from './number.ts';
import { splitPrefix } from './prefix.ts';

const TAB = '\t';
const UNBOUND = Number.MAX_VALUE;
const CURRENCY = 'urn:iso:std:iso:4217';

export function indexQuantity(
  param: string,
  { value, type }: PathNode,
  add: (value: IndexValue) => void,
): void {
  if (!isObject(value)) return;
  if (type === 'Range') return indexRange(param, value, add);
  const number = numberOf(value['value']);
  if (number === undefined || !Number.isFinite(number)) return;
  const [low, high] = ends(number, value['comparator']);
  const unit = type === 'Money' ? { system: CURRENCY, code: value['currency'] } : value;
  for (const key of unitKeys(unit)) add({ kind: 'range', param, key, low, high });
}

/** A Range is searched from its low to its high end. */
function indexRange(param: string, range: JsonObject, add: (value: IndexValue) => void): void {
  const [low, high] = [range['low'], range['high']].map((end) => (isObject(end) ? end : undefined));
  const [from, to] = [numberOf(low?.['value']), numberOf(high?.['value'])];
  if (from === undefined && to === undefined) return;
  for (const key of unitKeys(low ?? high!))
    add({ kind: 'range', param, key, low: from ?? -UNBOUND, high: to ?? UNBOUND });
}

/** `<5` is anything below 5. */
function ends(value: number, comparator: JsonValue | undefined): readonly [number, number] {
  if (comparator === '<' || comparator === '<=') return [-UNBOUND, value];
  return comparator === '>' || comparator === '>=' ? [value, UNBOUND] : [value, value];
}

/** No unit; the unit or code as it is written; the coded unit. */
function unitKeys({
  system,
  code,
  unit,
}: {
  system?: JsonValue;
  code?: JsonValue;
  unit?: JsonValue;
}): Set<string> {
  const keys = new Set(['']);
  for (const written of [code, unit]) if (typeof written === 'string') keys.add(TAB + written);
  if (typeof system === 'string' && typeof code === 'string') keys.add(system + TAB + code);
  return keys;
}

/** `5.4`, `5.4|http://unitsofmeasure.org|mg`, `5.4||mg`, each with a prefix. Throws FhirError `value`. */
export function quantityExpression(param: string, value: string): Expression {
  const { prefix, rest } = splitPrefix(value);
  const [number = '', system = '', code = '', ...more] = splitEscaped(rest, '|');
  if (more.length > 0 || (system !== '' && code === '')) {
    throw fault(
      'value',
      `"${value.slice(0, 100)}" is not a quantity: write 5.4, 5.4|http://unitsofmeasure.org|mg or 5.4||mg`,
      param,
    );
  }
  const key = code === '' ? '' : system + TAB + code;
  return pointExpression(param, key, prefix, parseNumber(number, param));
}
