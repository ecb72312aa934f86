/**
 * Whether a resource has the structure that R4 gives its type: properties, cardinalities, formats. Profiles, bindings and invariants come after it.
 * https://hl7.org/fhir/R4/validation.html, https://hl7.org/fhir/R4/json.html
 */
import type { Definitions } from '../definitions/registry.ts';
import { issue, type Issue } from '../model/outcome.ts';
import type { ResourceTree } from '../model/tree.ts';
import { cellsOf, flawsOf } from './cells.ts';
import { explain, resourceTypeWords } from './explain.ts';

/**
 * All that is wrong with the structure of a resource, in the order of its text and at most a hundred; empty when all is well. Each issue has the FHIRPath of
 * the element, what was found and what would be right. Never throws for a tree that came out of a parser. The schema of each type is compiled
 * when it is first met.
 */
export function validateStructure(definitions: Definitions, tree: ResourceTree): Issue[] {
  const type: unknown = tree.resourceType;
  if (typeof type !== 'string' || !definitions.isResourceType(type)) {
    return [issue('syntax', resourceTypeWords(definitions, tree['resourceType']), 'resourceType')];
  }
  const flaws = flawsOf(cellsOf(definitions).of(type), tree);
  return flaws === null ? [] : explain(definitions, tree, flaws);
}
