/**
 * What a Reference or canonical may lead to, by the type in its text. Whether the target is there is the store's to say.
 * https://hl7.org/fhir/R4/references.html
 */
import type { Definitions } from '../definitions/registry.ts';
import { isObject, type JsonObject } from '../model/tree.ts';
import { isResource, type PathNode } from '../path/node.ts';
import { report, type Check, type Run } from './finding.ts';

const CORE = 'http://hl7.org/fhir/StructureDefinition/';
const REST_URL = /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;

/** The resource type that a profile is about; undefined where the profile is not known. */
function typeOfProfile(definitions: Definitions, canonical: string): string | undefined {
  const [url = ''] = canonical.split('|');
  if (url.startsWith(CORE) && definitions.type(url.slice(CORE.length))) return url.slice(CORE.length);
  const text = definitions.conformance('StructureDefinition', canonical);
  return text === undefined ? undefined : (JSON.parse(text) as { type?: string }).type;
}

/** The check of the types that a Reference may have; undefined where any will do. */
export function targetCheck(
  definitions: Definitions,
  targets: readonly string[],
  profile: string | undefined,
): Check | undefined {
  if (targets.length === 0) return undefined;
  let types: Set<string> | undefined;
  let isOpen = false;
  const look = (): void => {
    const found = targets.map((one) => typeOfProfile(definitions, one));
    isOpen = found.some((one) => one === undefined || one === 'Resource' || one === 'DomainResource');
    types = new Set(found.filter((one) => one !== undefined));
  };
  return (node, run) => {
    if (!types) look();
    if (isOpen || node.type !== 'Reference' || !isObject(node.value)) return;
    const type = typeOfTarget(definitions, node, node.value, run);
    if (type === undefined || types!.has(type)) return;
    const text = `The reference leads to ${aOrAn(type)}: it may lead to ${[...types!].join(', ')}`;
    report(run, node, { severity: 'error', code: 'structure', text, profile });
  };
}

const aOrAn = (word: string): string => `${/^[AEIO]/.test(word) ? 'an' : 'a'} ${word}`;

function typeOfTarget(
  definitions: Definitions,
  node: PathNode,
  { reference, type }: JsonObject,
  run: Run,
): string | undefined {
  if (typeof reference === 'string') {
    if (reference.startsWith('#')) return containedType(node, reference.slice(1));
    const named = REST_URL.exec(reference)?.[1];
    if (named !== undefined && definitions.isResourceType(named)) return named;
    const target = run.environment.resolve?.(reference, node);
    if (target) return target.type;
  }
  return typeof type === 'string' && definitions.isResourceType(type) ? type : undefined;
}

function containedType(node: PathNode, id: string): string | undefined {
  const container = containerOf(node);
  if (!container || !isObject(container.value)) return undefined;
  const { contained, resourceType } = container.value;
  if (id === '') return typeof resourceType === 'string' ? resourceType : undefined;
  if (!Array.isArray(contained)) return undefined;
  const found = contained.find((one) => isObject(one) && one['id'] === id);
  return isObject(found) && typeof found['resourceType'] === 'string' ? found['resourceType'] : undefined;
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
