/**
 * Composite parameters: values that must meet in one and the same element. Where that element is the resource itself, each component is asked as the
 * parameter that it names. Elsewhere the values of the components stand together in one index value: keys joined by a line end before the key, the unit or
 * the text of the last component (docs/adr/0018-composites.md). https://hl7.org/fhir/R4/search.html#composite
 */
import type { Definitions, SearchParameter } from '../definitions/registry.ts';
import { fault } from '../model/outcome.ts';
import type { ResourceTree } from '../model/tree.ts';
import { compileExpression, compilePath, type PathNode } from '../path/engine.ts';
import { NONE, or, type Bound, type Expression } from './expression.ts';
import { nodeIndexer, type IndexNode, type IndexOptions } from './index-node.ts';
import type { IndexValue, RangeValue } from './index-value.ts';
import { isWide } from './number.ts';
import { perParameter } from './per-parameter.ts';

const JOIN = '\n';

/** A component where it stands below its element. */
interface Component {
  /** the parameter of the component, with its expression as it is here and a code of its own */
  readonly parameter: SearchParameter;
  readonly index: IndexNode;
  readonly nodes: (element: PathNode, resource: ResourceTree) => readonly PathNode[];
  /** its place among the parts of a search value */
  readonly place: number;
}

/** One of the ways in which a composite is met. */
export type CompositeWay =
  /** the element is the resource: components by the parameters that they are */
  | { readonly kind: 'root'; readonly parameters: readonly SearchParameter[] }
  | {
      readonly kind: 'element';
      /** under which the index values stand: composites that look at the same components of the same elements share them */
      readonly param: string;
      readonly elements: (resource: ResourceTree) => readonly PathNode[];
      /** keys first */
      readonly components: readonly Component[];
      /** of the last component */
      readonly of: IndexValue['kind'];
    };

const LAST: readonly SearchParameter['type'][] = ['number', 'quantity', 'date', 'string', 'uri'];
const KEYS: readonly SearchParameter['type'][] = ['token', 'reference'];

/** The ways of a composite in one type of resource; none where its components cannot stand in one index value. */
export const compositeWays = perParameter((definitions, parameter, type): readonly CompositeWay[] =>
  alternatives(parameter, type).flatMap((element) =>
    element === type
      ? rootWay(definitions, parameter, type)
      : elementWay(definitions, parameter, type, element),
  ),
);

/** The elements that the expression names in this type. */
function alternatives({ expression = '' }: SearchParameter, type: string): string[] {
  const all = expression.split('|').map((one) => one.trim());
  return all.filter((one) => one === type || one.startsWith(`${type}.`));
}

function componentParameter(
  definitions: Definitions,
  type: string,
  url: string,
): SearchParameter | undefined {
  return [...definitions.searchParameters(type).values()].find((one) => one.url === url);
}

/** Parameters of Observation by this name look at its components, too; the same without it at the resource alone. */
const BOTH = /^combo-/;

function rootWay(definitions: Definitions, parameter: SearchParameter, type: string): CompositeWay[] {
  const parameters = parameter.component.map(({ definition }) => {
    const named = componentParameter(definitions, type, definition);
    return named && BOTH.test(named.code)
      ? definitions.searchParameters(type).get(named.code.replace(BOTH, ''))
      : named;
  });
  const known = parameters.filter((one) => one !== undefined);
  return known.length === parameters.length ? [{ kind: 'root', parameters: known }] : [];
}

function elementWay(
  definitions: Definitions,
  parameter: SearchParameter,
  type: string,
  element: string,
): CompositeWay[] {
  const components = parameter.component.map((_, place) =>
    componentOf(definitions, parameter, type, { element, place }),
  );
  const known = components.filter((one) => one !== undefined);
  const isKey = (one: Component): boolean => KEYS.includes(one.parameter.type);
  const last = known.filter((one) => !isKey(one));
  const of = kindOf(last.map((one) => one.parameter.type));
  if (known.length !== components.length || of === undefined) return [];
  const keysFirst = [...known.filter(isKey), ...last];
  const param = sharedParam(definitions, parameter, type, element);
  const elements = compilePath(definitions, element, type);
  return [{ kind: 'element', param, elements, components: keysFirst, of }];
}

/** One text, one or two ranges (numbers), or keys only. */
function kindOf(last: readonly SearchParameter['type'][]): IndexValue['kind'] | undefined {
  if (last.length === 0) return 'key';
  if (last.length === 2)
    return last.every((type) => type === 'number' || type === 'quantity') ? 'range' : undefined;
  const [type] = last;
  if (last.length > 2 || !LAST.includes(type!)) return undefined;
  return type === 'string' || type === 'uri' ? 'text' : 'range';
}

const RESOURCE = '%resource.';

function componentOf(
  definitions: Definitions,
  parameter: SearchParameter,
  type: string,
  { element, place }: { readonly element: string; readonly place: number },
): Component | undefined {
  const { definition, expression } = parameter.component[place]!;
  const named = componentParameter(definitions, type, definition);
  if (!named) return undefined;
  const isOfResource = expression.startsWith(RESOURCE);
  const whole = expression
    .split('|')
    .map((one) => one.trim())
    .map((one) => (isOfResource ? `${type}.${one.slice(RESOURCE.length)}` : `${element}.${one}`))
    .join(' | ');
  const own = { ...named, code: `${parameter.code}$${place} ${element}`, expression: whole };
  const ofResource = isOfResource ? compilePath(definitions, whole, type) : undefined;
  const compiled = ofResource ? undefined : compileExpression(definitions, expression);
  return {
    parameter: own,
    index: nodeIndexer(definitions, own, type),
    nodes: (node, resource) => ofResource?.(resource) ?? compiled!.evaluate(node),
    place,
  };
}

