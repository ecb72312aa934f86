/**
 * Longest text, smallest and largest value. https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.minValue_x_
 */
import type { JsonValue } from '../model/tree.ts';
import { orderNodes } from '../path/equality.ts';
import type { PathNode } from '../path/node.ts';
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
    const low = minValue === undefined ? undefined : order(node, minValue);
    if (low !== undefined && low < 0)
      tell(`The value ${text(value)} is below the least that is allowed, ${text(minValue!)}`);
    const high = maxValue === undefined ? undefined : order(node, maxValue);
    if (high !== undefined && high > 0)
      tell(`The value ${text(value)} is above the most that is allowed, ${text(maxValue!)}`);
  };
}

const text = (value: JsonValue): string => JSON.stringify(value);

/** Numbers, dates, times and quantities by what they mean. Undefined where they cannot be compared. */
function order(node: PathNode, limit: JsonValue): number | undefined {
  try {
    return orderNodes(node, { value: limit, type: node.type });
  } catch {
    return undefined;
  }
}
