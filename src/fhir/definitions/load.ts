/** A registry from compiled tables, and from the bytes of the compiled file. Whole conformance resources are only unpacked when asked for. */
import type { CompartmentTable } from './compile.ts';
import type { Definitions, Property, SearchParameter, TypeDefinition } from './registry.ts';

/** What a registry is made of. Everything is plain data but `text`, which unpacks a conformance resource. */
export interface Tables {
  readonly fhirVersion: string;
  readonly types: readonly TypeDefinition[];
  readonly searchParameters: readonly SearchParameter[];
  readonly compartments: readonly CompartmentTable[];
  /** the whole resources: a later one of the same url replaces an earlier one without version */
  readonly conformance: readonly ConformanceEntry[];
}

export interface ConformanceEntry {
  readonly resourceType: string;
  readonly url: string;
  readonly version?: string;
  readonly text: () => string;
}

let generations = 0;
const sources = new WeakMap<Definitions, Tables>();

/** The tables that a registry was made from. */
export function tablesOf(definitions: Definitions): Tables {
  const tables = sources.get(definitions);
  if (!tables) throw new TypeError('not a registry made by buildDefinitions');
  return tables;
}

export function buildDefinitions(tables: Tables): Definitions {
  const types = new Map(tables.types.map((type) => [type.name, type]));
  const concrete = tables.types.filter(({ kind, abstract }) => kind === 'resource' && !abstract).map(({ name }) => name);
  const resourceTypes = Object.freeze([...concrete].sort());
  const resources = new Set(resourceTypes);
  const compartments = new Map(tables.compartments.map(({ code, resources: rows }) => [code, new Map(rows)]));
  const conformance = lazily(() => conformanceIndex(tables.conformance));
  const properties = cached((type: string) => propertiesOf(types.get(type)));
  const parameters = cached((type: string) => parametersOf(tables.searchParameters, basesOf(types, type)));
  const memberships = cached((type: string) => membershipsOf(compartments, type));
  const definitions: Definitions = {
    generation: ++generations,
    fhirVersion: tables.fhirVersion,
    resourceTypes,
    isResourceType: (name) => resources.has(name),
    type: (name) => types.get(name),
    property: (type, jsonName) => properties(type).get(jsonName),
    searchParameters: parameters,
    compartments: memberships,
    compartmentTypes: [...compartments.keys()],
    conformance: (type, canonical) => conformance().get(`${type} ${canonical}`)?.text(),
    canonicals: (type) => [...conformance().values()].flatMap((one) => (one.resourceType === type ? [one.url] : [])).values(),
  };
  sources.set(definitions, tables);
  return definitions;
}

function lazily<T>(make: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= make());
}

function cached<T>(make: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = make(key)));
    return value;
  };
}

function propertiesOf(type: TypeDefinition | undefined): Map<string, Property> {
  const found = new Map<string, Property>();
  for (const element of type?.elements ?? []) {
    for (const one of element.types) {
      const name = element.choice ? element.name + one[0]!.toUpperCase() + one.slice(1) : element.name;
      if (!found.has(name)) found.set(name, { element, type: one });
    }
  }
  return found;
}

function basesOf(types: ReadonlyMap<string, TypeDefinition>, name: string): string[] {
  const chain: string[] = [];
  for (let type = types.get(name); type; type = type.base === undefined ? undefined : types.get(type.base)) chain.push(type.name);
  return chain;
}

function parametersOf(all: readonly SearchParameter[], bases: readonly string[]): ReadonlyMap<string, SearchParameter> {
  const own = all.filter(({ base }) => base.some((one) => bases.includes(one)));
  return new Map(own.map((one) => [one.code, one]));
}

function membershipsOf(
  compartments: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>,
  type: string,
): ReadonlyMap<string, readonly string[]> {
  const found = [...compartments].map(([code, rows]) => [code, rows.get(type) ?? []] as const);
  return new Map(found.filter(([code, params]) => params.length > 0 || code === type));
}

function conformanceIndex(entries: readonly ConformanceEntry[]): Map<string, ConformanceEntry> {
  const index = new Map<string, ConformanceEntry>();
  for (const entry of entries) {
    index.set(`${entry.resourceType} ${entry.url}`, entry);
  }
  // The versioned names come after, so that iterating over values meets each resource; canonicals() reports each url once a name.
  return index;
}
