/**
 * `_include` and `_revinclude`: what comes along with the matches. The meaning is here; what a step needs of a store is asked for once a step, and always
 * under the scope of the caller. https://hl7.org/fhir/R4/search.html#include
 */
import type { Definitions } from '../definitions/registry.ts';
import { didYouMean } from '../model/near.ts';
import { fault, issue } from '../model/outcome.ts';
import type { Branch } from './answer.ts';
import type { Draft, Include } from './draft.ts';
import { NONE, or, type Expression } from './expression.ts';
import { isServed } from './extract.ts';
import { CANONICAL } from './index-value.ts';
import { isCanonical, referenceTargets } from './reference.ts';
import { UnknownParameter } from './unknown.ts';

export const INCLUDE_NAMES: readonly string[] = ['_include', '_revinclude'];

/** Includes of one search. */
const MOST_INCLUDES = 50;
/** Most resources that come along with a page. */
export const MOST_INCLUDED = 5000;
/** Most steps from the matches. */
const MOST_STEPS = 50;

export const isInclude = (name: string): boolean => /^_(?:rev)?include(?::|$)/.test(name);

/** Takes `_include=Observation:subject:Patient` into the draft. Throws FhirError for what names no reference parameter. */
export function parseInclude(draft: Draft, name: string, value: string): void {
  const [base = '', modifier, ...more] = name.split(':');
  if (more.length > 0 || (modifier !== undefined && modifier !== 'iterate' && modifier !== 'recurse'))
    throw fault('unknown-parameter', `${base} has only the modifier :iterate`, base);
  if (draft.includes.length >= MOST_INCLUDES)
    throw fault('too-costly', `At most ${MOST_INCLUDES} includes are taken`, base);
  const reverse = base === '_revinclude';
  const include = { ...partsOf(draft, base, value), reverse, iterate: modifier !== undefined };
  refuseUnknown(draft, base, value, include);
  warnIdle(draft, base, value, include);
  draft.includes.push(include);
}

type Parts = Pick<Include, 'source' | 'param' | 'target'>;

function partsOf({ definitions }: Draft, base: string, value: string): Parts {
  const wild = (part: string | undefined): string | undefined => (part === '*' ? undefined : part);
  const [source, param, target, ...more] = value.split(':');
  if (
    !source ||
    param === '' ||
    target === '' ||
    more.length > 0 ||
    (param === undefined && source !== '*')
  ) {
    const text = `"${value.slice(0, 100)}" of ${base} is not type:parameter, type:parameter:target, type:* or *`;
    throw fault('value', text, base);
  }
  for (const type of [wild(source), wild(target)]) {
    if (type === undefined || definitions.isResourceType(type)) continue;
    const near = didYouMean(type, definitions.resourceTypes);
    throw fault('value', `"${type.slice(0, 64)}" of ${base} is not a resource type.${near}`, base);
  }
  return { source: wild(source), param: wild(param), target: wild(target) };
}

function refuseUnknown({ definitions }: Draft, base: string, value: string, include: Include): void {
  const { source, param, target } = include;
  const types = source === undefined ? definitions.resourceTypes : [source];
  const served = types.filter((type) => paramsOf(definitions, type, include).length > 0);
  if (served.length > 0) {
    return;
  }
  const references = types.flatMap((type) => paramsOf(definitions, type, { param: undefined, target }));
  const near = param === undefined ? '' : didYouMean(param, [...new Set(references)]);
  const to = target === undefined ? '' : ` to ${target}`;
  const text = `"${value.slice(0, 100)}" of ${base} names no reference parameter${to} of ${source ?? 'any type'}.${near}`;
  throw new UnknownParameter('unknown-parameter', text, base);
}

/** An include that can meet none of the matches is no error, but surely not what was meant. */
function warnIdle(
  { types, issues, definitions }: Draft,
  base: string,
  value: string,
  include: Include,
): void {
  if (include.iterate) return;
  const meets = include.reverse
    ? sourcesOf(definitions, include).some(([type, param]) =>
        targetsOf(definitions, type, param, include).some((one) => types.includes(one)),
      )
    : include.source === undefined || types.includes(include.source);
  if (meets) return;
  const text = `${base}=${value.slice(0, 100)} includes nothing: no match can have such a reference. With :iterate it goes on from what is included`;
  issues.push({ ...issue('value', text, base), severity: 'warning' });
}

/** The reference parameters of a type that an include means. */
function paramsOf(
  definitions: Definitions,
  type: string,
  { param, target }: Pick<Include, 'param' | 'target'>,
): string[] {
  const all = definitions.searchParameters(type);
  const asked = param === undefined ? [...all.values()] : [all.get(param)];
  return asked.flatMap((one) => {
    if (one?.type !== 'reference' || !isServed(one)) return [];
    return target === undefined || referenceTargets(definitions, one, type).includes(target)
      ? [one.code]
      : [];
  });
}

/** Type and parameter of everything that a reverse include may find. */
function sourcesOf(definitions: Definitions, include: Include): (readonly [type: string, param: string])[] {
  const types = include.source === undefined ? definitions.resourceTypes : [include.source];
  return types.flatMap((type) => paramsOf(definitions, type, include).map((param) => [type, param] as const));
}

function targetsOf(
  definitions: Definitions,
  type: string,
  param: string,
  { target }: Include,
): readonly string[] {
  if (target !== undefined) return [target];
  return referenceTargets(definitions, definitions.searchParameters(type).get(param)!, type);
}

/** A resource at hand. */
export interface Item {
  readonly type: string;
  readonly id: string;
}

