/** Quantity parameters: a number, and a unit by `|system|code` or `||unit`. https://hl7.org/fhir/R4/search.html#quantity */
import { fault } from '../model/outcome.ts';
import { isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/engine.ts';
import { unitOf as ucumUnit } from '../path/ucum.ts';
import type { Add } from './add.ts';
import { splitEscaped } from './escape.ts';
import type { Expression } from './expression.ts';
import { addEnds, numberOf, parseNumber, pointExpression, rangeEnds, scaled, UNBOUND } from './number.ts';
import { splitPrefix } from './prefix.ts';

const TAB = '\t';
const CURRENCY = 'urn:iso:std:iso:4217';

const UCUM = 'http://unitsofmeasure.org';

/**
 * Index values of a Quantity (Age, Duration …), Money or Range: without unit, by the unit as written, and by the coded unit, which for UCUM means all units of its
 * dimension: the number is then one of base units. https://ucum.org/ucum
 */
export function indexQuantity(param: string, { value, type }: PathNode, add: Add): void {
  if (!isObject(value)) return;
  const unit = unitOf(value, type);
  const ends = (factor: number): readonly [number, number] | undefined =>
    type === 'Range' ? rangeEnds(value, factor) : quantityEnds(value, factor);
  const written = ends(1);
  if (!written) return;
  for (const key of unitKeys(unit)) addEnds(param, key, written, add);
  const canonical = canonicalOf(unit.system, unit.code);
  if (canonical) addEnds(param, canonical.key, ends(canonical.factor)!, add);
}

interface Canonical {
  readonly key: string;
  readonly factor: number;
}

/** Units recur: this many are remembered, then all are forgotten. */
const REMEMBERED = 2000;
const canonicals = new Map<string, Canonical | undefined>();

/** What all units of one dimension stand under, and how many base units one is. Undefined for what is not UCUM or has no proportional scale. */
function canonicalOf(system: JsonValue | undefined, code: JsonValue | undefined): Canonical | undefined {
  if (system !== UCUM || typeof code !== 'string') return undefined;
  if (canonicals.has(code)) return canonicals.get(code);
  const unit = ucumUnit(code);
  const canonical =
    unit && !unit.isSpecial
      ? { key: `=${unit.dimension}`, factor: Number(unit.factor.digits) / 10 ** unit.factor.scale }
      : undefined;
  if (canonicals.size >= REMEMBERED) canonicals.clear();
  canonicals.set(code, canonical);
  return canonical;
}

function quantityEnds(quantity: JsonObject, factor: number): readonly [number, number] | undefined {
  const own = numberOf(quantity['value']);
  if (own === undefined) return undefined;
  const number = scaled(own, factor);
  switch (quantity['comparator']) {
    case '<':
      return [-UNBOUND, neighbour(number, -1)];
    case '<=':
      return [-UNBOUND, number];
    case '>':
      return [neighbour(number, 1), UNBOUND];
    case '>=':
      return [number, UNBOUND];
    default:
      return [number, number];
  }
}

/** The next double above (1) or below (-1), so that the ends of a range can stay inclusive. */
function neighbour(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(value > 0 ? direction : -direction));
  return view.getFloat64(0);
}

interface Unit {
  readonly system?: JsonValue;
  readonly code?: JsonValue;
  readonly unit?: JsonValue;
}

function unitOf(value: JsonObject, type: string): Unit {
  if (type === 'Money') return { system: CURRENCY, code: value['currency'] };
  if (type !== 'Range') return value;
  return [value['low'], value['high']].find(isObject) ?? {};
}

function unitKeys({ system, code, unit }: Unit): ReadonlySet<string> {
  const keys = new Set(['']);
  for (const written of [code, unit]) if (typeof written === 'string') keys.add(TAB + written);
  if (typeof system === 'string' && typeof code === 'string' && !canonicalOf(system, code))
    keys.add(system + TAB + code);
  return keys;
}

/** `5.4`, `5.4|http://unitsofmeasure.org|mg`, `5.4||mg`, each with a prefix. Throws FhirError `value`. */
export function quantityExpression(param: string, value: string): Expression {
  const { prefix, rest } = splitPrefix(value, param);
  const [number = '', system = '', code = '', ...more] = splitEscaped(rest, '|');
  if (more.length > 0 || (system !== '' && code === '')) {
    throw fault(
      'value',
      `"${value.slice(0, 100)}" of ${param} is not a quantity: write 5.4, 5.4|http://unitsofmeasure.org|mg or 5.4||mg`,
      param,
    );
  }
  const asked = parseNumber(number, param);
  const canonical = canonicalOf(system, code);
  if (canonical) {
    const { key, factor } = canonical;
    const [at, from, to] = [asked.value, asked.from, asked.to].map((one) => scaled(one, factor));
    return pointExpression(param, key, prefix, { value: at!, from: from!, to: to! });
  }
  const key = code === '' ? '' : system + TAB + code;
  return pointExpression(param, key, prefix, asked);
}
