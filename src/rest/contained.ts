/**
 * `_containedType=contained`: which of the contained resources of a page of containers are meant. The store finds the containers; here their contained resources
 * are read and judged one by one. https://hl7.org/fhir/R4/search.html#contained
 */
import { match } from '../fhir/search/match.ts';
import type { ContainedSearch } from '../fhir/search/draft.ts';
import { indexValues } from '../fhir/search/extract.ts';
import { containedIn } from '../fhir/search/nested.ts';
import { isObject, type ResourceTree } from '../fhir/model/tree.ts';
import type { StoredResource } from '../store/ports.ts';
import { answeredBranches } from './joins.ts';
import type { Context } from './record.ts';
import { treeOf } from './visible.ts';

/** A match: a contained resource, or (`_contained=both`) a resource itself. */
export interface ContainedMatch {
  readonly stored: StoredResource;
  readonly tree?: ResourceTree;
}

export async function containedMatches(
  context: Context,
  { asked, which }: ContainedSearch,
  resources: readonly StoredResource[],
): Promise<ContainedMatch[]> {
  const branches = await answeredBranches(context, asked);
  const { definitions, request } = context;
  const isMatch = (tree: ResourceTree, id: string): boolean => {
    const where = branches.find(({ type }) => type === tree.resourceType)?.where;
    if (!where) return false;
    const index = indexValues(definitions, tree, { baseUrl: request.baseUrl });
    return match(where, { id, instant: instantOf(tree), index });
  };
  return resources.flatMap((stored): ContainedMatch[] => {
    const outer = treeOf(stored.body!);
    const found = containedIn(outer).flatMap(({ tree }) => (isMatch(tree, String(tree['id'])) ? [tree] : []));
    const own = which === 'both' && isMatch(outer, stored.id);
    return [...(own ? [{ stored }] : []), ...found.map((tree) => ({ stored, tree }))];
  });
}

function instantOf({ meta }: ResourceTree): number {
  return isObject(meta) ? Date.parse(String(meta['lastUpdated'])) : Number.NaN;
}
