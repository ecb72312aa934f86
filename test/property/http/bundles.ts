/** Random batches and transactions. https://hl7.org/fhir/R4/http.html#transaction */
import fc from 'fast-check';
import { changed, changes, type Json } from './mutate.ts';
import type { Material } from './material.ts';
import { TYPES } from './words.ts';

/** `address` gives URLs of entries. */
export function bundles(
  material: Material,
  json: fc.Arbitrary<Json>,
  address: fc.Arbitrary<string>,
): fc.Arbitrary<Json> {
  const fullUrl = fc.constantFrom('urn:uuid:a', 'urn:uuid:b', 'http://h/Patient/1', 'x', '');
  const entry = fc.record(
    {
      fullUrl,
      resource: json,
      request: fc.record(
        {
          method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'x'),
          url: fc.oneof(
            address,
            fc.constantFrom(
              ...TYPES,
              '',
              '/',
              'metadata',
              '_history',
              'Patient/_search',
              'Patient?%',
              'http://h/x',
            ),
          ),
          ifMatch: fc.constantFrom('W/"1"', '*', 'x'),
          ifNoneExist: fc.constantFrom('identifier=x', 'nonsense=1', '%', ''),
        },
        { requiredKeys: ['method', 'url'] },
      ),
    },
    { requiredKeys: ['request'] },
  );
  // Entries that fit: a resource with the address of its own type.
  const fitting = fc.constantFrom(...material.resources).map(({ tree }) => {
    const { resourceType } = tree as { resourceType: string };
    return { resource: tree, request: { method: 'POST', url: resourceType } };
  });
  return fc
    .tuple(
      fc.constantFrom('batch', 'transaction', 'transaction', 'collection'),
      fc.array(fc.oneof(entry, fitting as unknown as typeof entry), { maxLength: 5 }),
      fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, changes),
    )
    .map(([type, entries, all]) =>
      changed({ resourceType: 'Bundle', type, entry: entries as unknown as Json }, all),
    );
}
