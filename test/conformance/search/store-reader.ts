/** The search cases on a store: resources are written with their index values, and each case is read page by page with its total, there and back. */
import type { Definitions } from '../../../src/fhir/definitions/registry.ts';
import type { ResourceTree } from '../../../src/fhir/model/tree.ts';
import { answerJoins, type Branch } from '../../../src/fhir/search/answer.ts';
import { included, type IncludeSource } from '../../../src/fhir/search/include.ts';
import { ALL } from '../../../src/fhir/search/expression.ts';
import { searchPlan, type SearchQuery } from '../../../src/fhir/search/plan.ts';
import type { ResourceStore, SearchPage, StoredResource, Write } from '../../../src/store/ports.ts';
import { indexOfCase, parseCase, searchCases, type SearchSection } from './cases.ts';

/** Sections without the queries that are refused before any store sees them. */
export function answered(): SearchSection[] {
  const sections = searchCases().map((section) => ({
    ...section,
    cases: section.cases.filter(({ refuses }) => refuses === undefined),
  }));
  return sections.filter(({ cases }) => cases.length > 0);
}

export function writesOf(definitions: Definitions, { resources }: SearchSection): Write[] {
  return resources.map((resource) => ({
    type: resource.resourceType,
    id: resource['id'] as string,
    expected: 0,
    versionId: 1,
    method: 'PUT',
    content: {
      body: new Uint8Array(Buffer.from(JSON.stringify(resource))),
      stampAt: -1,
      index: indexOfCase(definitions, resource),
    },
  }));
}

/** Ids of all pages, two a page, and of what comes along with them. */
export async function searchCase(
  definitions: Definitions,
  store: ResourceStore,
  query: string,
): Promise<{ found: string[]; others: string[] }> {
  const { branches: asked, sort, includes, issues } = parseCase(definitions, query);
  same(issues.filter(({ severity }) => severity !== 'warning').length, 0);
  const branches = await answerJoins(asked, (inner, wanted) =>
    store.keys({ ...wanted, plan: searchPlan({ branches: inner, count: 1 }, () => ALL) }),
  );
  const page = (rest: Pick<SearchQuery, 'after' | 'back' | 'until' | 'total'>): Promise<SearchPage> =>
    store.search(searchPlan({ branches, sort, count: 2, ...rest }, () => ALL));
  const found: StoredResource[] = [];
  let at: SearchPage | undefined;
  do {
    at = await page({ after: at?.next, until: at?.until, total: 'accurate' });
    found.push(...at.resources);
    if (at.next === undefined) same(at.total, found.length);
  } while (at.next !== undefined && found.length < 1000);
  await checkBackwards(page, found);
  const others = await included(definitions, includes, found, sourceOf(definitions, store));
  return { found: found.map(({ id }) => id), others: others.map(({ id }) => id) };
}

/** Also outside of a test: see zones-child.ts. */
function same(found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`found ${String(found)} instead of ${String(wanted)}`);
}

/** From the last page back to the first one: the same in the same order. */
async function checkBackwards(
  page: (rest: Pick<SearchQuery, 'after' | 'back' | 'until' | 'total'>) => Promise<SearchPage>,
  forwards: readonly StoredResource[],
): Promise<void> {
  const found: StoredResource[] = [];
  let at: SearchPage | undefined;
  do {
    at = await page({ after: at?.previous, until: at?.until, back: true, total: 'estimate' });
    found.unshift(...at.resources);
    same(at.total, forwards.length);
  } while (at.previous !== undefined && found.length < 1000);
  same(found.map(({ id }) => id).join(), forwards.map(({ id }) => id).join());
}

function sourceOf(definitions: Definitions, store: ResourceStore): IncludeSource<StoredResource> {
  const find = async (branches: readonly Branch[], count: number): Promise<readonly StoredResource[]> =>
    (await store.search(searchPlan({ branches, count }, () => ALL))).resources;
  return {
    references: ({ body }, params) => {
      const resource = JSON.parse(Buffer.from(body!).toString()) as ResourceTree;
      return indexOfCase(definitions, resource).flatMap((one) =>
        one.kind === 'key' && params.includes(one.param) ? [one.key] : [],
      );
    },
    read: find,
    search: find,
  };
}
