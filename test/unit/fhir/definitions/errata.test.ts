// Each erratum is about something that R4 publishes, and is applied to the registry but not to the published resource.

import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { SEARCH_PARAMETER_ERRATA } from '../../../../src/fhir/definitions/errata.ts';
import { isServed } from '../../../../src/fhir/search/extract.ts';

const definitions = await loadDefinitions();

interface Published {
  readonly code: string;
  readonly base: readonly string[];
  readonly expression: string;
  readonly component?: readonly object[];
}

describe.each(Object.entries(SEARCH_PARAMETER_ERRATA))('%s', (url, erratum) => {
  const published = JSON.parse(definitions.conformance('SearchParameter', url)!) as Published;
  const parameter = definitions.searchParameters(published.base[0]!).get(published.code)!;

  it('stands in the registry as corrected', () => {
    expect(parameter.url).toBe(url);
    expect(parameter.expression).toBe(erratum.expression);
    if (erratum.component) expect(parameter.component).toEqual(erratum.component);
    expect(isServed(parameter)).toBe(erratum.expression !== undefined);
  });

  it('is published otherwise', () => {
    expect(published.expression).toBeDefined();
    const { expression, component } = erratum;
    expect({ expression: published.expression, component: published.component }).not.toMatchObject({
      expression,
      ...(component && { component }),
    });
  });
});
