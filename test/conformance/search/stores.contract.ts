/** The search cases on a real store: resources are written with their index values, and each case is read page by page with its total. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Definitions } from '../../../src/fhir/definitions/registry.ts';
import type { ResourceStore, Stores } from '../../../src/store/ports.ts';
import type { SearchSection } from './cases.ts';
import { answered, searchCase, writesOf } from './store-reader.ts';

/** Runs all sections, each in a tenant of its own. */
export function searchCasesContract(
  name: string,
  definitions: Definitions,
  open: () => Promise<Stores>,
): void {
  describe(`${name} finds what the specification says`, () => {
    let stores: Stores;
    beforeAll(async () => {
      stores = await open();
    }, 60_000);
    afterAll(() => stores?.close());

    describe.each(answered())('$section', (section: SearchSection) => {
      let store: ResourceStore;
      beforeAll(async () => {
        store = (await stores.tenant(section.file.replace(/\W+/g, '-'))).resources;
        const result = await store.commit({ writes: writesOf(definitions, section) });
        expect(result.ok).toBe(true);
      }, 60_000);

      it.each(section.cases)('$query', async ({ query, finds, sorted, includes }) => {
        const { found, others } = await searchCase(definitions, store, query);
        if (sorted) expect(found).toEqual(sorted);
        else expect([...found].sort()).toEqual([...finds!].sort());
        expect([...others].sort()).toEqual([...(includes ?? [])].sort());
      });
    });
  });
}
