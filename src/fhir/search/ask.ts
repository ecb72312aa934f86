/**
 * One search parameter, as a client names it, on one type of resource: plain (`code:text`), chained (`subject:Patient.name`) or reversed
 * (`_has:Observation:patient:code`), at any depth. https://hl7.org/fhir/R4/search.html#chaining, https://hl7.org/fhir/R4/search.html#has
 */
import type { SearchParameter } from '../definitions/registry.ts';
import { didYouMean } from '../model/near.ts';
import { fault, FhirError, type Issue } from '../model/outcome.ts';
import { intrinsicCondition, parameterCondition } from './condition.ts';
import { CONTROL_NAMES } from './control.ts';
import type { Draft } from './draft.ts';
import { unescape } from './escape.ts';
import { INTRINSIC, isServed } from './extract.ts';
import { CONTENT } from './full-text.ts';
import { planFilter, type FilterPlanner } from './filter.ts';
import { parseFilter } from './filter-syntax.ts';
import { INCLUDE_NAMES } from './include.ts';
import { BUNDLE_HEADS, leadsInside, nested } from './nested.ts';
import { some, type Asked, type Question } from './question.ts';
import { isCanonical, referenceKeys, referenceTargets } from './reference.ts';
import { shown, UnknownParameter } from './unknown.ts';

/** Joins one in the other; each is a search of its own. */
const MOST_JOINS = 8;

/** The alternatives of one parameter, and what was made of them so far: the ways of a chain may meet again. */
interface Asking {
  readonly draft: Draft;
  readonly values: readonly string[];
  readonly made: Map<string, Question | UnknownParameter>;
  /** by the types and the rest of a chain; each is asked once, wherever it stands */
  readonly ends: Map<string, readonly Asked[]>;
}

/** What a parameter with its alternatives asks of each type. Throws UnknownParameter, or FhirError with all that is wrong with the values. */
export function askEach(
  draft: Draft,
  types: readonly string[],
  name: string,
  values: readonly string[],
): Map<string, Question> {
  const asking = { draft, values, made: new Map(), ends: new Map() };
  return new Map(types.map((type) => [type, ask(asking, type, name, 0)]));
}

function ask(asking: Asking, type: string, name: string, depth: number): Question {
  const key = `${type} ${name}`;
  const known = asking.made.get(key) ?? tried(() => make(asking, type, name, depth));
  asking.made.set(key, known);
  if (known instanceof UnknownParameter) throw known;
  return known;
}

/** That a parameter is not known is remembered, too. */
function tried(step: () => Question): Question | UnknownParameter {
  try {
    return step();
  } catch (error) {
    if (error instanceof UnknownParameter) return error;
    throw error;
  }
}

function make(asking: Asking, type: string, name: string, depth: number): Question {
  const { draft, values } = asking;
  if (depth > MOST_JOINS)
    throw fault('too-costly', `"${shown(name)}" goes over more than ${MOST_JOINS} joins`, shown(name));
  if (name.startsWith('_has:')) return askHas(asking, type, name, depth);
  if (name === '_filter') return askFilter(asking, type, depth);
  const dot = name.indexOf('.');
  if (dot > 0) return askChain(asking, type, [name.slice(0, dot), name.slice(dot + 1)], depth);
  const [code = '', modifier, ...more] = name.split(':');
  if (name === '_list') return askList(type, values);
  const parameter = parameterOf(draft, type, code, name);
  if (more.length > 0) throw fault('unknown-parameter', `"${shown(name)}" has more than one modifier`, code);
  if (INTRINSIC.has(code)) return intrinsicCondition(draft, code, modifier, values);
  if (parameter.type === 'reference' && (modifier === 'above' || modifier === 'below'))
    return askTree(draft, parameter, type, modifier, values);
  return parameterCondition(draft, parameter, type, modifier, values);
}

