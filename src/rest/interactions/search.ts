/** search-type, search-system and compartment search, by GET and POST. https://hl7.org/fhir/R4/http.html#search */
import { randomUUID } from 'node:crypto';
import { scopesOf } from '../../access/context.ts';
import { fault, operationOutcome, refuseIf, type Issue } from '../../fhir/model/outcome.ts';
import { didYouMean } from '../../fhir/model/near.ts';
import { stringifyJson } from '../../fhir/model/json.ts';
import type { JsonObject, ResourceTree } from '../../fhir/model/tree.ts';
import { pickElements, type Elements } from '../../fhir/search/elements.ts';
import { scoreOf } from '../../fhir/search/full-text.ts';
import { parseSearch, renderQuery, type ParsedSearch } from '../../fhir/search/parse.ts';
import type { SearchQuery } from '../../fhir/search/plan.ts';
import type { StoredResource } from '../../store/ports.ts';
import { bundlePieces, type BundleEntry, type BundleLink } from '../bundle-text.ts';
import { answeredBranches, includedWith } from '../joins.ts';
import { bound, CURSOR, openCursor, sealCursor } from '../cursor.ts';
import { containedMatches } from '../contained.ts';
import { withContent } from '../content-search.ts';
import { whole } from '../masked.ts';
import { preferences } from '../prefer.ts';
import { searchPage, type PagePlace, type PlacedPage } from '../search-page.ts';
import type { Context } from '../record.ts';
import type { FhirResponse } from '../request.ts';
import { treeOf } from '../visible.ts';

/** Page size when none is asked for. */
const DEFAULT_COUNT = 20;

export interface SearchTarget {
  /** resource types to be searched; empty: all, or what `_type` says */
  readonly types: readonly string[];
  /** `Patient/123` of `Patient/123/Observation` */
  readonly compartment?: { readonly type: string; readonly id: string };
  /** path below the base, as the self link has it */
  readonly path: string;
}

export function searchType(context: Context, type: string): Promise<FhirResponse> {
  return search(context, { types: [type], path: `/${type}` });
}

export function searchSystem(context: Context): Promise<FhirResponse> {
  return search(context, { types: [], path: '/' });
}

/** `Patient/123/Observation`, or `Patient/123/*` for every type of the compartment. */
export function searchCompartment(
  context: Context,
  type: string,
  id: string,
  inside: string,
): Promise<FhirResponse> {
  const { definitions } = context;
  if (!definitions.compartmentTypes.includes(type)) {
    throw fault(
      'unknown-interaction',
      `${type} is not a compartment: these are ${definitions.compartmentTypes.join(', ')}`,
    );
  }
  if (inside !== '*' && !definitions.isResourceType(inside)) {
    throw fault(
      'unknown-type',
      `"${inside.slice(0, 64)}" is not a resource type.${didYouMean(inside, definitions.resourceTypes)}`,
    );
  }
  // A compartment that is told by what is hidden would tell it.
  if (inside !== '*' && context.access.view?.of(inside) && !definitions.compartments(inside).has(type))
    throw fault('not-supported', `${inside} cannot be searched by the compartment of a ${type}`);
  const types =
    inside === '*'
      ? definitions.resourceTypes.filter((one) => definitions.compartments(one).has(type))
      : [inside];
  return search(context, { types, compartment: { type, id }, path: `/${type}/${id}/${inside}` });
}

async function search(asking: Context, target: SearchTarget): Promise<FhirResponse> {
  const context = await withContent(asking, (ready) => parse(ready, target));
  const parsed = parse(context, target);
  refuseIf(parsed.issues, 'unknown-parameter');
  const count = parsed.summary === 'count' ? 0 : (parsed.count ?? DEFAULT_COUNT);
  const question = `${target.path}?${renderQuery(parsed.used)}`;
  const asked = bound(context, question);
  const cursor = context.request.query.findLast(([name]) => name === CURSOR)?.[1];
  const place: PagePlace =
    cursor === undefined
      ? {}
      : (JSON.parse(openCursor(context.record.store.secret, asked, cursor)) as PagePlace);
  const scope = await scopesOf(
    context.access,
    'search',
    parsed.branches.map(({ type }) => type),
  );
  const query = {
    branches: await answeredBranches(context, parsed.branches),
    sort: parsed.sort,
    count,
    ...place,
    total: totalOf(parsed, count),
  };
  const page = await searchPage(context, query, scope);
  const others = await includedWith(context, parsed.includes, page.resources);
  context.witness?.told.push(...[...page.resources, ...others].map(whole));
  const matches = await matchEntries(context, parsed, page.resources);
  return searchset(context, parsed, { ...page, others, matches }, { question, first: cursor === undefined });
}