/** What including asks of the world; whatever it gives has passed the scope of the caller. */
export interface IncludeSource<T extends Item> {
  /** keys `Type/id` and URLs of the references of a resource by these parameters */
  references(item: T, params: readonly string[]): readonly string[];
  /** live resources that references name, at most `most`; the scope is that of reading */
  read(branches: readonly Branch[], most: number): Promise<readonly T[]>;
  /** at most `most` resources that match a branch; the scope is that of searching */
  search(branches: readonly Branch[], most: number): Promise<readonly T[]>;
}

/** All that comes along with the matches, each once and none of the matches. Throws FhirError `too-costly` past the bound. */
export async function included<T extends Item>(
  definitions: Definitions,
  includes: readonly Include[],
  matches: readonly T[],
  source: IncludeSource<T>,
): Promise<readonly T[]> {
  const seen = new Set(matches.map(nameOf));
  const all: T[] = [];
  let from: readonly T[] = matches;
  let active = includes;
  for (let step = 0; from.length > 0 && active.length > 0; step++) {
    if (step >= MOST_STEPS)
      throw fault('too-costly', `:iterate goes over more than ${MOST_STEPS} steps: leave it out`);
    const found = await stepFrom(definitions, active, from, source, seen);
    from = found.filter((one) => !seen.has(nameOf(one)) && seen.add(nameOf(one)));
    all.push(...from);
    refuseMany(all.length);
    active = includes.filter(({ iterate }) => iterate);
  }
  return all;
}

const nameOf = ({ type, id }: Item): string => `${type}/${id}`;

function refuseMany(count: number): void {
  if (count <= MOST_INCLUDED) return;
  const text = `More than ${MOST_INCLUDED} resources would be included in one page: ask for a smaller _count or fewer includes`;
  throw fault('too-costly', text);
}

/** Everything one step away, found with one call in each direction. */
async function stepFrom<T extends Item>(
  definitions: Definitions,
  includes: readonly Include[],
  from: readonly T[],
  source: IncludeSource<T>,
  seen: ReadonlySet<string>,
): Promise<readonly T[]> {
  const most = MOST_INCLUDED + seen.size + 1;
  const forward = forwardBranches(definitions, includes, from, source, seen);
  const ahead = forward.length > 0 ? await source.read(forward, most) : [];
  const reverse = reverseBranches(definitions, includes, from, source);
  const behind = reverse.length > 0 ? await source.search(reverse, most) : [];
  return [...ahead, ...behind];
}

/** What references name: by type and id, or by the URL of a canonical, whose version does not count. */
function forwardBranches<T extends Item>(
  definitions: Definitions,
  includes: readonly Include[],
  from: readonly T[],
  source: IncludeSource<T>,
  seen: ReadonlySet<string>,
): Branch[] {
  const [ids, urls] = [new Map<string, Set<string>>(), new Map<string, Set<string>>()];
  for (const item of from) {
    for (const include of includes) {
      if (include.reverse || (include.source !== undefined && include.source !== item.type)) continue;
      const params = paramsOf(definitions, item.type, include);
      const [canonical, literal] = split(params, (param) => isCanonicalParam(definitions, item.type, param));
      for (const key of literal.length > 0 ? source.references(item, literal) : []) {
        const [type = '', id] = key.split('/', 2);
        if (id === undefined || seen.has(key) || !definitions.isResourceType(type)) continue;
        if (include.target === undefined || include.target === type) addTo(ids, type, id);
      }
      for (const param of canonical) {
        for (const url of source.references(item, [param])) {
          for (const type of targetsOf(definitions, item.type, param, include))
            if (definitions.searchParameters(type).has('url')) addTo(urls, type, url);
        }
      }
    }
  }
  refuseMany([...ids.values()].reduce((sum, some) => sum + some.size, 0));
  const named = [...ids].map(([type, some]): Branch => ({ type, where: { op: 'id', ids: [...some] } }));
  const byUrl = [...urls].map(([type, some]): Branch => {
    const leaves = [...some].map((value): Expression => ({
      op: 'text',
      param: 'url',
      test: 'equals',
      value,
    }));
    return { type, where: or(...leaves) };
  });
  return merged([...named, ...byUrl]);
}

/** One branch a type. */
function merged(branches: readonly Branch[]): Branch[] {
  const byType = new Map<string, Expression>();
  for (const { type, where } of branches) byType.set(type, or(byType.get(type) ?? NONE, where));
  return [...byType].map(([type, where]) => ({ type, where }));
}

function addTo(map: Map<string, Set<string>>, name: string, value: string): void {
  const known = map.get(name) ?? new Set<string>();
  map.set(name, known.add(value));
}

function split<T>(all: readonly T[], isFirst: (one: T) => boolean): readonly [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}

function isCanonicalParam(definitions: Definitions, type: string, param: string): boolean {
  return isCanonical(definitions, definitions.searchParameters(type).get(param)!, type).yes;
}

/** One branch a type: any of its parameters holds any of the names. */
function reverseBranches<T extends Item>(
  definitions: Definitions,
  includes: readonly Include[],
  from: readonly T[],
  source: IncludeSource<T>,
): Branch[] {
  const byType = new Map<string, Expression[]>();
  for (const include of includes) {
    if (!include.reverse) continue;
    for (const [type, param] of sourcesOf(definitions, include)) {
      const targets = targetsOf(definitions, type, param, include);
      const meant = from.filter((item) => targets.includes(item.type));
      const keys = isCanonicalParam(definitions, type, param)
        ? meant.flatMap((item) => source.references(item, [CANONICAL]))
        : meant.map(nameOf);
      if (keys.length === 0) continue;
      if (!byType.has(type)) byType.set(type, []);
      byType.get(type)!.push({ op: 'key', param, keys });
    }
  }
  return [...byType].map(([type, leaves]) => ({ type, where: or(...leaves) }));
}
