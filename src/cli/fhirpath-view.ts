/** How results of FHIRPath, and the parts of an evaluation, are shown to a person. https://hl7.org/fhir/R4/fhirpath.html */
import { stringifyJson } from '../fhir/model/json.ts';
import { isObject } from '../fhir/model/tree.ts';
import { pathOf, type PathNode } from '../fhir/path/node.ts';
import { unparse } from '../fhir/path/unparse.ts';
import type { Watched } from '../fhir/path/watch.ts';

/** Values that an expression made go by the names of FHIR, as the official test suite writes them: `boolean`, `Quantity`. */
function typeName(type: string): string {
  const name = type.replace('System.', '');
  return name === type || name === 'Quantity' ? name : name.charAt(0).toLowerCase() + name.slice(1);
}

/** `string	"Chalmers"	Patient.name[0].family`; made values stand nowhere. */
export function resultLine(node: PathNode): string {
  const place = pathOf(node);
  const line = `${typeName(node.type)}\t${stringifyJson(node.value)}`;
  return place === undefined ? line : `${line}\t${place}`;
}

const MOST_TEXT = 60;
const MOST_VALUES = 4;

/** A value in short: `HumanName name[0]`, `"Chalmers"`. */
export function valueText(node: PathNode): string {
  const { value, type } = node;
  if (isObject(value) || value === null) return pathOf(node) ?? typeName(type);
  const text = stringifyJson(value);
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
}

function found(result: Watched['result']): string {
  if (result === undefined) return 'refused';
  if (result === 'unknown') return 'nothing';
  if (typeof result === 'boolean') return String(result);
  if (result.length === 0) return 'nothing';
  const shown = result.slice(0, MOST_VALUES).map(valueText).join(', ');
  return result.length > MOST_VALUES ? `${shown} and ${result.length - MOST_VALUES} more` : shown;
}

/** One line a part, each inside the part that asked for it; `on` names the item where it changes. */
export function watchedLines(parts: readonly Watched[]): string[] {
  let last: PathNode | undefined;
  return parts.map(({ path, depth, focus, result }) => {
    const [item] = focus;
    const on = focus.length === 1 && item !== last && depth > 0 ? `  (on ${valueText(item!)})` : '';
    last = item;
    return `${'  '.repeat(depth)}${unparse(path)}  =>  ${found(result)}${on}`;
  });
}
