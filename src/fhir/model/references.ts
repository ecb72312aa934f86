/**
 * The references of a resource: which local resources it refers to, and rewriting them. https://hl7.org/fhir/R4/references.html
 */
import type { Definitions } from '../definitions/registry.ts';
import { isObject, type JsonValue, type ResourceTree } from './tree.ts';
import { walk } from './walk.ts';

export interface LocalReference {
  readonly type: string;
  readonly id: string;
}

const LOCAL = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?(?:#.*)?$/;

/** `Type/id` of a literal reference to a resource of this server (a version may follow); undefined for anything else. */
export function parseLocalReference(definitions: Definitions, reference: string): LocalReference | undefined {
  const found = LOCAL.exec(reference);
  return found && definitions.isResourceType(found[1]!) ? { type: found[1]!, id: found[2]! } : undefined;
}

/**
 * Distinct local resources that any Reference in the resource names literally, extensions and contained resources included. Not among them are
 * canonicals, other URLs, fragments (`#contained`), and what looks like a Reference under an element that the definitions do not know. `baseUrl`
 * (without a slash at the end): absolute references below it are local ones.
 */
export function localReferences(
  definitions: Definitions,
  resource: ResourceTree,
  baseUrl?: string,
): LocalReference[] {
  const found = new Map<string, LocalReference>();
  const below = baseUrl === undefined ? undefined : `${baseUrl}/`;
  walk(definitions, resource, (type, value) => {
    if (type !== 'Reference' || !isObject(value)) return;
    const reference = value['reference'];
    if (typeof reference !== 'string' || found.has(reference)) return;
    const relative =
      below !== undefined && reference.startsWith(below) ? reference.slice(below.length) : reference;
    const local = parseLocalReference(definitions, relative);
    if (local) found.set(`${local.type}/${local.id}`, local);
  });
  return [...found.values()];
}

export type ReferencePlace = 'Reference' | 'uri' | 'url' | 'oid' | 'uuid' | 'narrative';

const URI_TYPES = new Set(['uri', 'url', 'oid', 'uuid']);
/** Head, and the quoted target, of a link or image. No part runs past a tag's end, so that the time is linear in the text. */
const LINK = /(<(?:a|img)\s(?:[^<>]*?\s)?(?:href|src)\s*=\s*)(?:"([^"<]*)"|'([^'<]*)')/g;

/**
 * Rewrites references in place: Reference.reference, elements of the types uri, url, oid and uuid, and the links and images of narratives; never
 * canonicals or plain strings. `map` gives the new text, or undefined to leave it. https://hl7.org/fhir/R4/http.html#trules
 */
export function rewriteReferences(
  definitions: Definitions,
  resource: ResourceTree,
  map: (reference: string, place: ReferencePlace) => string | undefined,
): void {
  walk(definitions, resource, (type, value, parent, key) => {
    const replace = (text: string | undefined): void => {
      if (text !== undefined) (parent as Record<string | number, JsonValue>)[key] = text;
    };
    if (type === 'Reference' && isObject(value)) {
      const text = typeof value['reference'] === 'string' ? map(value['reference'], 'Reference') : undefined;
      if (text !== undefined) value['reference'] = text;
      return;
    }
    if (typeof value !== 'string') return;
    if (URI_TYPES.has(type)) replace(map(value, type as ReferencePlace));
    else if (type === 'xhtml' && value.includes('<')) replace(rewriteLinks(value, map));
  });
}

function rewriteLinks(
  div: string,
  map: (reference: string, place: ReferencePlace) => string | undefined,
): string {
  return div.replace(LINK, (whole, head: string, double: string | undefined, single: string | undefined) => {
    const text = map(double ?? single ?? '', 'narrative');
    if (text === undefined) return whole;
    const quote = double === undefined ? "'" : '"';
    return `${head}${quote}${text}${quote}`;
  });
}
