/**
 * Search parameters -> branches of Expressions. Everything that can be wrong with a query is found and reported at once.
 * https://hl7.org/fhir/R4/search.html
 */
import type { Definitions, SearchParameter } from '../definitions/registry.ts';
import { didYouMean } from '../model/near.ts';
import { fault, FhirError, issue, type Issue } from '../model/outcome.ts';
import { dateExpression, updatedExpression } from './date.ts';
import { parseElements, type Elements } from './elements.ts';
import { splitRaw, unescape } from './escape.ts';
import { and, not, or, type Expression } from './expression.ts';
import { isServed } from './extract.ts';
import { COMPARTMENT, type IndexKind } from './index-value.ts';
import { numberExpression } from './number.ts';
import type { SortKey } from './plan.ts';
import { quantityExpression } from './quantity.ts';
import { identifierParam, referenceExpression } from './reference.ts';
import { fold, stringExpression } from './string.ts';
import { ANY_SYSTEM, textParam, tokenExpression, tokenKey } from './token.ts';
import { uriExpression } from './uri.ts';

export interface SearchInput {
  /** types to be searched; empty: all, or those of `_type` */
  readonly types: readonly string[];
  readonly parameters: readonly (readonly [name: string, value: string])[];
  /** lenient: unknown parameters become warnings */
  readonly handling: 'strict' | 'lenient';
  readonly baseUrl: string;
  readonly compartment?: { readonly type: string; readonly id: string };
}

export interface ParsedSearch {
  readonly branches: readonly { readonly type: string; readonly where: Expression }[];
  readonly sort: readonly SortKey[];
  readonly count?: number;
  readonly total?: 'none' | 'estimate' | 'accurate';
  readonly summary?: string;
  readonly elements?: Elements;
  /** what was understood, for the self link */
  readonly used: readonly (readonly [name: string, value: string])[];
  /** errors make the search impossible; warnings say what was ignored */
  readonly issues: readonly Issue[];
}

/** Bounds on a query, so that the work it causes is bounded. */
const MOST_PARAMETERS = 200;
const MOST_VALUES = 1000;
const MOST_SORT_KEYS = 8;
const MOST_COUNT = 1000;
const MOST_LENGTH = 20_000;

/** Parameters of a search that the search issue will build: refused by name, never ignored. */
const NOT_YET = new Set([
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
const FORM_ONLY = new Set(['_format', '_pretty']);
const KINDS: Readonly<Record<string, IndexKind>> = {
  token: 'key',
  reference: 'key',
  string: 'text',
  uri: 'text',
  date: 'range',
  number: 'range',
  quantity: 'range',
};

/** What the parsing of one query gathers. */
interface Draft {
  readonly input: SearchInput;
  readonly definitions: Definitions;
  types: readonly string[];
  readonly conditions: { readonly make: (type: string) => Expression }[];
  readonly sort: SortKey[];
  count?: number;
  total?: ParsedSearch['total'];
  summary?: string;
  elements?: Elements;
  readonly used: (readonly [string, string])[];
  readonly issues: Issue[];
}

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
    return {
      ...draft,
      branches: [],
      issues: [
        issue(
          'too-costly',
          `The search has ${input.parameters.length} parameters: at most ${MOST_PARAMETERS} are taken`,
        ),
      ],
    };
  }
  chooseTypes(draft);
  for (const [name, value] of input.parameters) {
    if (FORM_ONLY.has(name) || name === '_type') continue;
    collect(draft, () => parseParameter(draft, name, value));
  }
  collect(draft, () => (draft.elements = parseElements(input.parameters)));
  const { conditions, sort, count, total, summary, elements, used, issues } = draft;
  const broken = issues.some(({ severity }) => severity === 'error');
  const branches = broken
    ? []
    : draft.types.map((type) => ({ type, where: branchOf(draft, conditions, type) }));
  return { branches, sort, count, total, summary, elements, used, issues };
}

/** Runs a step and keeps what it refuses, so that all faults of a query are told together. */
function collect(draft: Draft, step: () => void): void {
  try {
    step();
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    draft.issues.push(...error.issues);
  }
}

function branchOf(draft: Draft, conditions: Draft['conditions'], type: string): Expression {
  const { compartment } = draft.input;
  const inside: Expression[] = compartment
    ? [{ op: 'key', param: COMPARTMENT, keys: [`${compartment.type}/${compartment.id}`] }]
    : [];
  return and(...inside, ...conditions.map(({ make }) => make(type)));
}

