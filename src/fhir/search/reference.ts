/** Reference parameters: literal references, canonicals, and `:identifier`. https://hl7.org/fhir/R4/search.html#reference */
import type { Definitions, SearchParameter } from '../definitions/registry.ts';
import { fault } from '../model/outcome.ts';
import { parseLocalReference } from '../model/references.ts';
import { isObject } from '../model/tree.ts';
import type { PathNode } from '../path/engine.ts';
import { unescape } from './escape.ts';
import type { Expression } from './expression.ts';
import type { IndexValue } from './index-value.ts';
import { indexToken } from './token.ts';

/** The parameter under which Reference.identifier stands. */
export const identifierParam = (param: string): string => `${param}:identifier`;

export function indexReference(
  definitions: Definitions,
  param: string,
  node: PathNode,
  add: (value: IndexValue) => void,
): void {
  const { value, type } = node;
  if (type === 'Reference' && isObject(value)) {
    const { reference, identifier } = value;
    if (typeof reference === 'string') addReference(definitions, param, reference, add);
    if (isObject(identifier))
      indexToken(definitions, identifierParam(param), { value: identifier, type: 'Identifier' }, add);
  } else if (typeof value === 'string') {
    add({ kind: 'key', param, key: value });
    const bar = value.indexOf('|');
    if (bar > 0) add({ kind: 'key', param, key: value.slice(0, bar) });
  }
}

function addReference(
  definitions: Definitions,
  param: string,
  reference: string,
  add: (value: IndexValue) => void,
): void {
  const local = parseLocalReference(definitions, reference);
  if (local) add({ kind: 'key', param, key: `${local.type}/${local.id}` });
  else if (!reference.startsWith('#')) add({ kind: 'key', param, key: reference });
}

/** `Patient/1`, `1` (of any target type), `http://…`, a canonical. `only` is the type of a `:Patient` modifier. */
export function referenceExpression(
  definitions: Definitions,
  parameter: SearchParameter,
  value: string,
  options: { readonly only?: string; readonly baseUrl: string },
): Expression {
  return { op: 'key', param: parameter.code, keys: keysOf(definitions, parameter, unescape(value), options) };
}

function keysOf(
  definitions: Definitions,
  { code, target }: SearchParameter,
  value: string,
  { only, baseUrl }: { readonly only?: string; readonly baseUrl: string },
): string[] {
  const relative = value.startsWith(`${baseUrl}/`) ? value.slice(baseUrl.length + 1) : value;
  const local = parseLocalReference(definitions, relative);
  if (local) {
    if (only !== undefined && local.type !== only)
      throw fault('value', `"${value.slice(0, 100)}" is not a ${only}`, code);
    return [`${local.type}/${local.id}`];
  }
  if (/^[A-Za-z0-9\-.]{1,64}$/.test(relative)) {
    const types = only !== undefined ? [only] : target.length > 0 ? target : definitions.resourceTypes;
    return types.map((type) => `${type}/${relative}`);
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(relative)) return [relative];
  throw fault(
    'value',
    `"${value.slice(0, 100)}" is not a reference: write an id, ${target[0] ?? 'Patient'}/id or an absolute URL`,
    code,
  );
}
