/** The search cases, read by `match`. https://hl7.org/fhir/R4/search.html */
import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import { match } from '../../../src/fhir/search/match.ts';
import { ordered, type Sortable } from '../../property/order.ts';
import { indexOfCase, NOW, parseCase, searchCases, type SearchCase, type SearchSection } from './cases.ts';

const definitions = await loadDefinitions();
const sections = searchCases();

describe.each(sections)('search: $section', ({ resources, cases }: SearchSection) => {
  const subjects = resources.map((resource, created): Sortable & { readonly type: string } => {
    const { resourceType: type, id } = resource as { resourceType: string; id: string };
    return { type, id, instant: NOW, created, index: indexOfCase(definitions, resource) };
  });

  function find(query: string): string[] {
    const { branches, sort, issues } = parseCase(definitions, query);
    expect(issues).toEqual([]);
    const where = new Map(branches.map((branch) => [branch.type, branch.where]));
    const found = subjects.filter((subject) => match(where.get(subject.type) ?? { op: 'none' }, subject));
    return ordered(found, sort).map(({ id }) => id);
  }

  it.each(cases)('$query', ({ query, finds, sorted, refuses }: SearchCase) => {
    if (refuses !== undefined) {
      const { issues, branches } = parseCase(definitions, query);
      expect(issues.map(({ diagnostics }) => diagnostics).join('\n')).toContain(refuses);
      expect(issues.every(({ severity }) => severity === 'error')).toBe(true);
      expect(branches).toEqual([]);
    } else if (sorted) expect(find(query)).toEqual(sorted);
    else expect(find(query).sort()).toEqual([...finds!].sort());
  });
});

describe('the cases', () => {
  it('are many, and none stands twice', () => {
    const queries = sections.flatMap(({ section, cases }) => cases.map(({ query }) => `${section} ${query}`));
    expect(queries.length).toBeGreaterThan(250);
    expect(new Set(queries).size).toBe(queries.length);
  });
});
