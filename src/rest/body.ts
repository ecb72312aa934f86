/** The body of a request as a resource or a patch document. https://hl7.org/fhir/R4/http.html#mime-type */
import { parseJson } from '../fhir/model/json.ts';
import { fault } from '../fhir/model/outcome.ts';
import { isObject, type JsonValue, type ResourceTree } from '../fhir/model/tree.ts';
import { didYouMean } from '../fhir/model/near.ts';
import { parseXml } from '../fhir/model/xml.ts';
import type { Context } from './record.ts';

export const JSON_TYPES = ['application/fhir+json', 'application/json', 'text/json'];
export const XML_TYPES = ['application/fhir+xml', 'application/xml', 'text/xml'];
export const JSON_PATCH = 'application/json-patch+json';
export const FORM = 'application/x-www-form-urlencoded';

/** The resource that was sent. Throws 400 without one, 415 for another format, 400 for broken text, 404 for an unknown resource type. */
export function sentResource(context: Context): ResourceTree {
  const tree = sentTree(context);
  if (!isObject(tree)) throw fault('syntax', 'The body is not a JSON object: send one resource');
  return asResource(context, tree, '');
}

function sentTree(context: Context): JsonValue {
  const { body } = context.request;
  if (!body) throw fault('required', 'The request has no body: send a resource');
  if (body.kind === 'tree') return body.tree;
  if (XML_TYPES.includes(body.mediaType)) return parseXml(context.definitions, body.text);
  if (JSON_TYPES.includes(body.mediaType)) return parseJson(body.text);
  throw fault(
    'media-type',
    `Content-Type is ${body.mediaType ? `"${body.mediaType}"` : 'missing'}: send application/fhir+json or application/fhir+xml`,
  );
}

/** The text that was sent, where it is JSON. */
export const jsonTextOf = (body: Context['request']['body']): string | undefined =>
  body?.kind === 'text' && JSON_TYPES.includes(body.mediaType) ? body.text : undefined;

/** Checks that a tree is a resource of a known type. */
export function asResource(context: Context, tree: JsonValue | undefined, place: string): ResourceTree {
  const type = isObject(tree) ? tree['resourceType'] : undefined;
  if (typeof type !== 'string') {
    throw fault(
      'required',
      'resourceType is missing: it names the type of the resource, such as "Patient"',
      `${place}resourceType`,
    );
  }
  if (!context.definitions.isResourceType(type)) {
    const near = didYouMean(type, context.definitions.resourceTypes);
    throw fault(
      'invalid',
      `"${type.slice(0, 64)}" is not a resource type of FHIR R4.${near}`,
      `${place}resourceType`,
    );
  }
  return tree as ResourceTree;
}

/** The resource that was sent, of the type that the URL names. */
export function sentResourceOf(context: Context, type: string): ResourceTree {
  const tree = sentResource(context);
  if (tree.resourceType === type) return tree;
  throw fault(
    'invalid',
    `The body is a ${tree.resourceType}, but the URL names ${type}: send a ${type}, or use /${tree.resourceType}`,
    'resourceType',
  );
}
