/**
 * Every store finds exactly what `match` finds, in the order of the oracle, page by page, with the true total: random index values, Expressions
 * and sort keys. `expect` of Jest is not used inside a run, so that fast-check can shrink a counterexample.
 */
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import fc from 'fast-check';
import { ALL } from '../../src/fhir/search/expression.ts';
import { match } from '../../src/fhir/search/match.ts';
import { searchPlan, type SearchQuery } from '../../src/fhir/search/plan.ts';
import type { ResourceStore, StoredResource, Stores, Write } from '../../src/store/ports.ts';
import { expression, indexValueList, PARAMS, sortKeys } from '../property/arbitraries.ts';
import { ordered, type Sortable } from '../property/order.ts';

interface Kept extends Sortable {
  readonly type: string;
}

const RESOURCES = 240;
const PER_COMMIT = 10;

/** Fills a tenant with random resources of two types, in several commits, so that instants and creation differ. */
async function populate(store: ResourceStore, seed: number): Promise<Kept[]> {
  const lists = fc.sample(indexValueList, { numRuns: RESOURCES, seed });
  const kept: Kept[] = [];
  for (let from = 0; from < RESOURCES; from += PER_COMMIT) {
    const writes = lists.slice(from, from + PER_COMMIT).map((index, i): Write => ({
      type: i % 3 === 0 ? 'Apple' : 'Pear',
      id: i % 4 === 0 ? `B${from + i}` : `a${from + i}`,
      expected: 0,
      versionId: 1,
      method: 'POST',
      content: { body: new Uint8Array(Buffer.from('{}')), stampAt: -1, index },
    }));
    const result = await store.commit({ writes });
    if (!result.ok) throw new Error(JSON.stringify(result.conflicts));
    const { instant, firstSeq } = result;
    writes.forEach(({ type, id }, i) =>
      kept.push({ type, id, index: lists[from + i]!, instant, created: firstSeq + i }),
    );
  }
  return kept;
}

/** All pages of a search; each must carry the true total. */
async function pages(store: ResourceStore, query: SearchQuery, total: number): Promise<StoredResource[]> {
  const all: StoredResource[] = [];
  for (let after: string | undefined, turn = 0; turn <= RESOURCES; turn++) {
    const page = await store.search(searchPlan({ ...query, after, total: 'accurate' }, () => ALL));
    if (page.total !== total) throw new Error(`total ${page.total}, but ${total} match`);
    all.push(...page.resources);
    after = page.next;
    if (after === undefined) return all;
  }
  throw new Error('The pages have no end');
}

/** The same from the last page to the first one. */
async function backwards(store: ResourceStore, query: SearchQuery): Promise<StoredResource[]> {
  const all: StoredResource[] = [];
  for (let after: string | undefined, turn = 0; turn <= RESOURCES; turn++) {
    const page = await store.search(searchPlan({ ...query, after, back: true }, () => ALL));
    all.unshift(...page.resources);
    after = page.previous;
    if (after === undefined) return all;
  }
  throw new Error('The pages have no beginning');
}

const names = (all: readonly { type: string; id: string }[]): string =>
  all.map(({ type, id }) => `${type}/${id}`).join(' ');

/** Runs the suite on a store that `open` gives; `runs` random searches. */
export function searchAgreement(name: string, open: () => Promise<Stores>, runs = 300): void {
  describe(`${name}: search and match agree`, () => {
    let stores: Stores;
    let store: ResourceStore;
    let kept: Kept[];
    beforeAll(async () => {
      stores = await open();
      store = (await stores.tenant('agreement')).resources;
      kept = await populate(store, 20_261_124);
    }, 60_000);
    afterAll(() => stores?.close());

    it('on reads under random conditions, indexed or not yet', async () => {
      const options = {
        ids: kept.slice(0, 20).map(({ id }) => id),
        instants: kept.map(({ instant }) => instant),
      };
      const agree = fc.asyncProperty(expression(options), async (where) => {
        const found = await store.read(kept, () => where);
        const wrong = kept.filter((one, i) => match(where, one) !== (found[i] !== undefined));
        if (wrong.length > 0) throw new Error(`not judged as match does: ${names(wrong)}`);
      });
      await fc.assert(agree, { numRuns: Math.ceil(runs / 5) });
    }, 120_000);

    it('on random plans', async () => {
      const options = {
        ids: kept.slice(0, 20).map(({ id }) => id),
        instants: kept.map(({ instant }) => instant),
      };
      const types = fc.constantFrom(['Apple'], ['Pear'], ['Apple', 'Pear']);
      const page = fc.integer({ min: 1, max: 60 });
      const agree = fc.asyncProperty(
        fc.tuple(expression(options), expression(options)),
        sortKeys,
        types,
        page,
        async (where, sort, asked, count) => {
          const branches = asked.map((type, i) => ({ type, where: where[i]! }));
          const meant = kept.filter((one) =>
            branches.some((b) => b.type === one.type && match(b.where, one)),
          );
          const found = await pages(store, { branches, sort, count }, meant.length);
          const [wanted, got] = [names(ordered(meant, sort)), names(found)];
          if (wanted !== got) throw new Error(`wanted ${wanted}\ngot    ${got}`);
          const back = names(await backwards(store, { branches, sort, count }));
          if (wanted !== back) throw new Error(`wanted ${wanted}\nback   ${back}`);
        },
      );
      await fc.assert(agree, { numRuns: runs });
    }, 120_000);

    it('on the keys that the matches of random plans carry', async () => {
      const types = fc.constantFrom(['Apple'], ['Pear'], ['Apple', 'Pear']);
      const wanted = fc.record({
        param: fc.constantFrom(undefined, ...PARAMS),
        prefix: fc.constantFrom(undefined, '', 'Patient/', '*\t', 's'),
      });
      const agree = fc.asyncProperty(
        fc.tuple(expression(), expression()),
        types,
        wanted,
        async (where, asked, { param, prefix = '' }) => {
          const branches = asked.map((type, i) => ({ type, where: where[i]! }));
          const meant = kept.filter((one) =>
            branches.some((b) => b.type === one.type && match(b.where, one)),
          );
          const carried = meant.flatMap(({ type, id, index }) =>
            param === undefined
              ? [`${type}/${id}`]
              : index.flatMap((one) => (one.kind === 'key' && one.param === param ? [one.key] : [])),
          );
          const plan = searchPlan({ branches, count: 1 }, () => ALL);
          const most = RESOURCES * 20;
          const found = await store.keys({ plan, most, ...(param !== undefined && { param, prefix }) });
          const all = carried.filter((key) => param === undefined || key.startsWith(prefix));
          const [want, got] = [[...new Set(all)].sort().join(' '), [...found].sort().join(' ')];
          if (want !== got) throw new Error(`wanted ${want}\ngot    ${got}`);
        },
      );
      await fc.assert(agree, { numRuns: Math.ceil(runs / 3) });
    }, 120_000);
  });
}
