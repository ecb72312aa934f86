/**
 * Search parameters -> branches of Expressions. Everything that can be wrong with a query is found and reported at once.
 * https://hl7.org/fhir/R4/search.html
 */
import type { Definitions, SearchParameter } from '../definitions/registry.ts';
import { didYouMean } from '../model/near.ts';
import { fault, issue, type Issue } from '../model/outcome.ts';
import { intrinsicCondition, parameterCondition } from './condition.ts';
import { control, isControl, CONTROL_NAMES } from './control.ts';
import { collect, type Draft, type ParsedSearch, type SearchInput } from './draft.ts';
import { parseElements } from './elements.ts';
import { splitRaw } from './escape.ts';
import { and, NONE, type Expression } from './expression.ts';
import { INTRINSIC, isServed } from './extract.ts';
import { COMPARTMENT } from './index-value.ts';

export type { ParsedSearch, SearchInput } from './draft.ts';

/** Bounds on a query, so that the work it causes is bounded. */
const MOST_PARAMETERS = 200;
const MOST_VALUES = 1000;
const MOST_LENGTH = 100_000;
const MOST_VALUE_LENGTH = 2000;

/** Parameters that the search issue will build: refused by name. A chain (`subject.name`) is one, too. */
const NOT_YET: ReadonlySet<string> = new Set([
  '_has',
  '_include',
  '_revinclude',
  '_filter',
  '_text',
  '_content',
  '_list',
  '_query',
  '_contained',
  '_containedType',
  '_score',
]);
/** Parameters of the HTTP interaction, not of the search. */
const OF_HTTP: ReadonlySet<string> = new Set(['_format', '_pretty']);

export function parseSearch(definitions: Definitions, input: SearchInput): ParsedSearch {
  const draft: Draft = {
    input,
    definitions,
    types: input.types,
    conditions: [],
    sort: [],
    used: [],
    issues: [],
  };
  if (input.parameters.length > MOST_PARAMETERS) {
    const text = `The search has ${input.parameters.length} parameters: at most ${MOST_PARAMETERS} are taken`;
    return { branches: [], sort: [], used: [], issues: [issue('too-costly', text)] };
  }
  chooseTypes(draft);
  for (const [name, value] of input.parameters) {
    if (!OF_HTTP.has(name) && name !== '_type') collect(draft, () => parseParameter(draft, name, value));
  }
  draft.elements = collect(draft, () => parseElements(input.parameters));
  const { sort, count, total, summary, elements, used, issues } = draft;
  return { branches: branchesOf(draft), sort, count, total, summary, elements, used, issues };
}

function branchesOf({ types, conditions, issues, input: { compartment } }: Draft): ParsedSearch['branches'] {
  if (issues.some(({ severity }) => severity === 'error')) return [];
  const inside: Expression[] = compartment
    ? [{ op: 'key', param: COMPARTMENT, keys: [`${compartment.type}/${compartment.id}`] }]
    : [];
  return types.map((type) => ({
    type,
    where: and(...inside, ...conditions.map((condition) => condition(type))),
  }));
}

/** `_type` narrows a search over several types. https://hl7.org/fhir/R4/http.html#search */
function chooseTypes(draft: Draft): void {
  const { definitions, input } = draft;
  if (input.types.length === 0) draft.types = definitions.resourceTypes;
  const asked = input.parameters.filter(([name]) => name === '_type');
  if (asked.length === 0) return;
  const names = new Set(asked.flatMap(([, value]) => value.split(',')));
  for (const name of names) {
    if (definitions.isResourceType(name)) continue;
    const near = didYouMean(name, definitions.resourceTypes);
    draft.issues.push(
      issue('value', `_type names "${name.slice(0, 64)}", which is not a resource type.${near}`, '_type'),
    );
  }
  draft.types = draft.types.filter((type) => names.has(type));
  draft.used.push(...asked);
}

/** A parameter name as an error shows it. */
const shown = (name: string): string => name.slice(0, 64).replace(/[^\x20-\x7e]/g, '?');

