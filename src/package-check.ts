/**
 * Whether a file of a package is the conformance resource that it says it is: a StructureDefinition has elements in an order, every resource has a type that
 * R4 knows. What HL7 has published by mistake elsewhere in such a resource is not looked for. https://hl7.org/fhir/R4/structuredefinition.html
 */
import type { StructureDefinition } from '@medplum/fhirtypes';
import type { Definitions } from './fhir/definitions/registry.ts';
import { isObject, type JsonObject, type JsonValue } from './fhir/model/tree.ts';
import { ruleTree } from './fhir/validation/rule.ts';

const CORE = 'http://hl7.org/fhir/StructureDefinition/';

/** What makes a resource useless or harmful, a sentence each; nothing where all is well. */
export function faultsOfSource(definitions: Definitions, tree: JsonObject): string[] {
  const { resourceType, url } = tree;
  if (!definitions.isResourceType(String(resourceType)))
    return [`${JSON.stringify(String(resourceType).slice(0, 64))} is no resource type of FHIR R4`];
  if (resourceType !== 'StructureDefinition') return [];
  if (typeof url === 'string' && isTypeOfR4(definitions, url))
    return [`it defines ${url}, which is R4 itself: a package adds to R4 and does not change it`];
  return faultsOfStructure(tree);
}

const isTypeOfR4 = (definitions: Definitions, url: string): boolean =>
  url.startsWith(CORE) && definitions.type(url.slice(CORE.length)) !== undefined;

function faultsOfStructure(tree: JsonObject): string[] {
  const { type, snapshot, differential } = tree;
  if (typeof type !== 'string') return ['it has no type'];
  const elements = elementsOf(snapshot) ?? elementsOf(differential);
  if (!elements) return ['it has neither a snapshot nor a differential with elements'];
  if (snapshot === undefined) return [];
  try {
    ruleTree(tree as unknown as StructureDefinition);
    return [];
  } catch (error) {
    return [`its snapshot is broken (${(error as Error).message})`];
  }
}

function elementsOf(part: JsonValue | undefined): readonly JsonObject[] | undefined {
  const elements = isObject(part) ? part['element'] : undefined;
  const isList = Array.isArray(elements) && elements.length > 0;
  return isList && elements.every((one) => isObject(one) && typeof one['path'] === 'string')
    ? (elements as JsonObject[])
    : undefined;
}
