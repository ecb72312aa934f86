/**
 * Longest text, smallest and largest value. https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.minValue_x_
 */
import { Decimal, type JsonValue } from '../model/tree.ts';
import { report, type Check } from './finding.ts';
import type { Rule } from './rule.ts';

export function limitCheck(rule: Rule, profile: string | undefined): Check | undefined {
  const { maxLength, minValue, maxValue } = rule;
  if (maxLength === undefined && minValue === undefined && maxValue === undefined) return undefined;
  return (node, run) => {
    const { value } = node;
    const tell = (text: string): void =>
      report(run, node, { severity: 'error', code: 'value', text, profile });
    if (maxLength !== undefined && typeof value === 'string' && [...value].length > maxLength)
      tell(`The text has ${[...value].length} characters: at most ${maxLength} are allowed`);
    const low = minValue === undefined ? undefined : compare(value, minValue);
    if (low !== undefined && low < 0)
      tell(`The value ${text(value)} is below the least that is allowed, ${text(minValue!)}`);
    const high = maxValue === undefined ? undefined : compare(value, maxValue);
    if (high !== undefined && high > 0)
      tell(`The value ${text(value)} is above the most that is allowed, ${text(maxValue!)}`);
  };
}

const text = (value: JsonValue): string => JSON.stringify(value);

/** Numbers by size; dates and times by their text, as far as both have it. Undefined where they cannot be compared. */
function compare(value: JsonValue, limit: JsonValue): number | undefined {
  const [a, b] = [value, limit].map((one) => (one instanceof Decimal ? one.valueOf() : one));
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a !== 'string' || typeof b !== 'string') return undefined;
  const length = Math.min(a.length, b.length);
  const [left, right] = [a.slice(0, length), b.slice(0, length)];
  return left < right ? -1 : left > right ? 1 : 0;
}
