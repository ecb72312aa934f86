/**
 * The joins of a search as the record answers them: inner searches and included resources meet the scope of the caller like any other search, so what is
 * hidden can neither be seen nor be asked about. https://hl7.org/fhir/R4/search.html#chaining, https://hl7.org/fhir/R4/search.html#include
 */
import { scopesOf, type Action } from '../access/context.ts';
import { answerJoins, type AskKeys, type Branch } from '../fhir/search/answer.ts';
import type { Include } from '../fhir/search/draft.ts';
import { valuesOf } from '../fhir/search/extract.ts';
import { included, type IncludeSource } from '../fhir/search/include.ts';
import { searchPlan, type SearchPlan } from '../fhir/search/plan.ts';
import type { Asked } from '../fhir/search/question.ts';
import type { StoredResource } from '../store/ports.ts';
import { treeOf } from './visible.ts';
import type { Context } from './record.ts';

/** The branches of a search with its joins answered. Throws FhirError `too-costly`. */
export function answeredBranches(context: Context, asked: readonly Asked[]): Promise<Branch[]> {
  const ask: AskKeys = async (branches, wanted) => {
    const plan = await scopedPlan(context, 'search', branches, wanted.most);
    return context.record.store.resources.keys({ ...wanted, plan });
  };
  return answerJoins(asked, ask);
}

async function scopedPlan(
  { access }: Context,
  action: Action,
  branches: readonly Branch[],
  count: number,
): Promise<SearchPlan> {
  const types = branches.map(({ type }) => type);
  return searchPlan({ branches, count }, await scopesOf(access, action, types));
}

/**
 * What comes along with a page. Following a reference is reading, following one backwards is searching: each needs what the caller would need to do it by
 * hand.
 */
export function includedWith(
  context: Context,
  includes: readonly Include[],
  matches: readonly StoredResource[],
): Promise<readonly StoredResource[]> {
  const { resources } = context.record.store;
  const find = async (
    action: Action,
    branches: readonly Branch[],
    most: number,
  ): Promise<readonly StoredResource[]> => {
    const plan = await scopedPlan(context, action, branches, most);
    return (await resources.search(plan)).resources;
  };
  const source: IncludeSource<StoredResource> = {
    references: referencesOf(context),
    read: (branches, most) => find('read', branches, most),
    search: (branches, most) => find('search', branches, most),
  };
  return included(context.definitions, includes, matches, source);
}

/** The literal references of a resource; each is parsed once, however many includes look at it. */
function referencesOf({ definitions, request }: Context): IncludeSource<StoredResource>['references'] {
  const trees = new WeakMap<StoredResource, ReturnType<typeof treeOf>>();
  return (stored, params) => {
    const tree = trees.get(stored) ?? treeOf(stored.body!);
    trees.set(stored, tree);
    const values = valuesOf(definitions, tree, params, { baseUrl: request.baseUrl });
    return values.flatMap((value) =>
      value.kind === 'key' && params.includes(value.param) ? [value.key] : [],
    );
  };
}
