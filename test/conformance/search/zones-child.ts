/**
 * Runs every search case in the time zone of this process, on `match` or on the store that is named, and tells as JSON what went wrong. A program of its own, since
 * the zone of a process is fixed when it starts: `TZ=Pacific/Kiritimati node zones-child.ts match`.
 */
import { loadDefinitions } from '../../../src/definitions-file.ts';
import { withConformance } from '../../../src/fhir/definitions/overlay.ts';
import { CONTENT_PARAMETER } from '../../../src/fhir/search/full-text.ts';
import type { Definitions } from '../../../src/fhir/definitions/registry.ts';
import { openMongoStores } from '../../../src/store/mongo/stores.ts';
import { openSqliteStores } from '../../../src/store/sqlite/stores.ts';
import type { Stores } from '../../../src/store/ports.ts';
import type { SearchCase, SearchSection } from './cases.ts';
import { matchReader, type CaseAnswer } from './match-reader.ts';
import { answered, searchCase, writesOf } from './store-reader.ts';

type Reader = (section: SearchSection) => Promise<(query: string) => Promise<CaseAnswer>>;

function storeReader(definitions: Definitions, stores: Stores): Reader {
  return async (section) => {
    const { resources } = await stores.tenant(section.file.replace(/\W+/g, '-'));
    await resources.commit({ writes: writesOf(definitions, section) });
    return async (query) => {
      const { found, others } = await searchCase(definitions, resources, query);
      return { ids: found, others };
    };
  };
}

const sorted = (ids: readonly string[]): string => [...ids].sort().join();

async function faultOf(find: (query: string) => Promise<CaseAnswer>, one: SearchCase): Promise<string[]> {
  const { query, finds, sorted: order, includes = [] } = one;
  try {
    const { ids, others } = await find(query);
    const isRight = order ? ids.join() === order.join() : sorted(ids) === sorted(finds!);
    return isRight && sorted(others) === sorted(includes) ? [] : [`${query} found ${ids.join()}`];
  } catch (error) {
    return [`${query}: ${(error as Error).message}`];
  }
}

const [of = 'match'] = process.argv.slice(2);
const definitions = withConformance(await loadDefinitions(), [CONTENT_PARAMETER]);
const stores =
  of === 'match'
    ? undefined
    : of === 'sqlite'
      ? await openSqliteStores({ location: ':memory:' })
      : await openMongoStores({ url: of });
const read: Reader = stores
  ? storeReader(definitions, stores)
  : async (section) => matchReader(definitions, section);
const faults: string[] = [];
let cases = 0;
for (const section of answered()) {
  const find = await read(section);
  for (const one of section.cases) {
    faults.push(...(await faultOf(find, one)));
    cases++;
  }
}
await stores?.close();
console.log(JSON.stringify({ offset: new Date(Date.UTC(2024, 0, 1)).getTimezoneOffset(), cases, faults }));
