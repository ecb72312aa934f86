/**
 * One search parameter with its modifier and alternatives -> an Expression, by the type of the parameter.
 * https://hl7.org/fhir/R4/search.html#ptypes, https://hl7.org/fhir/R4/search.html#modifiers
 */
import type { Definitions, SearchParameter, SearchParamType } from '../definitions/registry.ts';
import { didYouMean } from '../model/near.ts';
import { fault, FhirError, type Issue } from '../model/outcome.ts';
import { dateExpression, updatedExpression } from './date.ts';
import type { Draft } from './draft.ts';
import { compositeWays, togetherExpression, type CompositeWay } from './composite.ts';
import { splitRaw, unescape } from './escape.ts';
import { and, NONE, not, or, type Expression } from './expression.ts';
import { isFullText, textExpression } from './full-text.ts';
import { INDEX_KINDS } from './extract.ts';
import { nearExpression } from './near.ts';
import { numberExpression } from './number.ts';
import { quantityExpression } from './quantity.ts';
import { identifierParam, referenceExpression, referenceTargets } from './reference.ts';
import { stringExpression } from './string.ts';
import {
  codesExpression,
  ofTypeExpression,
  tokenExpression,
  tokenKey,
  tokenShape,
  type TokenShape,
} from './token.ts';
import { codesOfHierarchy, codesOfValueSet } from './token-sets.ts';
import { uriExpression } from './uri.ts';

/** Modifiers by type of parameter, beside `missing`, which all have, and the resource types that a reference takes. */
export const MODIFIERS: Readonly<Partial<Record<SearchParamType, readonly string[]>>> = {
  token: ['text', 'not', 'in', 'not-in', 'above', 'below', 'of-type'],
  reference: ['identifier', 'above', 'below'],
  string: ['exact', 'contains'],
  uri: ['below', 'above'],
  date: [],
  number: [],
  quantity: [],
  composite: [],
  special: [],
};

function refuseModifier(code: string, modifier: string | undefined, known: readonly string[]): void {
  if (modifier === undefined || known.includes(modifier)) return;
  const at = `${code}:${modifier.slice(0, 40)}`;
  const possible =
    known.length > 0 ? `possible are ${known.map((one) => `:${one}`).join(', ')}.` : 'it takes none.';
  const text = `${code} has no modifier ":${modifier.slice(0, 40)}": ${possible}${didYouMean(modifier, known)}`;
  throw fault('unknown-parameter', text, at);
}

/** The alternatives of a parameter, joined; the faults of all of them are told together. */
function anyOf(values: readonly string[], make: (value: string) => Expression): Expression {
  const issues: Issue[] = [];
  const made = values.map((value) => {
    try {
      return make(value);
    } catch (error) {
      if (!(error instanceof FhirError)) throw error;
      issues.push(...error.issues);
      return NONE;
    }
  });
  if (issues.length > 0) throw new FhirError(400, issues);
  return or(...made);
}

/** `_id` and `_lastUpdated`, which are known of a version without looking into it. */
export function intrinsicCondition(
  { input }: Draft,
  code: string,
  modifier: string | undefined,
  values: readonly string[],
): Expression {
  if (modifier === 'missing') return isMissing(code, values) ? NONE : { op: 'all' };
  if (code === '_lastUpdated') {
    refuseModifier(code, modifier, ['missing']);
    return anyOf(values, (one) => updatedExpression(one, input.now));
  }
  refuseModifier(code, modifier, ['not', 'missing']);
  const ids: Expression = { op: 'id', ids: [...new Set(values.map(unescape))] };
  return modifier === 'not' ? not(ids) : ids;
}