function parseParameter(draft: Draft, name: string, value: string): void {
  refuseMonstrous(name, value);
  if (isControl(name)) {
    control(draft, name, value);
    draft.used.push([name, value]);
    return;
  }
  const [code = '', modifier, ...more] = name.split(':');
  if (NOT_YET.has(code) || code.includes('.') || modifier?.includes('.')) {
    const what = NOT_YET.has(code) ? code : `"${shown(name)}" is a chain, which`;
    return ignoreOrRefuse(
      draft,
      issue('not-supported', `${what} is not supported by this server yet`, shown(name)),
    );
  }
  const parameters = draft.types.map((type) => draft.definitions.searchParameters(type).get(code));
  if (!parameters.every((one) => one !== undefined)) return ignoreOrRefuse(draft, unknown(draft, name, code));
  const unserved = parameters.find((one) => !isServed(one));
  if (unserved) {
    const text = `${code} is a ${unserved.type} parameter, which is not supported by this server yet`;
    return ignoreOrRefuse(draft, issue('not-supported', text, code));
  }
  if (value === '') {
    return ignoreOrRefuse(
      draft,
      issue('value', `${shown(name)} has no value: give one or leave the parameter out`, shown(name)),
    );
  }
  if (more.length > 0) throw fault('unknown-parameter', `"${shown(name)}" has more than one modifier`, code);
  addCondition(draft, code, modifier, value, parameters);
  draft.used.push([name, value]);
}

function refuseMonstrous(name: string, value: string): void {
  if (value.length > MOST_LENGTH) {
    throw fault(
      'too-costly',
      `The value of ${shown(name)} is longer than ${MOST_LENGTH} characters`,
      shown(name),
    );
  }
  if (value.includes('\u0000') || name.includes('\u0000') || !value.isWellFormed()) {
    throw fault(
      'value',
      `${shown(name)} holds the character NUL (U+0000) or half a surrogate pair`,
      shown(name),
    );
  }
}

/** A parameter that is unknown, not supported or empty. */
function ignoreOrRefuse(draft: Draft, problem: Issue): void {
  if (draft.input.handling === 'strict') draft.issues.push(problem);
  else
    draft.issues.push({
      ...problem,
      severity: 'warning',
      diagnostics: `${problem.diagnostics} It was ignored.`,
    });
}

function unknown({ definitions, types }: Draft, name: string, code: string): Issue {
  const lacking = types.find((type) => !definitions.searchParameters(type).has(code)) ?? 'any type';
  const known = types.length > 0 ? [...definitions.searchParameters(types[0]!).keys()] : [];
  const near = didYouMean(code, [...known, ...CONTROL_NAMES]);
  const whose = types.length === 1 ? lacking : `${lacking}, one of the ${types.length} types searched`;
  return issue(
    'unknown-parameter',
    `"${shown(name)}" is not a search parameter of ${whose}.${near}`,
    shown(name),
  );
}

/** One parameter with its values: alternatives by comma. */
function addCondition(
  draft: Draft,
  code: string,
  modifier: string | undefined,
  text: string,
  parameters: readonly SearchParameter[],
): void {
  const values = splitRaw(text, ',');
  if (values.length > MOST_VALUES) {
    throw fault(
      'too-costly',
      `${code} has ${values.length} alternatives: at most ${MOST_VALUES} are taken`,
      code,
    );
  }
  if (values.some((one) => one === ''))
    throw fault('value', `${code} has an empty alternative: "${text.slice(0, 60)}"`, code);
  if (values.some((one) => one.length > MOST_VALUE_LENGTH)) {
    throw fault('too-costly', `A value of ${code} is longer than ${MOST_VALUE_LENGTH} characters`, code);
  }
  const failed = draft.issues.length;
  const made = new Map(
    draft.types.map((type, i) => {
      // One report of a fault is enough where many types share the parameter.
      if (draft.issues.length > failed) return [type, NONE];
      const parameter = parameters[i]!;
      if (INTRINSIC.has(code))
        return [type, collect(draft, () => intrinsicCondition(draft, code, modifier, values)) ?? NONE];
      return [
        type,
        collect(draft, () => parameterCondition(draft, parameter, type, modifier, values)) ?? NONE,
      ];
    }),
  );
  draft.conditions.push((type) => made.get(type)!);
}

/** A query string of parameters; what needs no escape in a query stays legible. */
export function renderQuery(used: readonly (readonly [string, string])[]): string {
  return used.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
}

const encode = (text: string): string =>
  encodeURIComponent(text)
    .replaceAll('%3A', ':')
    .replaceAll('%2F', '/')
    .replaceAll('%7C', '|')
    .replaceAll('%2C', ',');
