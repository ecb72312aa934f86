/** The search cases, read by `match`. https://hl7.org/fhir/R4/search.html */
import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import { withConformance } from '../../../src/fhir/definitions/overlay.ts';
import { CONTENT_PARAMETER } from '../../../src/fhir/search/full-text.ts';
import { parseCase, searchCases, type SearchCase, type SearchSection } from './cases.ts';
import { matchReader } from './match-reader.ts';

const definitions = withConformance(await loadDefinitions(), [CONTENT_PARAMETER]);
const sections = searchCases();

describe.each(sections)('search: $section', (section: SearchSection) => {
  const { cases } = section;
  const find = matchReader(definitions, section);

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
    else expect([...ids].sort()).toEqual([...finds!].sort());
    expect([...others].sort()).toEqual([...(includes ?? [])].sort());
  });
});

describe('the cases', () => {
  it('are many, and none stands twice', () => {
    const queries = sections.flatMap(({ section, cases }) => cases.map(({ query }) => `${section} ${query}`));
    expect(queries.length).toBeGreaterThan(250);
    expect(new Set(queries).size).toBe(queries.length);
  });
});
