/**
 * fixed[x] and pattern[x]: the very same value, or at least what the pattern has.
 * https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.fixed_x_, #ElementDefinition.pattern_x_
 */
import { Decimal, isObject, type JsonValue } from '../model/tree.ts';

/** The same value in every part. Numbers are equal as numbers; the precision of a decimal counts, too. */
export function isFixed(expected: JsonValue, value: JsonValue | undefined): boolean {
  if (Array.isArray(expected)) {
    return (
      Array.isArray(value) &&
      value.length === expected.length &&
      expected.every((one, i) => isFixed(one, value[i]))
    );
  }
  if (isObject(expected)) {
    if (!isObject(value)) return false;
    const names = Object.keys(expected);
    return (
      names.length === Object.keys(value).length &&
      names.every((name) => isFixed(expected[name]!, value[name]))
    );
  }
  return samePrimitive(expected, value);
}

/** Everything that the pattern has is there; an item of an array may stand anywhere. */
export function fitsPattern(pattern: JsonValue, value: JsonValue | undefined): boolean {
  if (Array.isArray(pattern)) {
    return (
      Array.isArray(value) && pattern.every((one) => value.some((candidate) => fitsPattern(one, candidate)))
    );
  }
  if (isObject(pattern)) {
    return isObject(value) && Object.keys(pattern).every((name) => fitsPattern(pattern[name]!, value[name]));
  }
  return samePrimitive(pattern, value);
}

function samePrimitive(expected: JsonValue, value: JsonValue | undefined): boolean {
  if (expected instanceof Decimal || value instanceof Decimal) return String(expected) === String(value);
  return expected === value;
}