/** The first of all composites of the type that look at the same components of the same elements. */
function sharedParam(
  definitions: Definitions,
  parameter: SearchParameter,
  type: string,
  element: string,
): string {
  const shape = (one: SearchParameter): string =>
    one.component.map(({ expression }) => expression).join(JOIN) + JOIN + typesOf(definitions, one, type);
  const same = [...definitions.searchParameters(type).values()].filter(
    (one) =>
      one.type === 'composite' &&
      alternatives(one, type).includes(element) &&
      shape(one) === shape(parameter),
  );
  return same.map(({ code }) => code).sort()[0]!;
}

function typesOf(definitions: Definitions, parameter: SearchParameter, type: string): string {
  return parameter.component
    .map(({ definition }) => componentParameter(definitions, type, definition)?.type)
    .join();
}

/** The index values of one way that this parameter is the owner of. */
export function compositeValues(
  way: Extract<CompositeWay, { kind: 'element' }>,
  resource: ResourceTree,
  options: IndexOptions,
): IndexValue[] {
  return way.elements(resource).flatMap((element) => {
    let joined: readonly IndexValue[] = [{ kind: 'key', param: way.param, key: '' }];
    way.components.forEach(({ nodes, index, parameter }, i) => {
      const own: IndexValue[] = [];
      // What stands beside the values, such as the display of a code, is no part of a composite.
      const add = (value: IndexValue): void => void (value.param === parameter.code && own.push(value));
      for (const node of nodes(element, resource)) index(node, add, options);
      joined = joined.flatMap((before) => own.flatMap((value) => together(before, value, i === 0) ?? []));
    });
    return joined;
  });
}

function together(before: IndexValue, value: IndexValue, isFirst: boolean): IndexValue | undefined {
  const { param } = before;
  const prefix = isFirst ? '' : `${before.kind === 'text' ? '' : before.key}${JOIN}`;
  switch (value.kind) {
    case 'key':
      return { kind: 'key', param, key: prefix + value.key };
    case 'text':
      return { kind: 'text', param, text: prefix + value.text, exact: prefix + value.exact };
    case 'range':
      return before.kind === 'range'
        ? twoPoints(before, value)
        : { ...value, param, key: prefix + value.key };
  }
}

/** Two numbers as the ends of one range. A start behind its end is no range: nothing can be found by it. */
function twoPoints(start: RangeValue, end: RangeValue): RangeValue | undefined {
  if (start.low !== start.high || start.low > end.high || end.key !== '') return undefined;
  return { ...start, high: end.high };
}

/** Joins what the components ask, in the order of the way, into one Expression on its index values. */
export function togetherExpression(param: string, asked: readonly Expression[]): Expression {
  let [joined] = asked;
  for (const next of asked.slice(1)) joined = cross(joined!, next, (a, b) => joinLeaves(param, a, b));
  return renamed(param, joined!);
}

type Leaf = Extract<Expression, { op: 'key' | 'range' | 'text' }>;

function cross(a: Expression, b: Expression, join: (a: Leaf, b: Leaf) => Expression): Expression {
  if (a.op === 'none' || b.op === 'none') return NONE;
  if (a.op === 'or') return or(...a.of.map((one) => cross(one, b, join)));
  if (b.op === 'or') return or(...b.of.map((one) => cross(a, one, join)));
  return join(leafOf(a), leafOf(b));
}

function leafOf(expression: Expression): Leaf {
  if (expression.op === 'key' || expression.op === 'range' || expression.op === 'text') return expression;
  throw fault('value', 'A part of a composite value names a system alone: name a code');
}

function renamed(param: string, expression: Expression): Expression {
  if (expression.op === 'none') return NONE;
  if (expression.op === 'or') return or(...expression.of.map((one) => renamed(param, one)));
  return { ...leafOf(expression), param };
}

function joinLeaves(param: string, a: Leaf, b: Leaf): Expression {
  if (a.op === 'range') {
    if (b.op !== 'range' || isWide(b.key)) return NONE;
    const at = (end: Bound['end'], bounds: readonly Bound[]): Bound[] =>
      bounds.map((one) => ({ ...one, end }));
    return { op: 'range', param, key: a.key, bounds: [...at('low', a.bounds), ...at('high', b.bounds)] };
  }
  if (a.op === 'text') return NONE;
  const prefixes = a.keys.map((key) => `${key}${JOIN}`);
  switch (b.op) {
    case 'key':
      return { op: 'key', param, keys: prefixes.flatMap((prefix) => b.keys.map((key) => prefix + key)) };
    case 'range':
      return or(...prefixes.map((prefix): Expression => ({ ...b, param, key: prefix + b.key })));
    case 'text':
      return or(...prefixes.map((prefix): Expression => ({ ...b, param, value: prefix + b.value })));
  }
}
