/**
 * dom-3: a contained resource is referred to by the resource around it, or refers to that. Done by hand: the invariant tells neither which one is at fault, nor
 * sees the images and links of narratives. https://hl7.org/fhir/R4/references.html#contained
 */
import { isObject, type JsonValue } from '../model/tree.ts';
import { report, type Check } from './finding.ts';

export const containedCheck: Check = (node, run) => {
  const contained = isObject(node.value) ? node.value['contained'] : undefined;
  if (!Array.isArray(contained) || node.name === 'contained') return;
  const named = new Set<string>();
  collect(node.value, named);
  contained.forEach((one, index) => {
    if (!isObject(one) || named.has(`#${String(one['id'])}`) || refersToOuter(one)) return;
    const text =
      'dom-3: The resource around it does not refer to this contained resource, nor does it refer to that';
    report(run, node, { severity: 'error', code: 'invariant', text, below: `contained[${index}]` });
  });
};

/** Every text that may be a reference, and what narratives show. */
function collect(value: JsonValue, into: Set<string>): void {
  if (Array.isArray(value)) for (const one of value) collect(one, into);
  else if (isObject(value)) for (const key of Object.keys(value)) collect(value[key]!, into);
  else if (typeof value !== 'string') return;
  else if (value.startsWith('#')) into.add(value);
  else if (value.startsWith('<')) for (const [, id] of value.matchAll(SHOWN)) into.add(id!);
}

const SHOWN = /\b(?:src|href)\s*=\s*["'](#[^"']+)["']/g;

function refersToOuter(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.some(refersToOuter);
  if (!isObject(value)) return value === '#';
  return Object.keys(value).some((key) => refersToOuter(value[key]!));
}
