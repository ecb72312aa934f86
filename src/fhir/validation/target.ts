/**
 * Where a reference leads inside of the text that is validated: to a contained resource, or to an entry of the Bundle around it.
 * https://hl7.org/fhir/R4/references.html#contained, https://hl7.org/fhir/R4/bundle.html#references
 */
import { isObject, type JsonObject, type JsonValue, type ResourceTree } from '../model/tree.ts';
import { isResource, resourceNode, type PathNode } from '../path/node.ts';

export interface Target {
  readonly how: 'contained' | 'bundled';
  /** more than one where entries have the same address */
  readonly nodes: readonly PathNode[];
}

/** The address of a resource of a server: base, type, id, version. */
export const REST =
  /^(https?:\/\/[^?#]*\/)?([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/([A-Za-z0-9.-]{1,64}))?$/;
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:/i;

/** Undefined where it leads out of the text, or nowhere. */
export function targetOf(reference: string, from: PathNode): Target | undefined {
  if (reference.startsWith('#')) return containedTarget(reference.slice(1), from);
  const at = entryOf(from);
  if (!at) return undefined;
  const found = matchesIn(at.bundle, at.fullUrl, reference);
  if (found.length === 0) return undefined;
  return { how: 'bundled', nodes: found.map((index) => entryNode(at.bundle, index)) };
}

function containedTarget(id: string, from: PathNode): Target | undefined {
  const container = containerOf(from);
  if (!container || !isObject(container.value)) return undefined;
  if (id === '') return { how: 'contained', nodes: [container] };
  const { contained } = container.value;
  if (!Array.isArray(contained)) return undefined;
  const index = contained.findIndex((one) => isObject(one) && one['id'] === id);
  if (index < 0 || typeof (contained[index] as JsonObject)['resourceType'] !== 'string') return undefined;
  const node = resourceNode(contained[index] as ResourceTree, container, 'contained', index);
  return { how: 'contained', nodes: [node] };
}

/** The resource that contains what a node may refer to by `#id`: the outermost below Bundle entries and Parameters. */
function containerOf(node: PathNode): PathNode | undefined {
  let found: PathNode | undefined;
  for (let one: PathNode | undefined = node; one; one = one.parent) {
    if (!isResource(one)) continue;
    found = one;
    if (one.name !== 'contained') return found;
  }
  return found;
}

interface EntryPlace {
  readonly bundle: PathNode;
  readonly fullUrl: string | undefined;
}

/** The Bundle around a node, and the address of the entry that it stands in. */
export function entryOf(node: PathNode): EntryPlace | undefined {
  for (let one: PathNode | undefined = node; one; one = one.parent) {
    if (one.type !== 'Bundle.entry' || !one.parent || !isObject(one.value)) continue;
    const { fullUrl } = one.value;
    return { bundle: one.parent, fullUrl: typeof fullUrl === 'string' ? fullUrl : undefined };
  }
  return undefined;
}

/** Entries of a Bundle by what references call them. */
interface Addresses {
  readonly byUrl: ReadonlyMap<string, readonly number[]>;
  /** `Type/id` of entries without a fullUrl */
  readonly byId: ReadonlyMap<string, readonly number[]>;
  readonly versions: readonly (string | undefined)[];
}

const known = new WeakMap<JsonObject, Addresses>();

function addressesOf(bundle: JsonObject): Addresses {
  let found = known.get(bundle);
  if (!found) known.set(bundle, (found = readAddresses(bundle)));
  return found;
}

export const entriesOf = (bundle: JsonValue): readonly JsonValue[] => {
  const entries = isObject(bundle) ? bundle['entry'] : undefined;
  return Array.isArray(entries) ? entries : [];
};

function readAddresses(bundle: JsonObject): Addresses {
  const byUrl = new Map<string, number[]>();
  const byId = new Map<string, number[]>();
  const versions: (string | undefined)[] = [];
  const add = (map: Map<string, number[]>, key: string, index: number): void => {
    const list = map.get(key);
    if (list) list.push(index);
    else map.set(key, [index]);
  };
  for (const [index, entry] of entriesOf(bundle).entries()) {
    const resource = isObject(entry) && isObject(entry['resource']) ? entry['resource'] : undefined;
    const meta = resource && isObject(resource['meta']) ? resource['meta'] : undefined;
    versions.push(typeof meta?.['versionId'] === 'string' ? meta['versionId'] : undefined);
    if (!resource || !isObject(entry)) continue;
    if (typeof entry['fullUrl'] === 'string') add(byUrl, entry['fullUrl'], index);
    else if (typeof resource['id'] === 'string') {
      add(byId, `${String(resource['resourceType'])}/${resource['id']}`, index);
    }
  }
  return { byUrl, byId, versions };
}

/** A relative reference is seen from the address of its own entry; one with a version needs that version. */
export function matchesIn(
  bundle: PathNode,
  fullUrl: string | undefined,
  reference: string,
): readonly number[] {
  if (!isObject(bundle.value)) return [];
  const { byUrl, byId, versions } = addressesOf(bundle.value);
  const [, base = '', type, id, version] = REST.exec(reference) ?? [];
  const plain = type === undefined ? reference : `${base}${type}/${id}`;
  const own = fullUrl === undefined ? undefined : REST.exec(fullUrl)?.[1];
  // Among entries with UUIDs, Type/uuid is meant for urn:uuid:uuid.
  const urn = fullUrl === undefined ? undefined : /^urn:(?:uuid|oid):/.exec(fullUrl)?.[0];
  const found = ABSOLUTE.test(plain)
    ? byUrl.get(plain)
    : fullUrl === undefined
      ? byId.get(plain)
      : own === undefined
        ? byUrl.get(`${urn}${id}`)
        : byUrl.get(own + plain);
  return version === undefined ? (found ?? []) : (found ?? []).filter((at) => versions[at] === version);
}

/** The node of the resource of an entry. */
export function entryNode(bundle: PathNode, index: number): PathNode {
  const entry = entriesOf(bundle.value)[index] as JsonObject;
  const parent: PathNode = { value: entry, type: 'Bundle.entry', parent: bundle, name: 'entry', index };
  return resourceNode(entry['resource'] as ResourceTree, parent, 'resource');
}
