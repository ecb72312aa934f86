/**
 * Which search parameters the index of a tenant holds. A cursor of the feed store keeps, for each posted parameter, a number that stands for the definition by
 * which everything was indexed; for those of the standard and of packages there is one number for all. So every process sees when one is ready, and a changed
 * definition or a new version of this program is noticed. https://hl7.org/fhir/R4/searchparameter.html
 */
import { createHash } from 'node:crypto';
import type { Definitions, SearchParameter } from '../fhir/definitions/registry.ts';
import { compileSearchParameter } from '../fhir/definitions/compile.ts';
import type { ResourceTree } from '../fhir/model/tree.ts';
import type { TenantStore } from '../store/ports.ts';

/** Raise it when a resource gets other index values than before by the same definitions. */
const INDEX_FORMAT = 4;

/** What the index does not hold yet. */
export interface Pending {
  /** of a cursor */
  readonly name: string;
  /** where the cursor stands */
  readonly from: number;
  /** where it will stand when everything is indexed */
  readonly sign: number;
  /** of a posted parameter */
  readonly code?: string;
  /** for people */
  readonly title: string;
}

export const BASE_INDEX = 'index of the standard';
const nameOf = (url: string): string => `index of ${url}`;

/** A number that stands for a text: 48 bits of its hash, never 0, which a cursor has before it was moved. */
function signOf(value: unknown): number {
  const bytes = createHash('sha256')
    .update(JSON.stringify([INDEX_FORMAT, value]))
    .digest();
  return bytes.readUIntBE(0, 6) + 1;
}

const signs = new WeakMap<Definitions, number>();

/** Stands for all search parameters of a registry. */
function signOfAll(definitions: Definitions): number {
  let sign = signs.get(definitions);
  if (sign === undefined) {
    const all = definitions.resourceTypes.map((type) => [
      type,
      [...definitions.searchParameters(type).values()].map(meaning),
    ]);
    signs.set(definitions, (sign = signOf(all)));
  }
  return sign;
}

const meaning = ({ url, code, type, expression, target, component }: SearchParameter): unknown => [
  url,
  code,
  type,
  expression,
  target,
  component,
];

/** What of the base registry is pending. A store that holds nothing has an index of nothing: it is complete. */
export async function basePending(store: TenantStore, base: Definitions): Promise<Pending[]> {
  const sign = signOfAll(base);
  const from = await store.feed.cursor(BASE_INDEX);
  if (from === sign) return [];
  if (from === 0 && (await store.feed.last()) === 0) {
    await store.feed.advance(BASE_INDEX, 0, sign);
    return [];
  }
  return [{ name: BASE_INDEX, from, sign, title: 'the search parameters of the standard and of packages' }];
}

/** The same for a posted SearchParameter: undefined when everything is indexed by it. */
export async function parameterPending(store: TenantStore, tree: ResourceTree): Promise<Pending | undefined> {
  const url = tree['url'] as string;
  const parameter = compileSearchParameter(tree as never);
  const sign = signOf([meaning(parameter), parameter.base]);
  const name = nameOf(url);
  const from = await store.feed.cursor(name);
  return from === sign ? undefined : { name, from, sign, code: parameter.code, title: url };
}

/** Makes everything pending again: the next reindex goes over all. */
export async function forgetIndex(store: TenantStore): Promise<void> {
  const from = await store.feed.cursor(BASE_INDEX);
  await store.feed.advance(BASE_INDEX, from, from === 1 ? 2 : 1);
}