/** What is named by a List. https://hl7.org/fhir/R4/search.html#list */
function askList(type: string, values: readonly string[]): Question {
  const functional = values.find((one) => one.startsWith('$'));
  if (functional !== undefined) {
    const text = `"${shown(functional)}" of _list is a functional list, of which this server keeps none: name the id of a List`;
    throw fault('not-supported', text, '_list');
  }
  const ids = values.map((one) => unescape(one).replace(/^List\//, ''));
  return { op: 'has', of: type, param: 'item', branch: { type: 'List', where: { op: 'id', ids } } };
}

/** The reference parameters by which resources of a type stand in a hierarchy of their own. */
const HIERARCHIES: readonly string[] = ['partof', 'part-of', 'parent'];

function hierarchyOf({ definitions }: Draft, type: string): string | undefined {
  return HIERARCHIES.find((code) => {
    const parameter = definitions.searchParameters(type).get(code);
    return parameter?.type === 'reference' && referenceTargets(definitions, parameter, type).includes(type);
  });
}

/** `location:below=Location/1`: also what is part of it. https://hl7.org/fhir/R4/search.html#recursive */
function askTree(
  draft: Draft,
  parameter: SearchParameter,
  type: string,
  direction: 'above' | 'below',
  values: readonly string[],
): Question {
  const { definitions, input } = draft;
  const param = parameter.code;
  const targets = referenceTargets(definitions, parameter, type);
  const treed = targets.filter((one) => hierarchyOf(draft, one) !== undefined);
  const at = `${param}:${direction}`;
  if (treed.length === 0)
    throw fault('unknown-parameter', `${at}: nothing that ${param} refers to stands in a hierarchy`, at);
  const query = { param, targets: treed, only: undefined, baseUrl: input.baseUrl };
  const keys = [...new Set(values.flatMap((one) => referenceKeys(definitions, query, one)))];
  const plain = keys.filter((key) => !treed.includes(typeOf(key)));
  const trees = treed.map((of): Question => {
    const own = keys.filter((key) => typeOf(key) === of);
    return own.length > 0
      ? { op: 'tree', param, direction, of, by: hierarchyOf(draft, of)!, keys: own }
      : { op: 'none' };
  });
  return some({ op: 'key', param, keys: plain }, ...trees);
}

const typeOf = (key: string): string => key.slice(0, Math.max(key.indexOf('/'), 0));

const NO_CONTENT =
  'The words of whole resources are not indexed yet: that is under way now, or was switched off by deleting SearchParameter/embergate-content. GET $reindex tells how far it is; _text searches narratives';

/** The served search parameter of a type. Throws UnknownParameter. */
export function parameterOf(draft: Draft, type: string, code: string, name = code): SearchParameter {
  const parameter = draft.definitions.searchParameters(type).get(code);
  if (!parameter) throw unknown(draft, type, name, code);
  if (isServed(parameter)) return parameter;
  if (code === CONTENT) throw new UnknownParameter('not-supported', NO_CONTENT, code);
  const text = `${code} is a ${parameter.type} parameter, which is not supported by this server yet`;
  throw new UnknownParameter('not-supported', text, code);
}

function unknown(
  { definitions, types, input }: Draft,
  type: string,
  name: string,
  code: string,
): UnknownParameter {
  const known = [...definitions.searchParameters(type).keys()];
  if (input.pending?.includes(code)) {
    const text = `What is stored is still being indexed by "${shown(code)}": GET $reindex tells how far that is`;
    return new UnknownParameter('not-supported', text, shown(name));
  }
  const near = didYouMean(code, [...known, ...CONTROL_NAMES, ...INCLUDE_NAMES]);
  const many = types.length > 1 && types.includes(type);
  const whose = many ? `${type}, one of the ${types.length} types searched` : type;
  const text = `"${shown(name)}" is not a search parameter of ${whose}.${near}`;
  return new UnknownParameter('unknown-parameter', text, shown(name));
}

/** A parameter that is a reference, for a join. */
function referenceOf(draft: Draft, type: string, code: string, name: string): SearchParameter {
  const parameter = parameterOf(draft, type, code, name);
  if (parameter.type === 'reference') {
    return parameter;
  }
  throw fault(
    'unknown-parameter',
    `"${shown(name)}" goes over ${code}, which is no reference but a ${parameter.type} parameter of ${type}`,
    shown(name),
  );
}

/** `_has:Observation:patient:code`: type, reference parameter, and what is asked of that type. */
function askHas(asking: Asking, type: string, name: string, depth: number): Question {
  const { draft } = asking;
  const [, source = '', param = '', rest = ''] = /^_has:([^:]*):([^:]*):(.*)$/s.exec(name) ?? [];
  if (rest === '') {
    const text = `"${shown(name)}" is not complete: write _has:Observation:patient:code, that is type, reference parameter, parameter`;
    throw fault('value', text, shown(name));
  }
  if (!draft.definitions.isResourceType(source)) throw noType(draft, source, name);
  const parameter = referenceOf(draft, source, param, name);
  if (!referenceTargets(draft.definitions, parameter, source).includes(type)) {
    throw fault('value', `${param} of ${source} never refers to a ${type}`, shown(name));
  }
  const byUrl = isCanonical(draft.definitions, parameter, source).yes;
  const where = ask(asking, source, rest, depth + 1);
  return { op: 'has', of: type, param, branch: { type: source, where }, byUrl };
}

/** Each part of a filter is asked like a parameter of its own. */
function askFilter({ draft, values }: Asking, type: string, depth: number): Question {
  const made = new Map<string, Asking>();
  const asking = (value: string): Asking => {
    const known = made.get(value) ?? { draft, values: [value], made: new Map(), ends: new Map() };
    made.set(value, known);
    return known;
  };
  const planner: FilterPlanner = {
    parameter: (of, code) => parameterOf(draft, of, code),
    ask: (of, name, value) => ask(asking(value), of, name, depth + 1),
    over: (from, head, each) => {
      const [parameter, targets] = targetsOf(draft, from, head, `${head}.`);
      return over(draft, from, parameter, eachTarget(targets, [`${head}.`, 'of that name'], each));
    },
  };
  return planFilter(planner, type, parseFilter(values[0] ?? ''));
}

/** `subject:Patient` or `subject`, and what is asked of the types that it leads to. */
function askChain(
  asking: Asking,
  type: string,
  [head, rest]: readonly [string, string],
  depth: number,
): Question {
  const name = `${head}.${rest}`;
  if (rest === '') throw fault('value', `"${shown(name)}" is not a chain`, shown(name));
  const [parameter, targets] = targetsOf(asking.draft, type, head, name);
  const key = `${targets.join()} ${rest}`;
  const each = (target: string): Question => ask(asking, target, rest, depth + 1);
  const branches = asking.ends.get(key) ?? eachTarget(targets, [name, rest], each);
  asking.ends.set(key, branches);
  return over(asking.draft, type, parameter, branches);
}

/** What is asked of that to which a reference leads: elsewhere, or within the resource itself. */
function over(
  { definitions }: Draft,
  type: string,
  parameter: SearchParameter,
  branches: readonly Asked[],
): Question {
  const param = parameter.code;
  if (type === 'Bundle' && BUNDLE_HEADS.has(param))
    return some(...branches.map(({ where }) => nested(where, param)));
  if (isCanonical(definitions, parameter, type).yes) return { op: 'chain', param, branches, byUrl: true };
  return { op: 'chain', param, branches, inside: leadsInside(param, branches) };
}

/** The reference parameter and the types that `subject:Patient` or `subject` leads to. */
function targetsOf(
  draft: Draft,
  type: string,
  head: string,
  name: string,
): readonly [parameter: SearchParameter, targets: readonly string[]] {
  const [code = '', only, ...more] = head.split(':');
  const parameter = referenceOf(draft, type, code, name);
  if (more.length > 0) throw fault('value', `"${shown(name)}" is not a chain`, shown(name));
  const targets = referenceTargets(draft.definitions, parameter, type);
  if (only === undefined) return [parameter, targets];
  if (!draft.definitions.isResourceType(only)) throw noType(draft, only, name);
  if (targets.includes(only)) return [parameter, [only]];
  throw fault('value', `${code} of ${type} never refers to a ${only}`, shown(name));
}

/** Of several target types those count that can be asked; there must be one. */
function eachTarget(
  targets: readonly string[],
  [name, rest]: readonly [name: string, rest: string],
  each: (target: string) => Question,
): Asked[] {
  const branches: Asked[] = [];
  const issues: Issue[] = [];
  let unknown: UnknownParameter | undefined;
  for (const type of targets) {
    try {
      branches.push({ type, where: each(type) });
    } catch (error) {
      if (error instanceof UnknownParameter) unknown ??= error;
      else if (error instanceof FhirError) issues.push(...error.issues);
      else throw error;
    }
  }
  if (branches.length > 0) return branches;
  if (issues.length > 0) throw new FhirError(400, issues.slice(0, 1));
  if (targets.length === 1) throw unknown!;
  const text = `"${shown(name)}": none of the types that it leads to has a search parameter ${shown(rest)}`;
  throw new UnknownParameter('unknown-parameter', text, shown(name));
}

function noType({ definitions }: Draft, type: string, name: string): FhirError {
  const near = didYouMean(type, definitions.resourceTypes);
  return fault('value', `"${shown(type)}" in "${shown(name)}" is not a resource type.${near}`, shown(name));
}
