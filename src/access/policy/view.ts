/**
 * What is hidden from a caller inside of what it may see. What is shown leaves it out, and no search may ask, sort or include by it: the parameters that
 * look at it are unknown to such a caller, so that nothing about it can be guessed (docs/adr/0032).
 */
import type { Definitions, SearchParameter } from '../../fhir/definitions/registry.ts';
import { parseJson, stringifyJson } from '../../fhir/model/json.ts';
import {
  Decimal,
  isObject,
  type JsonObject,
  type JsonValue,
  type ResourceTree,
} from '../../fhir/model/tree.ts';
import { SUBSETTED, withSubsetted } from '../../fhir/search/elements.ts';
import { elementsAt, withoutElement, type ElementPath } from './element-path.ts';

export interface View {
  /** `Patient.telecom`, sorted */
  readonly hidden: readonly string[];
  /** the registry without the search parameters that look at what is hidden */
  definitions(base: Definitions): Definitions;
  /** a copy without what is hidden, in contained resources and entries too; the same object where the type and all inside have nothing to hide */
  tree(tree: ResourceTree): ResourceTree;
  /** the same of any part of a resource, such as what it contains */
  value(value: JsonValue): JsonValue;
  /** the same of stored text */
  text(type: string, body: Uint8Array): Uint8Array;
  /** paths hidden in a type; none: undefined */
  of(type: string): readonly ElementPath[] | undefined;
}

/** undefined where nothing is hidden. */
export function viewOf(definitions: Definitions, paths: readonly string[]): View | undefined {
  const hidden = [...new Set(paths)].sort();
  if (hidden.length === 0) return undefined;
  const byType = new Map<string, ElementPath[]>();
  for (const path of hidden) {
    const at = elementsAt(definitions, path);
    if (at) byType.set(at.type, [...(byType.get(at.type) ?? []), at]);
  }
  const marks = [...byType.keys()].map((type) => Buffer.from(`"resourceType":"${type}"`));
  const tree = (one: ResourceTree): ResourceTree => shown(definitions, byType, one) as ResourceTree;
  return {
    hidden,
    of: (type) => byType.get(type),
    definitions: (base) => maskedDefinitions(base, hidden, byType),
    tree,
    value: (value) => shown(definitions, byType, value),
    text: (type, body) => {
      const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
      // Texts are stored without white space, so that one look tells whether there is anything to hide.
      if (!byType.has(type) && !marks.some((mark) => bytes.includes(mark))) return body;
      const parsed = parseJson(bytes.toString('utf8')) as ResourceTree;
      const masked = tree(parsed);
      return masked === parsed ? body : Buffer.from(stringifyJson(masked));
    },
  };
}

type ByType = ReadonlyMap<string, readonly ElementPath[]>;

function shown(definitions: Definitions, byType: ByType, value: JsonValue): JsonValue {
  if (Array.isArray(value))
    return same(
      value,
      value.map((one) => shown(definitions, byType, one)),
    );
  if (!isObject(value) || value instanceof Decimal) return value;
  let copy: JsonObject | undefined;
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner !== 'object' || inner === null) continue;
    const left = shown(definitions, byType, inner);
    if (left !== inner) (copy ??= { ...value })[name] = left;
  }
  const whole = copy ?? value;
  const paths = typeof whole['resourceType'] === 'string' ? byType.get(whole['resourceType']) : undefined;
  return paths ? masked(definitions, whole, paths) : whole;
}

const same = (before: JsonValue[], after: JsonValue[]): JsonValue[] =>
  after.every((one, i) => one === before[i]) ? before : after;

/** The narrative tells in words what the elements hold, so it goes as well. Marked whether or not there was anything: nobody shall learn that. */
function masked(definitions: Definitions, tree: JsonObject, paths: readonly ElementPath[]): JsonObject {
  const { text: _text, _text: _sibling, ...rest } = tree;
  let left: JsonObject = rest;
  for (const { type, names } of paths) left = withoutElement(definitions, type, left, names);
  return withMeta(left, withSubsetted(left['meta']));
}

function withMeta(tree: JsonObject, meta: JsonObject): JsonObject {
  if (tree['meta'] !== undefined) return { ...tree, meta };
  const { resourceType, id, ...rest } = tree;
  return {
    ...(resourceType !== undefined && { resourceType }),
    ...(id !== undefined && { id }),
    meta,
    ...rest,
  };
}