/** A parameter that is found by its index values, for one type of resource. Throws FhirError with all its faults. */
export function parameterCondition(
  draft: Draft,
  parameter: SearchParameter,
  type: string,
  modifier: string | undefined,
  values: readonly string[],
): Expression {
  const { code } = parameter;
  const { definitions, input } = draft;
  if (isFullText(code)) return fullTextCondition(code, modifier, values);
  if (parameter.type === 'composite') return compositeCondition(draft, parameter, type, modifier, values);
  if (modifier === 'missing') {
    const present: Expression = { op: 'present', param: code, kind: INDEX_KINDS[parameter.type]! };
    return isMissing(code, values) ? not(present) : present;
  }
  const isTarget =
    parameter.type === 'reference' && modifier !== undefined && definitions.isResourceType(modifier);
  if (!isTarget) refuseModifier(code, modifier, [...MODIFIERS[parameter.type]!, 'missing']);
  switch (parameter.type) {
    case 'token':
      return tokenCondition(definitions, code, tokenShape(definitions, parameter, type), modifier, values);
    case 'reference': {
      if (modifier === 'identifier') return identifierCondition(code, values);
      const targets = referenceTargets(definitions, parameter, type);
      return referenceExpression(
        definitions,
        { param: code, targets, only: modifier, baseUrl: input.baseUrl },
        values,
      );
    }
    case 'string':
      return anyOf(values, (one) => stringExpression(code, modifier, one));
    case 'uri':
      return anyOf(values, (one) => uriExpression(code, modifier, one));
    case 'date':
      return anyOf(values, (one) => dateExpression(code, one, input.now));
    case 'number':
      return anyOf(values, (one) => numberExpression(code, one));
    case 'special':
      return anyOf(values, (one) => nearExpression(code, one));
    default:
      return anyOf(values, (one) => quantityExpression(code, one));
  }
}

function tokenCondition(
  definitions: Definitions,
  code: string,
  shape: TokenShape,
  modifier: string | undefined,
  values: readonly string[],
): Expression {
  const at = `${code}:${modifier}`;
  switch (modifier) {
    case 'in':
    case 'not-in': {
      const codes = values.flatMap((one) => codesOfValueSet(definitions, at, one));
      const within = codesExpression(code, shape, codes);
      return modifier === 'in' ? within : not(within);
    }
    case 'above':
    case 'below': {
      const codes = values.flatMap((one) => codesOfHierarchy(definitions, at, shape, one));
      return codesExpression(code, shape, codes);
    }
    case 'of-type':
      return ofTypeExpression(code, values);
    default:
      return tokenExpression(code, shape, modifier, values);
  }
}

/** `code$5.4|…|mg`: a part for each component. */
function compositeCondition(
  draft: Draft,
  parameter: SearchParameter,
  type: string,
  modifier: string | undefined,
  values: readonly string[],
): Expression {
  const { code, component } = parameter;
  const ways = compositeWays(draft.definitions, parameter, type);
  if (ways.length === 0)
    throw fault('not-supported', `The components of ${code} cannot be searched together`, code);
  refuseModifier(code, modifier, ['missing']);
  if (modifier === 'missing') {
    const present = or(...ways.map(presentWay));
    return isMissing(code, values) ? not(present) : present;
  }
  return anyOf(values, (value) => {
    const parts = splitRaw(value, '$');
    if (parts.length !== component.length || parts.includes('')) {
      const text = `"${value.slice(0, 100)}" of ${code} has not the ${component.length} parts of the composite: separate them by $`;
      throw fault('value', text, code);
    }
    return or(...ways.map((way) => wayCondition(draft, way, type, parts)));
  });
}

function presentWay(way: CompositeWay): Expression {
  if (way.kind === 'element') return { op: 'present', param: way.param, kind: way.of };
  return and(
    ...way.parameters.map((one): Expression => ({
      op: 'present',
      param: one.code,
      kind: INDEX_KINDS[one.type]!,
    })),
  );
}

function wayCondition(draft: Draft, way: CompositeWay, type: string, parts: readonly string[]): Expression {
  const ask = (parameter: SearchParameter, place: number): Expression =>
    parameterCondition(draft, parameter, type, undefined, [parts[place]!]);
  if (way.kind === 'root') return and(...way.parameters.map(ask));
  const asked = way.components.map(({ parameter, place }) => ask(parameter, place));
  return togetherExpression(way.param, asked);
}

function fullTextCondition(
  param: string,
  modifier: string | undefined,
  values: readonly string[],
): Expression {
  refuseModifier(param, modifier, ['missing']);
  if (modifier === undefined) return anyOf(values, (one) => textExpression(param, one));
  const present: Expression = { op: 'present', param, kind: 'key' };
  return isMissing(param, values) ? not(present) : present;
}

function identifierCondition(code: string, values: readonly string[]): Expression {
  return {
    op: 'key',
    param: identifierParam(code),
    keys: values.map((one) => tokenKey(`${code}:identifier`, one)),
  };
}

function isMissing(code: string, values: readonly string[]): boolean {
  const [value] = values;
  if (values.length === 1 && (value === 'true' || value === 'false')) return value === 'true';
  throw fault(
    'value',
    `${code}:missing is "${values.join(',').slice(0, 40)}": give true or false`,
    `${code}:missing`,
  );
}
