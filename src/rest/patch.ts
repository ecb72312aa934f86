/**
 * Patch documents: JSON Patch, and FHIRPath Patch as a Parameters resource; in bundles a JSON Patch stands in a Binary.
 * https://hl7.org/fhir/R4/http.html#patch, https://hl7.org/fhir/R4/fhirpatch.html
 */
import { parseJson } from '../fhir/model/json.ts';
import { fault } from '../fhir/model/outcome.ts';
import { applyFhirPathPatch } from '../fhir/model/patch-fhirpath.ts';
import { applyJsonPatch } from '../fhir/model/patch-json.ts';
import type { ResourceTree } from '../fhir/model/tree.ts';
import { asResource, JSON_PATCH, sentResource } from './body.ts';
import type { Context } from './record.ts';

type Patch = (current: ResourceTree) => ResourceTree;

/** The patch that was sent as the body. Throws 415 for anything but JSON Patch and FHIRPath Patch. */
export function sentPatch(context: Context): Patch {
  const { body } = context.request;
  if (body?.kind === 'text' && body.mediaType === JSON_PATCH) {
    const document = parseJson(body.text);
    return (current) => applyJsonPatch(current, document);
  }
  if (body?.kind === 'text' && /patch/.test(body.mediaType)) {
    throw fault(
      'media-type',
      `Content-Type is "${body.mediaType}": send ${JSON_PATCH}, or a FHIRPath Patch as application/fhir+json or application/fhir+xml`,
    );
  }
  return patchOf(context, sentResource(context));
}

/** The patch that a resource holds: Parameters is a FHIRPath Patch, Binary a JSON Patch. */
export function patchOf(context: Context, tree: ResourceTree): Patch {
  if (tree.resourceType === 'Parameters')
    return (current) => applyFhirPathPatch(context.definitions, current, tree);
  if (tree.resourceType === 'Binary') return binaryPatch(tree);
  throw fault(
    'invalid',
    `A patch is a Parameters resource (FHIRPath Patch) or a JSON Patch, not a ${asResource(context, tree, '').resourceType}`,
  );
}

function binaryPatch(tree: ResourceTree): Patch {
  const { contentType, data } = tree;
  if (contentType !== JSON_PATCH || typeof data !== 'string') {
    throw fault(
      'invalid',
      `A Binary that patches has contentType ${JSON_PATCH} and the patch in data`,
      'Binary.contentType',
    );
  }
  const document = parseJson(Buffer.from(data, 'base64').toString('utf8'));
  return (current) => applyJsonPatch(current, document);
}
