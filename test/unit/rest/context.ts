/** The context of a request for unit tests: no store, the definitions of R4. */
import { OPEN_ACCESS } from '../../../src/access/context.ts';
import type { Definitions } from '../../../src/fhir/definitions/registry.ts';
import type { Context, TenantRecord } from '../../../src/rest/record.ts';
import type { FhirRequest } from '../../../src/rest/request.ts';

export function contextOf(
  definitions: Definitions,
  request: Partial<FhirRequest> = {},
  rules: Partial<TenantRecord['rules']> = {},
): Context {
  return {
    definitions,
    access: OPEN_ACCESS,
    request: {
      method: 'POST',
      path: [],
      query: [],
      headers: {},
      baseUrl: 'http://localhost:8080/fhir',
      id: 'r',
      ...request,
    },
    record: {
      rules: { maxBundleEntries: 3, ...rules },
      definitions: () => definitions,
      indexing: () => definitions,
      pending: () => [],
    } as unknown as TenantRecord,
  };
}
