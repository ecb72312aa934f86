/** The search cases as `match` answers them: resources in memory, joins and includes over them. https://hl7.org/fhir/R4/search.html */
import type { Definitions } from '../../../src/fhir/definitions/registry.ts';
import { answerJoins, type AskKeys, type Branch } from '../../../src/fhir/search/answer.ts';
import { included, type IncludeSource } from '../../../src/fhir/search/include.ts';
import { match } from '../../../src/fhir/search/match.ts';
import { ordered, type Sortable } from '../../property/order.ts';
import { indexOfCase, NOW, parseCase, type SearchSection } from './cases.ts';

export interface CaseAnswer {
  readonly ids: readonly string[];
  readonly others: readonly string[];
}

/** Answers the queries of one section. Throws an Error with what the parser says of a query that it refuses. */
export function matchReader(
  definitions: Definitions,
  { resources }: SearchSection,
): (query: string) => Promise<CaseAnswer> {
  const subjects = resources.map((resource, created): Sortable & { readonly type: string } => {
    const { resourceType: type, id } = resource as { resourceType: string; id: string };
    return { type, id, instant: NOW, created, index: indexOfCase(definitions, resource) };
  });

  const matching = (branches: readonly Branch[]): typeof subjects => {
    const where = new Map(branches.map((branch) => [branch.type, branch.where]));
    return subjects.filter((subject) => match(where.get(subject.type) ?? { op: 'none' }, subject));
  };
  const ask: AskKeys = (branches, { param, prefix = '' }) => {
    const keys = matching(branches).flatMap(({ type, id, index }) => {
      if (param === undefined) return [`${type}/${id}`];
      return index.flatMap((one) => (one.kind === 'key' && one.param === param ? [one.key] : []));
    });
    return Promise.resolve([...new Set(keys.filter((key) => key.startsWith(prefix)))]);
  };
  const source: IncludeSource<(typeof subjects)[number]> = {
    references: ({ index }, params) =>
      index.flatMap((one) => (one.kind === 'key' && params.includes(one.param) ? [one.key] : [])),
    read: (branches) => Promise.resolve(matching(branches)),
    search: (branches) => Promise.resolve(matching(branches)),
  };

  return async (query) => {
    const { branches, sort, includes, issues } = parseCase(definitions, query);
    const refusals = issues.filter(({ severity }) => severity !== 'warning');
    if (refusals.length > 0) throw new Error(refusals.map(({ diagnostics }) => diagnostics).join('; '));
    const found = ordered(matching(await answerJoins(branches, ask)), sort);
    const others = await included(definitions, includes, found, source);
    return { ids: found.map(({ id }) => id), others: others.map(({ id }) => id) };
  };
}
