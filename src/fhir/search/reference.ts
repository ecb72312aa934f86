/** Reference parameters: literal references, canonicals, and `:identifier`. https://hl7.org/fhir/R4/search.html#reference */
import type { Definitions } from '../definitions/registry.ts';
import { fault } from '../model/outcome.ts';
import { parseLocalReference } from '../model/references.ts';
import { isObject } from '../model/tree.ts';
import type { PathNode } from '../path/engine.ts';
import { staticTypes } from '../path/static.ts';
import type { Add } from './add.ts';
import { unescape } from './escape.ts';
import type { Expression } from './expression.ts';
import { perParameter } from './per-parameter.ts';
import { indexToken } from './token.ts';

/** The parameter under which Reference.identifier stands. */
export const identifierParam = (param: string): string => `${param}:identifier`;

const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:/;
/** Names inside one Bundle or nothing but a name: no one can search by them. */
const UNSEARCHABLE = /^urn:(?:uuid|oid):/i;

/**
 * Index values of a Reference (`Type/id` without a version, or the URL of another server), or of a canonical or uri. `baseUrl`: references below it
 * are local ones.
 */
export function indexReference(
  definitions: Definitions,
  param: string,
  { value, type }: PathNode,
  add: Add,
  { baseUrl, places }: { readonly baseUrl?: string; readonly places?: ReadonlyMap<string, string> },
): void {
  if (type === 'Reference' && isObject(value)) {
    const { reference, identifier } = value;
    const place = typeof reference === 'string' ? places?.get(reference) : undefined;
    if (place !== undefined) add({ kind: 'key', param, key: place });
    else if (typeof reference === 'string') addReference(definitions, param, below(baseUrl, reference), add);
    if (isObject(identifier))
      indexToken(identifierParam(param), { value: identifier, type: 'Identifier' }, add);
  } else if (typeof value === 'string') {
    add({ kind: 'key', param, key: value });
    const bar = value.indexOf('|');
    if (bar > 0) add({ kind: 'key', param, key: value.slice(0, bar) });
  }
}

function addReference(definitions: Definitions, param: string, reference: string, add: Add): void {
  const local = parseLocalReference(definitions, reference);
  if (local) add({ kind: 'key', param, key: `${local.type}/${local.id}` });
  else if (ABSOLUTE.test(reference) && !UNSEARCHABLE.test(reference))
    add({ kind: 'key', param, key: reference });
}

/** The reference without the base of this server. */
function below(baseUrl: string | undefined, reference: string): string {
  return baseUrl !== undefined && reference.startsWith(`${baseUrl}/`)
    ? reference.slice(baseUrl.length + 1)
    : reference;
}

/** Types that an id without a type may mean: those the element refers to, as far as the parameter allows them; all when neither says. */
export const referenceTargets = perParameter(
  (definitions, { expression, target }, type): readonly string[] => {
    const found = staticTypes(definitions, expression ?? '', type) ?? [];
    const named = found.map(({ refersTo, element }) =>
      refersTo !== undefined ? [refersTo] : (element?.targets ?? []),
    );
    const any = named.length === 0 || named.some((types) => types.length === 0);
    const own = any
      ? target
      : [...new Set(named.flat())].filter((one) => target.length === 0 || target.includes(one));
    const known = own.filter((one) => definitions.isResourceType(one));
    return known.length > 0 ? known : definitions.resourceTypes;
  },
);

/** Whether a parameter refers by canonical URL: what it leads to is named by its `url`, not by type and id. */
export const isCanonical = perParameter((definitions, { expression }, type): { readonly yes: boolean } => {
  const found = staticTypes(definitions, expression ?? '', type) ?? [];
  return { yes: found.length > 0 && found.every((one) => one.type === 'canonical' || one.type === 'uri') };
});

export interface ReferenceQuery {
  readonly param: string;
  /** types for an id without a type */
  readonly targets: readonly string[];
  /** the type of a `:Patient` modifier */
  readonly only?: string;
  readonly baseUrl: string;
}

/** Keys of a search value: `Patient/1`, `1` (of any target type), `http://…`, a canonical. Throws FhirError `value` for anything else. */
export function referenceKeys(definitions: Definitions, query: ReferenceQuery, text: string): string[] {
  const { param, targets, only, baseUrl } = query;
  const value = unescape(text);
  const relative = below(baseUrl, value);
  const local = parseLocalReference(definitions, relative);
  if (local) {
    if (only !== undefined && local.type !== only) {
      throw fault(
        'value',
        `"${value.slice(0, 100)}" of ${param}:${only} is not a ${only}`,
        `${param}:${only}`,
      );
    }
    const key = `${local.type}/${local.id}`;
    return relative === value ? [key] : [key, value];
  }
  if (/^[A-Za-z0-9\-.]{1,64}$/.test(value))
    return (only !== undefined ? [only] : targets).map((type) => `${type}/${value}`);
  if (ABSOLUTE.test(value)) return [value];
  const example = targets[0] ?? 'Patient';
  throw fault(
    'value',
    `"${value.slice(0, 100)}" of ${param} is not a reference: write an id, ${example}/id or an absolute URL`,
    param,
  );
}

export function referenceExpression(
  definitions: Definitions,
  query: ReferenceQuery,
  values: readonly string[],
): Expression {
  const keys = values.flatMap((one) => referenceKeys(definitions, query, one));
  return { op: 'key', param: query.param, keys: [...new Set(keys)] };
}
