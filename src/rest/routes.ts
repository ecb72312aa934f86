/**
 * The routes of the FHIR API as a literal table: shape of the path -> method -> interaction. The CapabilityStatement is held against it by a test.
 * https://hl7.org/fhir/R4/http.html#summary
 */
import { fault } from '../fhir/model/outcome.ts';
import { didYouMean } from '../fhir/model/near.ts';
import type { Definitions } from '../fhir/definitions/registry.ts';
import type { Method } from './request.ts';
import { isTerminologyOperation } from './terminology-operations.ts';

export type Interaction =
  | 'capabilities'
  | 'bundle'
  | 'read'
  | 'vread'
  | 'create'
  | 'update'
  | 'update-conditional'
  | 'patch'
  | 'patch-conditional'
  | 'delete'
  | 'delete-conditional'
  | 'history-instance'
  | 'history-type'
  | 'history-system'
  | 'search-type'
  | 'search-system'
  | 'search-compartment'
  | 'reindex'
  | 'reindex-status'
  | 'validate'
  | 'terminology';

export type Shape =
  | ''
  | 'metadata'
  | '_history'
  | '$reindex'
  | '{type}/$reindex'
  | '$validate'
  | '{type}/$validate'
  | '{type}/{id}/$validate'
  | '{terminology}'
  | '{type}/{terminology}'
  | '{type}/{id}/{terminology}'
  | '_search'
  | '{type}'
  | '{type}/_search'
  | '{type}/_history'
  | '{type}/{id}'
  | '{type}/{id}/_history'
  | '{type}/{id}/_history/{vid}'
  | '{type}/{id}/{inside}'
  | '{type}/{id}/{inside}/_search';

export const ROUTES: Readonly<Record<Shape, Readonly<Partial<Record<Method, Interaction>>>>> = {
  '': { GET: 'search-system', POST: 'bundle' },
  metadata: { GET: 'capabilities' },
  _history: { GET: 'history-system' },
  $reindex: { GET: 'reindex-status', POST: 'reindex' },
  '{type}/$reindex': { GET: 'reindex-status', POST: 'reindex' },
  $validate: { POST: 'validate' },
  '{type}/$validate': { POST: 'validate' },
  '{type}/{id}/$validate': { GET: 'validate', POST: 'validate' },
  '{terminology}': { GET: 'terminology', POST: 'terminology' },
  '{type}/{terminology}': { GET: 'terminology', POST: 'terminology' },
  '{type}/{id}/{terminology}': { GET: 'terminology', POST: 'terminology' },
  _search: { POST: 'search-system' },
  '{type}': {
    GET: 'search-type',
    POST: 'create',
    PUT: 'update-conditional',
    PATCH: 'patch-conditional',
    DELETE: 'delete-conditional',
  },
  '{type}/_search': { POST: 'search-type' },
  '{type}/_history': { GET: 'history-type' },
  '{type}/{id}': { GET: 'read', PUT: 'update', PATCH: 'patch', DELETE: 'delete' },
  '{type}/{id}/_history': { GET: 'history-instance' },
  '{type}/{id}/_history/{vid}': { GET: 'vread' },
  '{type}/{id}/{inside}': { GET: 'search-compartment' },
  '{type}/{id}/{inside}/_search': { POST: 'search-compartment' },
};

/** The interaction of a request. HEAD is a GET without a body. Throws 404 for an unknown type, path or operation, 405 with Allow. */
export function route(definitions: Definitions, method: Method, path: readonly string[]): Interaction {
  const shape = shapeOf(definitions, path);
  const methods = ROUTES[shape];
  const interaction = methods[method === 'HEAD' ? 'GET' : method];
  if (interaction) return interaction;
  const allowed = Object.keys(methods).flatMap((one) => (one === 'GET' ? ['GET', 'HEAD'] : [one]));
  const error = fault(
    'method',
    `${method} is not possible on /${path.join('/').slice(0, 200)}: possible are ${allowed.join(', ')}`,
  );
  throw Object.assign(error, { headers: { allow: allowed.join(', ') } });
}

function shapeOf(definitions: Definitions, path: readonly string[]): Shape {
  const [first, second, third, fourth] = path;
  const operation = operationShape(definitions, path);
  if (operation) return operation;
  if (first === undefined) return '';
  if (path.length === 1 && (first === 'metadata' || first === '_history' || first === '_search'))
    return first;
  if (!definitions.isResourceType(first)) throw unknownType(definitions, first);
  if (second === undefined) return '{type}';
  if (path.length === 2)
    return second === '_search' || second === '_history' ? `{type}/${second}` : '{type}/{id}';
  if (path.length === 3) return third === '_history' ? '{type}/{id}/_history' : '{type}/{id}/{inside}';
  if (path.length === 4 && third === '_history') return '{type}/{id}/_history/{vid}';
  if (path.length === 4 && fourth === '_search') return '{type}/{id}/{inside}/_search';
  throw fault(
    'unknown-interaction',
    `There is nothing at /${path.join('/').slice(0, 200)}: see https://hl7.org/fhir/R4/http.html#summary`,
  );
}

const TERMINOLOGY_SHAPES: readonly Shape[] = [
  '{terminology}',
  '{type}/{terminology}',
  '{type}/{id}/{terminology}',
];

/** Throws 404 for an operation that is not served. */
function operationShape(definitions: Definitions, path: readonly string[]): Shape | undefined {
  const operation = path.find((part) => part.startsWith('$'));
  if (operation === undefined) return undefined;
  const at = path.join('/');
  if (at === '$reindex') return at;
  if (at === 'SearchParameter/$reindex') return '{type}/$reindex';
  if (isTerminologyOperation(path)) return TERMINOLOGY_SHAPES[path.length - 1];
  if (operation === '$validate' && path.at(-1) === operation && path.length <= 3) {
    const [type] = path;
    if (path.length === 1) return '$validate';
    if (!definitions.isResourceType(type!)) throw unknownType(definitions, type!);
    return path.length === 2 ? '{type}/$validate' : '{type}/{id}/$validate';
  }
  throw fault(
    'unknown-interaction',
    `The operation ${operation.slice(0, 64)} is not supported by this server: GET /metadata lists what is`,
  );
}

function unknownType(definitions: Definitions, name: string): Error {
  const near = didYouMean(name, [...definitions.resourceTypes, 'metadata']);
  return fault('unknown-type', `"${name.slice(0, 64)}" is not a resource type of FHIR R4.${near}`);
}