/** `_type` narrows a search over the whole system. */
function chooseTypes(draft: Draft): void {
  const { definitions, input } = draft;
  const asked = input.parameters.filter(([name]) => name === '_type');
  if (input.types.length === 0) draft.types = definitions.resourceTypes;
  if (asked.length === 0) return;
  const names = new Set(asked.flatMap(([, value]) => value.split(',')));
  for (const name of names) {
    if (definitions.isResourceType(name)) continue;
    draft.issues.push(
      issue(
        'value',
        `_type names "${name.slice(0, 64)}", which is not a resource type.${didYouMean(name, definitions.resourceTypes)}`,
        '_type',
      ),
    );
  }
  draft.types = draft.types.filter((type) => names.has(type));
  draft.used.push(...asked);
}

function parseParameter(draft: Draft, name: string, value: string): void {
  if (value.length > MOST_LENGTH)
    throw fault(
      'too-costly',
      `The value of ${name.slice(0, 64)} is longer than ${MOST_LENGTH} characters`,
      name.slice(0, 64),
    );
  if (value.includes('\u0000') || name.includes('\u0000'))
    throw fault('value', `${name.slice(0, 64)} holds the character NUL`, name.slice(0, 64));
  const control = CONTROLS[name];
  if (control) {
    control(draft, value);
    draft.used.push([name, value]);
    return;
  }
  const [code = '', modifier, ...more] = name.split(':');
  if (NOT_YET.has(code) || name.includes('.'))
    throw fault(
      'not-supported',
      `${name.slice(0, 64)} is not supported by this server yet`,
      name.slice(0, 64),
    );
  const parameters = draft.types.map((type) => draft.definitions.searchParameters(type).get(code));
  if (parameters.length === 0 || parameters.some((one) => !one)) return unknown(draft, name, code);
  const unserved = parameters.find((one) => one && !isServed(one));
  if (unserved)
    throw fault(
      'not-supported',
      `${code} is a ${unserved.type} parameter, which is not supported by this server yet`,
      code,
    );
  if (more.length > 0)
    throw fault('unknown-parameter', `"${name.slice(0, 64)}" has more than one modifier`, code);
  if (value === '') return;
  addCondition(draft, code, modifier, value);
  draft.used.push([name, value]);
}

function unknown(draft: Draft, name: string, code: string): void {
  const names =
    draft.types.length > 0
      ? [...draft.definitions.searchParameters(draft.types[0]!).keys(), ...Object.keys(CONTROLS)]
      : [];
  const where = draft.types.length === 1 ? draft.types[0] : 'all searched types';
  const text = `"${name.slice(0, 64)}" is not a search parameter of ${where}.${didYouMean(code, names)}`;
  const found = issue('unknown-parameter', text, name.slice(0, 64));
  draft.issues.push(
    draft.input.handling === 'lenient'
      ? { ...found, severity: 'warning', diagnostics: `${text} It was ignored.` }
      : found,
  );
}

type Control = (draft: Draft, value: string) => void;

const CONTROLS: Readonly<Record<string, Control>> = {
  _count: (draft, value) => {
    if (!/^\d{1,9}$/.test(value))
      throw fault('value', `_count is "${value.slice(0, 40)}": give a whole number`, '_count');
    draft.count = Math.min(Number(value), MOST_COUNT);
  },
  _total: (draft, value) => {
    if (value !== 'none' && value !== 'estimate' && value !== 'accurate') {
      throw fault('value', `_total is "${value.slice(0, 40)}": give none, estimate or accurate`, '_total');
    }
    draft.total = value;
  },
  _summary: (draft, value) => void (draft.summary = value),
  _elements: () => undefined,
  _sort: (draft, value) => parseSort(draft, value),
};

function parseSort(draft: Draft, value: string): void {
  const keys = value.split(',').filter((key) => key !== '');
  if (keys.length > MOST_SORT_KEYS)
    throw fault('too-costly', `_sort has ${keys.length} keys: at most ${MOST_SORT_KEYS} are taken`, '_sort');
  for (const key of keys) collect(draft, () => draft.sort.push(sortKey(draft, key)));
}

function sortKey(draft: Draft, text: string): SortKey {
  const descending = text.startsWith('-');
  const code = descending ? text.slice(1) : text;
  if (code === '_lastUpdated') return { by: 'updated', descending };
  if (code === '_id') return { by: 'id', descending };
  const found = draft.types.map((type) => draft.definitions.searchParameters(type).get(code));
  const [parameter] = found;
  if (!parameter || found.some((one) => one?.type !== parameter.type) || !isServed(parameter)) {
    const names =
      draft.types.length > 0 ? [...draft.definitions.searchParameters(draft.types[0]!).keys()] : [];
    throw fault(
      'unknown-parameter',
      `_sort names "${code.slice(0, 64)}", which cannot be sorted by.${didYouMean(code, names)}`,
      '_sort',
    );
  }
  const prefix = parameter.type === 'token' ? ANY_SYSTEM : undefined;
  return { by: 'param', param: code, kind: KINDS[parameter.type]!, prefix, descending };
}