/** The tag that `tree` puts on what it shows must not come back with a write. */
export function withoutMark(tree: ResourceTree, before: ResourceTree | undefined): ResourceTree {
  if (!hasMark(tree) || (before && hasMark(before))) return tree;
  const meta = tree['meta'] as JsonObject;
  const tag = (meta['tag'] as JsonValue[]).filter((one) => !isMark(one));
  const { tag: _tag, ...rest } = meta;
  const left: JsonObject = tag.length > 0 ? { ...meta, tag } : rest;
  if (Object.keys(left).length > 0) return { ...tree, meta: left };
  const { meta: _meta, ...bare } = tree;
  return bare;
}

const isMark = (tag: JsonValue): boolean =>
  isObject(tag) && tag['system'] === SUBSETTED['system'] && tag['code'] === SUBSETTED['code'];

const hasMark = ({ meta }: ResourceTree): boolean =>
  isObject(meta) && Array.isArray(meta['tag']) && meta['tag'].some(isMark);

const wrapped = new WeakMap<Definitions, Map<string, Definitions>>();
/** Below those of all registries that are made in the usual way. */
let generation = 0;

/** Kept for as long as the registry, since what is compiled is kept by registry. */
function maskedDefinitions(base: Definitions, hidden: readonly string[], byType: ByType): Definitions {
  let known = wrapped.get(base);
  if (!known) wrapped.set(base, (known = new Map<string, Definitions>()));
  const name = hidden.join(' ');
  const before = known.get(name);
  if (before) return before;
  const parameters = new Map<string, ReadonlyMap<string, SearchParameter>>();
  const compartments = new Map<string, ReadonlyMap<string, readonly string[]>>();
  for (const [type, paths] of byType) {
    const all = base.searchParameters(type);
    const left = new Map([...all].filter(([, one]) => !looksAt(base, one, type, paths)));
    parameters.set(type, left);
    const whole = [...base.compartments(type)].filter(([, codes]) =>
      codes.every((code) => code === '{def}' || left.has(code) || !all.has(code)),
    );
    compartments.set(type, new Map(whole));
  }
  const made: Definitions = {
    ...base,
    generation: --generation,
    searchParameters: (type) => {
      const left = parameters.get(type) ?? withoutContent(base.searchParameters(type));
      parameters.set(type, left);
      return left;
    },
    compartments: (type) => compartments.get(type) ?? base.compartments(type),
  };
  known.set(name, made);
  return made;
}

/** What is found by all texts of a resource is found by those that it contains, of whatever type. */
function withoutContent(all: ReadonlyMap<string, SearchParameter>): ReadonlyMap<string, SearchParameter> {
  return all.has('_content') ? new Map([...all].filter(([code]) => code !== '_content')) : all;
}

/** Functions that reach elements without naming them. */
const WILD =
  /\b(?:children|descendants|repeat|elementDefinition|slice)\s*\(|%(?:resource|rootResource|context)\b/;

/** Whether a parameter may look at one of the elements: it names the first of its steps. Rather one parameter too many than one too few. */
export function looksAt(
  definitions: Definitions,
  { code, expression, component, type: kind }: SearchParameter,
  type: string,
  paths: readonly ElementPath[],
): boolean {
  if (code === '_text' || code === '_content') return true;
  const parts = [...partsFor(definitions, expression ?? '', type), ...component.map((one) => one.expression)];
  if (parts.some((part) => WILD.test(part))) return true;
  if (
    kind === 'composite' &&
    component.some(({ definition }) => definesHidden(definitions, definition, type, paths))
  )
    return true;
  const words = new Set(parts.flatMap((part) => part.match(/[A-Za-z_][A-Za-z0-9_]*/g) ?? []));
  return paths.some(({ names }) => words.has(names[0]!));
}

function definesHidden(
  definitions: Definitions,
  url: string,
  type: string,
  paths: readonly ElementPath[],
): boolean {
  const parameter = [...definitions.searchParameters(type).values()].find((one) => one.url === url);
  return (
    parameter !== undefined && parameter.type !== 'composite' && looksAt(definitions, parameter, type, paths)
  );
}

/** The alternatives of an expression but those that begin with another type of resource. */
function partsFor(definitions: Definitions, expression: string, type: string): string[] {
  return expression.split('|').filter((part) => {
    const [, first = ''] = /^[\s(]*([A-Za-z]+)/.exec(part) ?? [];
    return first === type || !definitions.isResourceType(first);
  });
}
