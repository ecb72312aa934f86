/** A new registry with conformance resources of packages, or posted ones, laid over another. https://hl7.org/fhir/R4/packages.html */
import type { JsonObject } from '../model/tree.ts';
import { stringifyJson } from '../model/json.ts';
import { compileSearchParameter } from './compile.ts';
import { buildDefinitions, tablesOf, type ConformanceEntry } from './load.ts';
import type { Definitions, SearchParameter } from './registry.ts';

/** A conformance resource to be added: its tree, which is only read here, and its whole text, which is kept. */
export interface ConformanceSource {
  readonly tree: JsonObject;
  readonly text: () => string;
}

/** Adds resources of which only the tree is at hand; it is kept. For the rest see `withSources`. */
export function withConformance(definitions: Definitions, resources: readonly JsonObject[]): Definitions {
  return withSources(
    definitions,
    resources.map((tree) => ({ tree, text: () => stringifyJson(tree) })),
  );
}

/**
 * Resources without a `url` are left out. Of two with the same url the later counts.
 *
 * What is defined already stays as it is: search parameters are added where their code is new to a type (those of US Core that restate one of R4 are
 * consistent with it by rule, and some restate it too narrowly), and types and compartments are those of the base registry alone. A StructureDefinition that
 * calls itself Patient must not change what a Patient is, nor a CompartmentDefinition what belongs to one. `conformance()` finds them all the same.
 * https://hl7.org/fhir/R4/searchparameter-definitions.html#SearchParameter.derivedFrom
 */
export function withSources(definitions: Definitions, added: readonly ConformanceSource[]): Definitions {
  const base = tablesOf(definitions);
  const known = new Set(base.searchParameters.map(({ url }) => url));
  const searchParameters = new Map<string, SearchParameter>();
  const conformance: ConformanceEntry[] = [];
  for (const { tree, text } of added) {
    const { resourceType, url, version } = tree;
    if (typeof url !== 'string' || typeof resourceType !== 'string') continue;
    conformance.push({ resourceType, url, version: typeof version === 'string' ? version : undefined, text });
    if (resourceType === 'SearchParameter' && !known.has(url) && isUsable(tree))
      searchParameters.set(url, compileSearchParameter(tree as never));
  }
  return buildDefinitions({
    ...base,
    searchParameters: [...base.searchParameters, ...searchParameters.values()],
    conformance: [...base.conformance, ...conformance],
  });
}

function isUsable({ code, type, base }: JsonObject): boolean {
  return typeof code === 'string' && typeof type === 'string' && Array.isArray(base);
}
