/**
 * Search parameters -> branches of Expressions. Everything that can be wrong with a query is found and reported at once.
 * https://hl7.org/fhir/R4/search.html
 */
import type { Definitions } from '../definitions/registry.ts';
import { didYouMean } from '../model/near.ts';
import { fault, issue, type Issue } from '../model/outcome.ts';
import { askEach } from './ask.ts';
import { control, isControl } from './control.ts';
import { collect, type ContainedSearch, type Draft, type ParsedSearch, type SearchInput } from './draft.ts';
import { parseElements } from './elements.ts';
import { splitRaw } from './escape.ts';
import { askedStems } from './full-text.ts';
import { isInclude, parseInclude } from './include.ts';
import { COMPARTMENT } from './index-value.ts';
import { contains, hasReverse } from './nested.ts';
import { withoutNamedQuery } from './named-query.ts';
import { every, some, type Asked, type Question } from './question.ts';
import { shown, UnknownParameter } from './unknown.ts';

export type { ParsedSearch, SearchInput } from './draft.ts';

/** Bounds on a query, so that the work it causes is bounded. */
const MOST_PARAMETERS = 200;
const MOST_VALUES = 1000;
const MOST_LENGTH = 100_000;
const MOST_VALUE_LENGTH = 2000;

/** Parameters of the HTTP interaction, not of the search. */
const OF_HTTP: ReadonlySet<string> = new Set(['_format', '_pretty']);

export function parseSearch(definitions: Definitions, input: SearchInput): ParsedSearch {
  const draft: Draft = {
    input,
    definitions,
    types: input.types,
    conditions: [],
    includes: [],
    sort: [],
    used: [],
    issues: [],
  };
  if (input.parameters.length > MOST_PARAMETERS) {
    const text = `The search has ${input.parameters.length} parameters: at most ${MOST_PARAMETERS} are taken`;
    return { branches: [], includes: [], sort: [], used: [], issues: [issue('too-costly', text)] };
  }
  chooseTypes(draft);
  const parameters = collect(draft, () => withoutNamedQuery(draft.types, input.parameters)) ?? [];
  for (const [name, value] of parameters) {
    if (!OF_HTTP.has(name) && name !== '_type') collect(draft, () => parseParameter(draft, name, value));
  }
  // The self link tells what was asked, a named query by its name.
  if (parameters !== input.parameters && parameters.length > 0) draft.used = asAsked(input);
  draft.elements = collect(draft, () => parseElements(input.parameters));
  if (draft.includes.length > 0 && draft.summary === 'text')
    draft.issues.push(
      issue('value', '_summary=text cannot be combined with _include or _revinclude', '_summary'),
    );
  const contained = collect(draft, () => containedOf(draft));
  const { includes, sort, count, total, summary, elements, used, issues } = draft;
  const branches = branchesOf(draft, contained);
  const scored = scoredBy(draft);
  return { branches, scored, includes, sort, count, total, summary, elements, contained, used, issues };
}

/** Scores are told where they are asked for, and where words are. */
function scoredBy({ score, types, conditions }: Draft): ParsedSearch['scored'] {
  if (score === false) return undefined;
  const stems = new Set(types.slice(0, 1).flatMap((type) => askedStems(whereOf(conditions, type))));
  return score || stems.size > 0 ? stems : undefined;
}

const asAsked = ({ parameters }: SearchInput): Draft['used'] =>
  parameters.filter(([name]) => !OF_HTTP.has(name));

/** Types that can be searched for within others at once: each is looked for in every type there is. */
const MOST_CONTAINED = 3;

function containedOf(draft: Draft): ContainedSearch | undefined {
  const { contained: which = 'false', containedType: returns = 'container', types, conditions, sort } = draft;
  if (which === 'false' || draft.issues.some(({ severity }) => severity === 'error')) return undefined;
  if (types.length > MOST_CONTAINED)
    throw fault('too-costly', `_contained is for at most ${MOST_CONTAINED} types at once`, '_contained');
  const by = sort.find((key) => key.by === 'param');
  if (by?.by === 'param')
    throw fault('not-supported', `_sort by ${by.param} cannot be combined with _contained`, '_sort');
  const asked = types.map((type): Asked => ({ type, where: whereOf(conditions, type) }));
  if (asked.some(({ where }) => hasReverse(where)))
    throw fault(
      'not-supported',
      'Nothing refers to a contained resource from outside: leave _has out',
      '_has',
    );
  return { which, returns, asked };
}

const whereOf = (conditions: Draft['conditions'], type: string): Question =>
  every(...conditions.map((condition) => condition(type)));

function branchesOf(
  { definitions, types, conditions, issues, input: { compartment } }: Draft,
  contained: ContainedSearch | undefined,
): ParsedSearch['branches'] {
  if (issues.some(({ severity }) => severity === 'error')) return [];
  const inside: Question[] = compartment
    ? [{ op: 'key', param: COMPARTMENT, keys: [`${compartment.type}/${compartment.id}`] }]
    : [];
  if (!contained) return types.map((type) => ({ type, where: every(...inside, whereOf(conditions, type)) }));
  const within = contains(contained.asked);
  return definitions.resourceTypes.map((type) => {
    const own = contained.which === 'both' && types.includes(type);
    return { type, where: every(...inside, own ? some(whereOf(conditions, type), within) : within) };
  });
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

function parseParameter(draft: Draft, name: string, value: string): void {
  refuseMonstrous(name, value);
  if (isControl(name)) {
    control(draft, name, value);
    draft.used.push([name, value]);
    return;
  }
  if (isInclude(name)) {
    asUnknown(draft, () => {
      parseInclude(draft, name, value);
      draft.used.push([name, value]);
    });
    return;
  }
  if (value === '') {
    // An unknown name is the graver fault.
    const known = asUnknown(draft, () => askEach(draft, draft.types, name, []));
    const text = `${shown(name)} has no value: give one or leave the parameter out`;
    if (known) ignoreOrRefuse(draft, issue('value', text, shown(name)));
    return;
  }
  // The commas of a filter are its own.
  const values = /(?:^|[.:])_filter$/.test(name) ? [value] : valuesOf(name, value);
  const asked = asUnknown(draft, () => askEach(draft, draft.types, name, values));
  if (!asked) return;
  draft.conditions.push((type) => asked.get(type)!);
  draft.used.push([name, value]);
}

/** Runs a step; a parameter that turns out to be unknown is refused or, in lenient handling, left out. */
function asUnknown<T>(draft: Draft, step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof UnknownParameter)) throw error;
    error.issues.forEach((one) => ignoreOrRefuse(draft, one));
    return undefined;
  }
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

/** The alternatives of a value, by comma. */
function valuesOf(name: string, text: string): string[] {
  const values = splitRaw(text, ',');
  if (values.length > MOST_VALUES) {
    const many = `${shown(name)} has ${values.length} alternatives: at most ${MOST_VALUES} are taken`;
    throw fault('too-costly', many, shown(name));
  }
  if (values.some((one) => one === ''))
    throw fault('value', `${shown(name)} has an empty alternative: "${text.slice(0, 60)}"`, shown(name));
  if (values.some((one) => one.length > MOST_VALUE_LENGTH)) {
    const long = `A value of ${shown(name)} is longer than ${MOST_VALUE_LENGTH} characters`;
    throw fault('too-costly', long, shown(name));
  }
  return values;
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
