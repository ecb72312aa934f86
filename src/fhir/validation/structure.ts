/**
 * Whether a resource has the structure that R4 gives its type: properties, cardinalities, formats. Profiles, bindings and invariants come after it.
 * https://hl7.org/fhir/R4/validation.html, https://hl7.org/fhir/R4/json.html
 */
import type { Definitions } from '../definitions/registry.ts';
import { didYouMean } from '../model/near.ts';
import { issue, type Issue } from '../model/outcome.ts';
import type { ResourceTree } from '../model/tree.ts';
import { cellsOf, flawsOf } from './cells.ts';
import { explain } from './explain.ts';

/**
 * All that is wrong with the structure of a resource, in the order of its text and at most a hundred; empty when all is well. Each issue has the FHIRPath of
 * the element, what was found and what would be right. Never throws for a tree that came out of a parser. The schema of each type is compiled when it is first met.
 */
export function validateStructure(definitions: Definitions, tree: ResourceTree): Issue[] {
  if (!definitions.isResourceType(tree.resourceType)) {
    const near = didYouMean(String(tree.resourceType), definitions.resourceTypes);
    return [
      issue(
        'syntax',
        `"${String(tree.resourceType).slice(0, 64)}" is not a resource type of FHIR R4.${near}`,
        'resourceType',
      ),
    ];
  }
  const flaws = flawsOf(cellsOf(definitions).of(tree.resourceType), tree);
  return flaws === null ? [] : explain(definitions, tree, flaws);
}