function totalOf({ total = 'none', summary }: ParsedSearch, count: number): SearchQuery['total'] {
  return count === 0 && (summary === 'count' || total === 'none') ? 'accurate' : total;
}

function parse(context: Context, target: SearchTarget): ParsedSearch {
  const { definitions, request } = context;
  return parseSearch(definitions, {
    now: Date.now(),
    types: target.types,
    parameters: request.query.filter(([name]) => name !== CURSOR),
    handling: preferences(request.headers['prefer']).handling,
    baseUrl: request.baseUrl,
    compartment: target.compartment,
    pending: context.record.pending().flatMap(({ code }) => code ?? []),
  });
}

function searchset(
  context: Context,
  parsed: ParsedSearch,
  page: PlacedPage & { readonly others: readonly StoredResource[]; readonly matches: BundleEntry[] },
  at: { readonly question: string; readonly first: boolean },
): FhirResponse {
  const { baseUrl } = context.request;
  const base = baseUrl + at.question.replace(/\?$/, '').replace(/^\/(?=\?|$)/, '');
  const links: BundleLink[] = [{ relation: 'self', url: base }];
  const link = (relation: BundleLink['relation'], place: PagePlace | undefined): void => {
    if (!place) return;
    const { secret } = context.record.store;
    const cursor = sealCursor(secret, bound(context, at.question), JSON.stringify(place));
    links.push({ relation, url: `${base}${base.includes('?') ? '&' : '?'}${CURSOR}=${cursor}` });
  };
  if (!at.first) links.push({ relation: 'first', url: base });
  link('previous', page.previous);
  link('next', page.next);
  link('last', page.last);
  const entries = page.matches;
  // `_elements` chooses among the elements of what is searched for; a summary is one of the whole answer.
  const ofOthers = parsed.elements?.kind === 'summary' ? parsed.elements : undefined;
  entries.push(...page.others.map((one) => entry(context, one, ofOthers, INCLUDED)));
  const warnings = parsed.issues.filter((one) => one.severity !== 'information');
  if (warnings.length > 0) entries.push(outcomeEntry(warnings));
  const total = page.total ?? (at.first && page.next === undefined ? page.resources.length : undefined);
  const head = { type: 'searchset', id: randomUUID(), instant: Date.now(), total };
  return { status: 200, headers: {}, body: { kind: 'pieces', pieces: bundlePieces(head, links, entries) } };
}

const MATCH = Object.freeze({ search: { mode: 'match' } });
const INCLUDED = Object.freeze({ search: { mode: 'include' } });

function entry(
  context: Context,
  stored: StoredResource,
  elements: Elements | undefined,
  rest: BundleEntry['rest'],
): BundleEntry {
  const bytes = elements ? picked(context, stored, elements) : stored.body!;
  return {
    fullUrl: `${context.request.baseUrl}/${stored.type}/${stored.id}`,
    resource: bytes,
    rest,
  };
}

function picked(context: Context, stored: StoredResource, elements: Elements): Uint8Array {
  return Buffer.from(stringifyJson(pickElements(context.definitions, treeOf(stored.body!), elements)));
}

function outcomeEntry(issues: readonly Issue[]): BundleEntry {
  const outcome = operationOutcome(issues) as unknown as JsonObject;
  return { resource: Buffer.from(stringifyJson(outcome)), rest: { search: { mode: 'outcome' } } };
}

/** The entries of a page of matches: themselves, or what they contain where that is what was searched for. */
async function matchEntries(
  context: Context,
  { contained, elements, scored }: ParsedSearch,
  resources: readonly StoredResource[],
): Promise<BundleEntry[]> {
  const rest = (tree: () => ResourceTree): BundleEntry['rest'] =>
    scored ? { search: { mode: 'match', score: scoreOf(context.definitions, tree(), scored) } } : MATCH;
  const whole = (one: StoredResource): BundleEntry =>
    entry(
      context,
      one,
      elements,
      rest(() => treeOf(one.body!)),
    );
  if (contained?.returns !== 'contained') return resources.map(whole);
  const found = await containedMatches(context, contained, resources);
  return found.map(({ stored, tree }) => {
    if (!tree) return whole(stored);
    const shown = elements ? pickElements(context.definitions, tree, elements) : tree;
    const fullUrl = `${context.request.baseUrl}/${stored.type}/${stored.id}#${String(tree['id'])}`;
    return { fullUrl, resource: Buffer.from(stringifyJson(shown)), rest: rest(() => tree) };
  });
}
