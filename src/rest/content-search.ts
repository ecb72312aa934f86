/**
 * `_content` is indexed from the first search by it on: the server posts the SearchParameter that asks for it, and the first searches wait while everything is
 * indexed (docs/adr/0030-search-completed.md). Whoever deletes that SearchParameter has switched it off. https://hl7.org/fhir/R4/search.html#content
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { indexValues, isServed } from '../fhir/search/extract.ts';
import { CONTENT, CONTENT_PARAMETER } from '../fhir/search/full-text.ts';
import { withConformance } from '../fhir/definitions/overlay.ts';
import { FhirError } from '../fhir/model/outcome.ts';
import type { JsonObject, ResourceTree } from '../fhir/model/tree.ts';
import type { Definitions } from '../fhir/definitions/registry.ts';
import type { Context } from './record.ts';
import { versionBytes, versionText } from './write/version-text.ts';

/** How long a search waits for the index, and how often it looks. */
const PATIENCE_MS = 25_000;
const LOOK_MS = 100;

const asksForContent = (name: string): boolean => /(?:^|[.:])_content(?::|$)/.test(name);

function serves(definitions: Definitions): boolean {
  const parameter = definitions.searchParameters('Patient').get(CONTENT);
  return parameter !== undefined && isServed(parameter);
}

/** The context of a search, with `_content` in force where it is asked for and can be had in time. */
export async function withContent(
  context: Context,
  read: (context: Context) => { readonly issues: readonly { readonly severity: string }[] },
): Promise<Context> {
  const { record, request, access } = context;
  if (!request.query.some(([name]) => asksForContent(name))) return context;
  // The words of all texts hold what is hidden as well.
  if (access.view || serves(context.definitions)) return context;
  if (!serves(record.indexing())) {
    // A search that is refused anyway begins nothing.
    const definitions = withConformance(context.definitions, [CONTENT_PARAMETER as JsonObject]);
    if (isRefused(() => read({ ...context, definitions }))) return context;
    if (!(await begin(context))) return context;
  }
  const end = Date.now() + PATIENCE_MS;
  while (!serves(record.definitions()) && Date.now() < end) await sleep(LOOK_MS);
  return { ...context, definitions: record.definitions() };
}

function isRefused(read: () => { readonly issues: readonly { readonly severity: string }[] }): boolean {
  try {
    return read().issues.some(({ severity }) => severity === 'error');
  } catch (error) {
    if (error instanceof FhirError) return true;
    throw error;
  }
}

/** Posts the parameter; false where somebody has deleted it. Of several that post it at once one does. */
async function begin({ record, request }: Context): Promise<boolean> {
  const tree = CONTENT_PARAMETER as ResourceTree;
  const key = { type: 'SearchParameter', id: String(tree['id']) };
  const [known] = await record.store.resources.read([key]);
  if (known) return known.body !== undefined;
  const index = indexValues(record.indexing(), tree, { baseUrl: request.baseUrl });
  const content = { ...versionBytes(versionText(tree, key.id), 1), index };
  await record.store.resources.commit({
    writes: [{ ...key, expected: 0, versionId: 1, method: 'PUT', content }],
  });
  record.written(new Set([key.type]));
  return true;
}
