/**
 * The text of a version: what was sent, in its order, with `id` and `meta.versionId`/`meta.lastUpdated` set by us and nothing else touched.
 * https://hl7.org/fhir/R4/resource.html#Meta
 */
import { stringifyJson } from '../../fhir/model/json.ts';
import { isObject, type JsonObject, type ResourceTree } from '../../fhir/model/tree.ts';

/** The text in three parts around the values that the commit decides. */
export interface VersionText {
  /** up to and with `"meta":{` */
  readonly head: string;
  /** after lastUpdated's closing quote: the rest of meta and of the resource */
  readonly tail: string;
}

/** Length in characters and bytes of an instant as we write it: `2026-01-31T00:00:00.000Z`. */
const UTF8 = new TextEncoder();
const INSTANT = '0000-00-00T00:00:00.000Z';

/** Splits the text of a resource around its version. `id` goes behind resourceType, `meta` behind id where none was sent. */
export function versionText(tree: ResourceTree, id: string): VersionText {
  const head: JsonObject = {};
  const tail: JsonObject = {};
  let part = head;
  for (const name of propertyOrder(tree)) {
    if (name === 'meta') part = tail;
    else part[name] = name === 'id' ? id : tree[name]!;
  }
  const meta = inner(metaRest(tree));
  const before = inner(head);
  const rest = inner(tail);
  return { head: `{${before && `${before},`}"meta":{`, tail: `${meta && `,${meta}`}}${rest && `,${rest}`}}` };
}

function propertyOrder(tree: ResourceTree): string[] {
  const names = Object.keys(tree);
  if (!names.includes('id')) names.splice(names.indexOf('resourceType') + 1, 0, 'id');
  if (!names.includes('meta')) names.splice(names.indexOf('id') + 1, 0, 'meta');
  return names;
}

function metaRest(tree: ResourceTree): JsonObject {
  if (!isObject(tree['meta'])) return {};
  const { versionId: _version, lastUpdated: _instant, ...rest } = tree['meta'];
  return rest;
}

const inner = (tree: JsonObject): string => stringifyJson(tree).slice(1, -1);

/** The bytes of a version. Without an instant the place for it is filled with zeros: the commit stamps it at `stampAt`. */
export function versionBytes(
  text: VersionText,
  versionId: number,
  instant?: number,
): { readonly body: Uint8Array; readonly stampAt: number } {
  const before = `${text.head}"versionId":"${versionId}","lastUpdated":"`;
  const written = instant === undefined ? INSTANT : new Date(instant).toISOString();
  // An encoder's bytes own their memory, so the store can move them to its writer without a copy.
  return { body: UTF8.encode(`${before}${written}"${text.tail}`), stampAt: Buffer.byteLength(before) };
}
