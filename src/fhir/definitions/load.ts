/** A registry from compiled tables. Whole conformance resources are only unpacked when asked for. */
import type { CompartmentTable } from './compile.ts';
import type { Definitions, Property, SearchParameter, TypeDefinition } from './registry.ts';

/** What a registry is made of. Everything is plain data but `text`, which unpacks a conformance resource. */
export interface Tables {
  readonly fhirVersion: string;
  readonly types: readonly TypeDefinition[];
  /** of two with the same code for one type, the first counts: packages add to the core, they do not change it */
  readonly searchParameters: readonly SearchParameter[];
  readonly compartments: readonly CompartmentTable[];
  /** the whole resources: of two with the same url, the later counts where no version is asked for */
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
  const concrete = tables.types
    .filter(({ kind, abstract }) => kind === 'resource' && !abstract)
    .map(({ name }) => name);
  const resourceTypes = Object.freeze([...concrete].sort());
  const resources = new Set(resourceTypes);
  const compartments = new Map(tables.compartments.map(({ code, resources: rows }) => [code, new Map(rows)]));
  const conformance = lazily(() => conformanceIndex(tables.conformance));
  const properties = perType(types, propertiesOf);
  const parameters = perType(types, (type) =>
    parametersOf(tables.searchParameters, basesOf(types, type.name)),
  );
  const memberships = perType(types, (type) => membershipsOf(compartments, type.name));
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
    conformance: (type, canonical) => conformance().get(type)?.byName.get(canonical)?.text(),
    versions: (type, url) => (conformance().get(type)?.versions.get(url) ?? []).map((entry) => entry.text()),
    canonicals: (type) => conformance().get(type)?.urls.values() ?? [],
  };
  sources.set(definitions, tables);
  return definitions;
}

function lazily<T>(make: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= make());
}

/** Makes a map of each type when it is first asked for. Names that are no types are not remembered: they may come from any resource. */
function perType<T>(
  types: ReadonlyMap<string, TypeDefinition>,
  make: (type: TypeDefinition) => ReadonlyMap<string, T>,
): (name: string) => ReadonlyMap<string, T> {
  const known = new Map<string, ReadonlyMap<string, T>>();
  const nothing: ReadonlyMap<string, T> = new Map();
  return (name) => {
    const found = known.get(name);
    if (found) return found;
    const type = types.get(name);
    if (!type) return nothing;
    const made = make(type);
    known.set(name, made);
    return made;
  };
}

function propertiesOf(type: TypeDefinition): ReadonlyMap<string, Property> {
  const found = new Map<string, Property>();
  for (const element of type.elements) {
    for (const one of element.types) {
      const name = element.choice ? element.name + one[0]!.toUpperCase() + one.slice(1) : element.name;
      if (!found.has(name)) found.set(name, { element, type: one });
    }
  }
  return found;
}

/** The type and all its bases. */
function basesOf(types: ReadonlyMap<string, TypeDefinition>, name: string): string[] {
  const chain: string[] = [];
  for (let type = types.get(name); type; type = type.base === undefined ? undefined : types.get(type.base))
    chain.push(type.name);
  return chain;
}

function parametersOf(
  all: readonly SearchParameter[],
  bases: readonly string[],
): ReadonlyMap<string, SearchParameter> {
  const found = new Map<string, SearchParameter>();
  for (const one of all) {
    // One that does not say how it is found (`_content`) gives way to one that does.
    const isOpen = found.get(one.code)?.expression === undefined;
    if (isOpen && one.base.some((base) => bases.includes(base))) found.set(one.code, one);
  }
  return found;
}

function membershipsOf(
  compartments: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>,
  type: string,
): ReadonlyMap<string, readonly string[]> {
  const found = [...compartments].map(([code, rows]) => [code, rows.get(type) ?? []] as const);
  return new Map(found.filter(([code, params]) => params.length > 0 || code === type));
}

interface ConformanceIndex {
  readonly urls: Set<string>;
  /** by `url` and by `url|version` */
  readonly byName: Map<string, ConformanceEntry>;
  /** by `url`, all of them */
  readonly versions: Map<string, ConformanceEntry[]>;
}

function conformanceIndex(entries: readonly ConformanceEntry[]): Map<string, ConformanceIndex> {
  const index = new Map<string, ConformanceIndex>();
  for (const entry of entries) {
    let own = index.get(entry.resourceType);
    if (!own)
      index.set(entry.resourceType, (own = { urls: new Set(), byName: new Map(), versions: new Map() }));
    own.urls.add(entry.url);
    own.byName.set(entry.url, entry);
    if (entry.version) own.byName.set(`${entry.url}|${entry.version}`, entry);
    const versions = own.versions.get(entry.url);
    if (versions) versions.push(entry);
    else own.versions.set(entry.url, [entry]);
  }
  return index;
}
