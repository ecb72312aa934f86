/** The search cases, read by `match`. https://hl7.org/fhir/R4/search.html */
import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import { withConformance } from '../../../src/fhir/definitions/overlay.ts';
import { CONTENT_PARAMETER } from '../../../src/fhir/search/full-text.ts';
import { answerJoins, type AskKeys, type Branch } from '../../../src/fhir/search/answer.ts';
import { included, type IncludeSource } from '../../../src/fhir/search/include.ts';
import { match } from '../../../src/fhir/search/match.ts';
import { ordered, type Sortable } from '../../property/order.ts';
import { indexOfCase, NOW, parseCase, searchCases, type SearchCase, type SearchSection } from './cases.ts';

const definitions = withConformance(await loadDefinitions(), [CONTENT_PARAMETER]);
const sections = searchCases();

describe.each(sections)('search: $section', ({ resources, cases }: SearchSection) => {
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

  async function find(query: string): Promise<{ ids: string[]; others: string[] }> {
    const { branches, sort, includes, issues } = parseCase(definitions, query);
    expect(issues.filter(({ severity }) => severity !== 'warning')).toEqual([]);
    const found = ordered(matching(await answerJoins(branches, ask)), sort);
    const others = await included(definitions, includes, found, source);
    return { ids: found.map(({ id }) => id), others: others.map(({ id }) => id) };
  }

  it.each(cases)('$query', async ({ query, finds, sorted, refuses, includes }: SearchCase) => {
    if (refuses !== undefined) {
      const { issues, branches } = parseCase(definitions, query);
      expect(issues.map(({ diagnostics }) => diagnostics).join('\n')).toContain(refuses);
      expect(issues.every(({ severity }) => severity === 'error')).toBe(true);
      expect(branches).toEqual([]);
      return;
    }
    const { ids, others } = await find(query);
    if (sorted) expect(ids).toEqual(sorted);
    else expect(ids.sort()).toEqual([...finds!].sort());
    expect(others.sort()).toEqual([...(includes ?? [])].sort());
  });
});

describe('the cases', () => {
  it('are many, and none stands twice', () => {
    const queries = sections.flatMap(({ section, cases }) => cases.map(({ query }) => `${section} ${query}`));
    expect(queries.length).toBeGreaterThan(250);
    expect(new Set(queries).size).toBe(queries.length);
  });
});
