/**
 * The normative part of a resource: what its StructureDefinition marks as trial use, draft or informative is left out, at any depth.
 * https://hl7.org/fhir/R4/http.html#capabilities (mode=normative), https://hl7.org/fhir/R4/versions.html#std-process
 */
import type { Definitions } from '../../fhir/definitions/registry.ts';
import { isObject, type JsonObject, type JsonValue } from '../../fhir/model/tree.ts';

const CORE = 'http://hl7.org/fhir/StructureDefinition/';
const STATUS = `${CORE}structuredefinition-standards-status`;

interface MarkedStructure {
  readonly snapshot?: {
    readonly element: readonly {
      readonly path: string;
      readonly extension?: readonly { readonly url: string; readonly valueCode?: string }[];
    }[];
  };
}

/** A copy of the resource without elements that have another standards status than normative. */
export function normativePart(definitions: Definitions, resource: JsonObject): JsonObject {
  const type = String(resource['resourceType']);
  const structure = JSON.parse(
    definitions.conformance('StructureDefinition', CORE + type)!,
  ) as MarkedStructure;
  const immature = (structure.snapshot?.element ?? []).filter(({ extension = [] }) =>
    extension.some(({ url, valueCode }) => url === STATUS && valueCode !== 'normative'),
  );
  return pick(resource, type, new Set(immature.map(({ path }) => path))) as JsonObject;
}

function pick(value: JsonValue, path: string, left: ReadonlySet<string>): JsonValue {
  if (Array.isArray(value)) return value.map((item) => pick(item, path, left));
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([name]) => !left.has(`${path}.${name}`));
  return Object.fromEntries(kept.map(([name, one]) => [name, pick(one, `${path}.${name}`, left)]));
}