/** One parameter with its values: alternatives by comma. */
function addCondition(draft: Draft, code: string, modifier: string | undefined, text: string): void {
  const values = splitRaw(text, ',');
  if (values.length > MOST_VALUES)
    throw fault(
      'too-costly',
      `${code} has ${values.length} alternatives: at most ${MOST_VALUES} are taken`,
      code,
    );
  if (code === '_id') {
    refuseModifier(code, modifier, ['not']);
    const ids: Expression = { op: 'id', ids: values.map(unescape) };
    draft.conditions.push({ make: () => (modifier === 'not' ? not(ids) : ids) });
    return;
  }
  if (code === '_lastUpdated') {
    refuseModifier(code, modifier, []);
    const range = or(...values.map(updatedExpression));
    draft.conditions.push({ make: () => range });
    return;
  }
  const made = new Map<SearchParameter, Expression>();
  for (const type of draft.types) {
    const parameter = draft.definitions.searchParameters(type).get(code)!;
    if (!made.has(parameter)) made.set(parameter, condition(draft, parameter, modifier, values));
  }
  draft.conditions.push({ make: (type) => made.get(draft.definitions.searchParameters(type).get(code)!)! });
}

/** Modifiers by type of parameter, beside `missing`, which all have. https://hl7.org/fhir/R4/search.html#modifiers */
const MODIFIERS: Readonly<Record<string, readonly string[]>> = {
  token: ['text', 'not'],
  reference: ['identifier'],
  string: ['exact', 'contains'],
  uri: ['below', 'above'],
  date: [],
  number: [],
  quantity: [],
};

function refuseModifier(code: string, modifier: string | undefined, known: readonly string[]): void {
  if (modifier === undefined || known.includes(modifier)) return;
  const possible =
    known.length > 0 ? `possible are ${known.map((one) => `:${one}`).join(', ')}` : 'it takes none';
  throw fault(
    'unknown-parameter',
    `${code} has no modifier ":${modifier.slice(0, 40)}": ${possible}`,
    `${code}:${modifier.slice(0, 40)}`,
  );
}

function condition(
  draft: Draft,
  parameter: SearchParameter,
  modifier: string | undefined,
  values: readonly string[],
): Expression {
  const { code, type } = parameter;
  if (modifier === 'missing') return missing(parameter, values);
  const isTarget =
    type === 'reference' && modifier !== undefined && draft.definitions.isResourceType(modifier);
  if (!isTarget) refuseModifier(code, modifier, [...MODIFIERS[type]!, 'missing']);
  switch (type) {
    case 'token':
      return tokenCondition(code, modifier, values);
    case 'reference':
      if (modifier === 'identifier')
        return { op: 'key', param: identifierParam(code), keys: values.map((one) => tokenKey(code, one)) };
      return or(
        ...values.map((one) =>
          referenceExpression(draft.definitions, parameter, one, {
            only: modifier,
            baseUrl: draft.input.baseUrl,
          }),
        ),
      );
    case 'string':
      return or(...values.map((one) => stringExpression(code, modifier, one)));
    case 'uri':
      return or(...values.map((one) => uriExpression(code, modifier, one)));
    case 'date':
      return or(...values.map((one) => dateExpression(code, one)));
    case 'number':
      return or(...values.map((one) => numberExpression(code, one)));
    default:
      return or(...values.map((one) => quantityExpression(code, one)));
  }
}

function tokenCondition(code: string, modifier: string | undefined, values: readonly string[]): Expression {
  if (modifier === 'text') {
    return or(
      ...values.map((one): Expression => ({
        op: 'text',
        param: textParam(code),
        test: 'starts',
        value: fold(unescape(one)),
      })),
    );
  }
  const found = tokenExpression(code, values);
  return modifier === 'not' ? not(found) : found;
}

function missing({ code, type }: SearchParameter, values: readonly string[]): Expression {
  const [value] = values;
  if (values.length !== 1 || (value !== 'true' && value !== 'false')) {
    throw fault(
      'value',
      `${code}:missing is "${values.join(',').slice(0, 40)}": give true or false`,
      `${code}:missing`,
    );
  }
  const present: Expression = { op: 'present', param: code, kind: KINDS[type]! };
  return value === 'true' ? not(present) : present;
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
