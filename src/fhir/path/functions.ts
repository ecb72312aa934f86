/** The functions of FHIRPath that search parameters call. https://hl7.org/fhirpath/N1/#functions, https://hl7.org/fhir/R4/fhirpath.html#functions */
import type { Definitions } from '../definitions/registry.ts';
import { isObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from './node.ts';
import { NOTHING, truth, truthOf, type Nodes, type Step } from './nodes.ts';

/** Makes the step of a call from its compiled arguments; undefined when it does not take them. */
type Call = (definitions: Definitions, args: readonly Step[]) => Step | undefined;

export const calls: Readonly<Record<string, Call>> = {
  where: (_definitions, [test, ...more]) => (test && more.length === 0 ? filter(test) : undefined),
  exists: (_definitions, [test, ...more]) => {
    if (more.length > 0) return undefined;
    const keep = test && filter(test);
    return (nodes, resource) => truth((keep ? keep(nodes, resource) : nodes).length > 0);
  },
  empty: without((nodes) => truth(nodes.length === 0)),
  not: without((nodes) => {
    const value = truthOf(nodes);
    return value === undefined ? NOTHING : truth(!value);
  }),
  first: without((nodes) => (nodes.length > 1 ? [nodes[0]!] : nodes)),
  last: without((nodes) => (nodes.length > 1 ? [nodes.at(-1)!] : nodes)),
  hasValue: without((nodes) =>
    truth(nodes.length === 1 && nodes[0]!.value !== null && !isObject(nodes[0]!.value)),
  ),
  resolve: (definitions, args) => {
    if (args.length > 0) return undefined;
    return (nodes, resource) => nodes.flatMap((node) => resolve(definitions, node, resource) ?? []);
  },
  extension: (_definitions, [url, ...more]) => {
    if (!url || more.length > 0) return undefined;
    return (nodes, resource) => extensions(nodes, url(nodes, resource)[0]?.value);
  },
};

function without(step: Step): Call {
  return (_definitions, args) => (args.length === 0 ? step : undefined);
}

function filter(test: Step): Step {
  return (nodes, resource) => nodes.filter((node) => truthOf(test([node], resource)) === true);
}

const REFERENCE =
  /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?(?:#.*)?$/;

/**
 * A reference "resolves" to the contained resource, or to a resource of which only the type is known, which is all that search expressions ask for
 * (`where(resolve() is Patient)`). Undefined when not even that is known.
 */
export function resolve(definitions: Definitions, node: PathNode, resource: PathNode): PathNode | undefined {
  const { value } = node;
  const reference = isObject(value) ? value['reference'] : value;
  if (typeof reference === 'string' && reference.startsWith('#'))
    return contained(resource.value, reference.slice(1));
  const named = typeof reference === 'string' ? REFERENCE.exec(reference)?.[1] : undefined;
  const type = named ?? (isObject(value) ? value['type'] : undefined);
  if (typeof type !== 'string' || !definitions.isResourceType(type)) return undefined;
  return { value: { resourceType: type }, type };
}

function contained(resource: JsonValue, id: string): PathNode | undefined {
  const list = isObject(resource) ? resource['contained'] : undefined;
  const found = Array.isArray(list) ? list.find((one) => isObject(one) && one['id'] === id) : undefined;
  const type = isObject(found) ? found['resourceType'] : undefined;
  return typeof type === 'string' ? { value: found!, type } : undefined;
}

function extensions(nodes: Nodes, url: JsonValue | undefined): Nodes {
  return nodes.flatMap((node) => {
    const holder = isObject(node.value) ? node.value : node.sibling;
    const list = holder?.['extension'];
    const own = Array.isArray(list) ? list.filter((one) => isObject(one) && one['url'] === url) : [];
    return own.map((value) => ({ value, type: 'Extension' }));
  });
}
