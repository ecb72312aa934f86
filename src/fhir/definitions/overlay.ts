/** A new registry with conformance resources of packages, or posted ones, laid over another. https://hl7.org/fhir/R4/packages.html */
import type { JsonObject } from '../model/tree.ts';
import { stringifyJson } from '../model/json.ts';
import {
  compileCompartment,
  compileSearchParameter,
  compileTypes,
  type CompartmentTable,
  type StructureDefinition,
} from './compile.ts';
import { buildDefinitions, tablesOf, type ConformanceEntry } from './load.ts';
import type { Definitions, SearchParameter, TypeDefinition } from './registry.ts';

/** Resources without a `url` are left out; of two with the same url the later counts. */
export function withConformance(definitions: Definitions, resources: readonly JsonObject[]): Definitions {
  const base = tablesOf(definitions);
  const types: TypeDefinition[] = [];
  const searchParameters: SearchParameter[] = [];
  const compartments: CompartmentTable[] = [];
  const conformance: ConformanceEntry[] = [];
  for (const resource of resources) {
    const { resourceType, url, version } = resource;
    if (typeof url !== 'string' || typeof resourceType !== 'string') continue;
    conformance.push({ resourceType, url, version: typeof version === 'string' ? version : undefined, text: () => stringifyJson(resource) });
    if (resourceType === 'StructureDefinition') types.push(...compileTypes(resource as unknown as StructureDefinition));
    if (resourceType === 'SearchParameter') searchParameters.push(compileSearchParameter(resource as never));
    if (resourceType === 'CompartmentDefinition') compartments.push(compileCompartment(resource as never));
  }
  const own = new Set(types.map(({ name }) => name));
  return buildDefinitions({
    ...base,
    types: [...base.types.filter(({ name }) => !own.has(name)), ...types],
    searchParameters: [...base.searchParameters, ...searchParameters],
    compartments: [...base.compartments.filter(({ code }) => !compartments.some((one) => one.code === code)), ...compartments],
    conformance: [...base.conformance, ...conformance],
  });
}
