/**
 * The code systems, value sets and maps that a question may draw on: those of the registry, and before them those that came with the question
 * (`tx-resource`). Every version at hand is known; without a version the newest counts. https://hl7.org/fhir/R4/terminology-service.html#4.7
 */
import type {
  CodeSystem,
  CodeSystemConcept,
  ConceptMap,
  ValueSet,
  ValueSetComposeIncludeFilter,
} from '@medplum/fhirtypes';
import type { Definitions } from '../definitions/registry.ts';
import { graphOf, type CodeSystemGraph } from './code-system.ts';
import { isIndexed, type ImportedSystems } from './concept-index.ts';
import { TxRefusal } from './issue.ts';

export type TxResource = CodeSystem | ValueSet | ConceptMap;

export interface World {
  /** newest first; supplements are none */
  codeSystems(url: string): readonly CodeSystemGraph[];
  /** `version` may have wildcards: `1.x`, `1.0.*` */
  codeSystem(url: string, version?: string): CodeSystemGraph | undefined;
  /** newest first */
  valueSets(url: string): readonly ValueSet[];
  valueSet(url: string, version?: string): ValueSet | undefined;
  conceptMaps(): Iterable<ConceptMap>;
  conceptMap(url: string, version?: string): ConceptMap | undefined;
  /** a code system with the words, properties and extensions of these supplements, as far as they are about it. Throws TxRefusal for one not at hand. */
  supplemented(graph: CodeSystemGraph, supplements: readonly string[]): CodeSystemGraph;
  supplement(canonical: string): CodeSystem | undefined;
}

const worlds = new WeakMap<Definitions, World>();

const widened = new WeakMap<World, { readonly imported: ImportedSystems; readonly world: World }>();

/** What the registry has, and after it what was imported; made once for each. */
export function worldOf(definitions: Definitions, imported?: ImportedSystems): World {
  const base = registryWorld(definitions);
  if (!imported) return base;
  const known = widened.get(base);
  if (known?.imported === imported) return known.world;
  const world = withImported(base, imported);
  widened.set(base, { imported, world });
  return world;
}

/** Definitions at hand come first, where they have the codes and not only the name of the code system. */
function withImported(base: World, imported: ImportedSystems): World {
  const world: World = {
    ...base,
    codeSystems(url) {
      const own = base.codeSystems(url);
      const more = imported.codeSystems(url);
      if (more.length === 0) return own;
      const isWhole = ({ content }: CodeSystemGraph): boolean => content === 'complete';
      return [...own.filter(isWhole), ...newestFirst(more), ...own.filter((one) => !isWhole(one))];
    },
    codeSystem: (url, version) => pick(world.codeSystems(url), version),
    valueSet: (url, version) => base.valueSet(url, version) ?? implicitSet(world, url),
    supplemented: (graph, supplements) => supplementedBy(world, graph, supplements),
  };
  return world;
}

function registryWorld(definitions: Definitions): World {
  let world = worlds.get(definitions);
  if (!world)
    worlds.set(definitions, (world = makeWorld((type, url) => parsed(definitions, type, url), definitions)));
  return world;
}

/** The same with what came along laid over it. */
export function worldWith(
  definitions: Definitions,
  resources: readonly TxResource[],
  imported?: ImportedSystems,
): World {
  const base = worldOf(definitions, imported);
  if (resources.length === 0) return base;
  const own = makeWorld(
    (type, url) => resources.filter((one) => one.resourceType === type && one.url === url),
    undefined,
  );
  const overlaid: World = {
    ...own,
    codeSystems(url) {
      const sent = own.codeSystems(url);
      if (sent.length === 0) return base.codeSystems(url);
      return newestFirst([...base.codeSystems(url).toReversed(), ...sent.toReversed()]);
    },
    codeSystem: (url, version) => pick(overlaid.codeSystems(url), version),
    valueSets: (url) => newestFirst([...own.valueSets(url), ...base.valueSets(url)]),
    valueSet: (url, version) => own.valueSet(url, version) ?? base.valueSet(url, version),
    conceptMaps: function* all() {
      for (const one of resources) if (one.resourceType === 'ConceptMap') yield one;
      yield* base.conceptMaps();
    },
    conceptMap: (url, version) => own.conceptMap(url, version) ?? base.conceptMap(url, version),
    supplement: (canonical) => own.supplement(canonical) ?? base.supplement(canonical),
    supplemented: (graph, supplements) => supplementedBy(overlaid, graph, supplements),
  };
  return overlaid;
}

const parsed = <T>(definitions: Definitions, type: string, url: string): T[] =>
  definitions.versions(type, url).map((text) => JSON.parse(text) as T);

type Find = (type: 'CodeSystem' | 'ValueSet' | 'ConceptMap', url: string) => readonly TxResource[];

/** Names that are kept: what is asked for may come from any request. */
const MOST_KEPT = 5000;

function kept<T>(make: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    if (known.has(key)) return known.get(key)!;
    if (known.size >= MOST_KEPT) known.clear();
    const made = make(key);
    known.set(key, made);
    return made;
  };
}

function makeWorld(find: Find, definitions: Definitions | undefined): World {
  const systems = kept((url) => find('CodeSystem', url) as readonly CodeSystem[]);
  const graphs = kept((url) =>
    newestFirst(
      systems(url)
        .filter(({ content }) => content !== 'supplement')
        .map(graphOf),
    ),
  );
  const sets = kept((url) => newestFirst((find('ValueSet', url) as readonly ValueSet[]) ?? []));
  const maps = kept((url) => newestFirst((find('ConceptMap', url) as readonly ConceptMap[]) ?? []));
  const world: World = {
    codeSystems: graphs,
    codeSystem: (url, version) => pick(graphs(url), version),
    valueSets: sets,
    valueSet: (url, version) => pick(sets(url), version) ?? implicitSet(world, url),
    conceptMaps: function* all() {
      for (const url of definitions?.canonicals('ConceptMap') ?? []) yield* maps(url);
    },
    conceptMap: (url, version) => pick(maps(url), version),
    supplement: (canonical) => {
      const [url = '', version] = canonical.split('|');
      const found = systems(url).filter(({ content }) => content === 'supplement');
      return pick(newestFirst(found), version);
    },
    supplemented: (graph, supplements) => supplementedBy(world, graph, supplements),
  };
  return world;
}

const SNOMED = 'http://snomed.info/sct';

/** `isa/X`, `refset`, `refset/X`, `ecl/…` */
function implicitFilter(asked: string | undefined): ValueSetComposeIncludeFilter | undefined {
  const [, kind, value] = /^(isa|refset|ecl)(?:\/(.+))?$/s.exec(asked ?? '') ?? [];
  if (kind === 'refset' && value === undefined)
    return { property: 'concept', op: 'descendent-of', value: REFSETS };
  if (value === undefined) return undefined;
  if (kind === 'isa') return { property: 'concept', op: 'is-a', value };
  if (kind === 'refset') return { property: 'concept', op: 'in', value };
  return { property: 'constraint', op: '=', value: decoded(value) };
}

/** What all reference sets stand below. */
const REFSETS = '900000000000455006';

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The value sets that a code system has without anyone defining them. https://hl7.org/fhir/R4/snomedct.html#implicit */
function implicitSet(world: World, url: string): ValueSet | undefined {
  const [, base, asked] = /^([^?]+)\?fhir_vs(?:=(.+))?$/s.exec(url) ?? [];
  if (base === undefined) return undefined;
  const isEdition = base.startsWith(`${SNOMED}/`);
  const system = isEdition ? SNOMED : base;
  const version = isEdition ? base : undefined;
  if (!world.codeSystem(system, version)) return undefined;
  const filter = implicitFilter(asked);
  if (asked !== undefined && !filter) return undefined;
  const include = { system, ...(version !== undefined && { version }), ...(filter && { filter: [filter] }) };
  return { resourceType: 'ValueSet', url, status: 'active', compose: { include: [include] } };
}

/** Numbers within a version count as numbers; a number of releases is newer than a date, which code systems had before. */
export function compareVersions(a: string | undefined, b: string | undefined): number {
  const [own, other] = [editionDay(a), editionDay(b)];
  if (own !== undefined && other !== undefined && own !== other) return own < other ? -1 : 1;
  const [first, second] = [isDated(a), isDated(b)];
  if (first !== second) return first ? -1 : 1;
  return (a ?? '').localeCompare(b ?? '', 'en', { numeric: true });
}

/** Of an edition of SNOMED CT, `…/version/20250101`. */
const editionDay = (version: string | undefined): string | undefined =>
  /\/version\/(\d{8})$/.exec(version ?? '')?.[1];

const isDated = (version: string | undefined): boolean => /^(?:19|20)\d\d(?:-|\d{4}|$)/.test(version ?? '');

const newestFirst = <T extends { readonly version?: string | undefined }>(all: readonly T[]): readonly T[] =>
  all.toReversed().sort((a, b) => compareVersions(b.version, a.version));

function pick<T extends { readonly version?: string | undefined }>(
  all: readonly T[],
  version: string | undefined,
): T | undefined {
  if (version === undefined || version === '') return all[0];
  return (
    all.find((one) => one.version === version) ??
    // An edition without its day: the newest of it.
    (version.startsWith(`${SNOMED}/`) && !version.includes('/version/')
      ? all.find((one) => one.version?.startsWith(`${version}/version/`))
      : undefined) ??
    (isWild(version) ? all.find((one) => fits(one.version, version)) : undefined)
  );
}

const isWild = (version: string): boolean => /(?:^|\.)[x*](?:\.|$)/i.test(version);

function fits(version: string | undefined, pattern: string): boolean {
  const parts = (version ?? '').split('.');
  const wanted = pattern.split('.');
  return wanted.every((part, at) => /^[x*]$/i.test(part) || part === parts[at]);
}

const merged = new WeakMap<CodeSystemGraph, Map<string, CodeSystemGraph>>();

function supplementedBy(
  world: World,
  graph: CodeSystemGraph,
  canonicals: readonly string[],
): CodeSystemGraph {
  const own = canonicals
    .map((canonical) => required(world, canonical))
    .filter(({ supplements = '' }) => isAbout(supplements, graph));
  if (own.length === 0) return graph;
  if (isIndexed(graph)) throw notSupplemented(graph);
  const known = merged.get(graph) ?? new Map<string, CodeSystemGraph>();
  merged.set(graph, known);
  const key = own.map(({ url, version }) => `${url}|${version}`).join(' ');
  if (!known.has(key)) known.set(key, graphOf(withSupplements(graph, own)));
  return known.get(key)!;
}

function required(world: World, canonical: string): CodeSystem {
  const found = world.supplement(canonical);
  if (found) return found;
  const text = `Required supplement not found: ${canonical}`;
  throw new TxRefusal(422, {
    code: 'not-found',
    type: 'not-found',
    text,
    message: 'VALUESET_SUPPLEMENT_MISSING',
  });
}

function notSupplemented(graph: CodeSystemGraph): TxRefusal {
  const text = `Supplements of an imported code system (${canonicalOf(graph)}) are not supported: ask without useSupplement`;
  return new TxRefusal(422, { code: 'not-supported', text, message: 'SUPPLEMENT_OF_IMPORTED' });
}

function isAbout(supplements: string, { url, version }: CodeSystemGraph): boolean {
  const [system, wanted] = supplements.split('|');
  return system === url && (wanted === undefined || wanted === version);
}

/** Where a designation of a supplement comes from: read back for `$lookup`. */
export const SUPPLEMENT_OF = 'urn:embergate:supplement';

function withSupplements(graph: CodeSystemGraph, supplements: readonly CodeSystem[]): CodeSystem {
  const added = supplements.flatMap((supplement) =>
    flat(supplement.concept).map((concept) => [canonicalOf(supplement), concept] as const),
  );
  const concepts = [...graph.concepts].map((concept): CodeSystemConcept => {
    const more = added.filter(([, { code }]) => code === concept.code);
    const parents = concept.parents.map(({ code }) => ({ code: 'parent', valueCode: code }));
    const { source } = concept;
    return {
      ...source,
      property: [
        ...(source.property ?? []),
        ...parents,
        ...more.flatMap(([, { property = [] }]) => property),
      ],
      designation: [
        ...(source.designation ?? []),
        ...more.flatMap(([from, { designation = [] }]) =>
          designation.map((one) => ({
            ...one,
            extension: [...(one.extension ?? []), { url: SUPPLEMENT_OF, valueUri: from }],
          })),
        ),
      ],
      extension: [...(source.extension ?? []), ...more.flatMap(([, { extension = [] }]) => extension)],
    };
  });
  const property = [...(graph.resource.property ?? []), ...supplements.flatMap((one) => one.property ?? [])];
  return { ...graph.resource, property, concept: concepts };
}

export const canonicalOf = ({
  url,
  version,
}: {
  readonly url?: string;
  readonly version?: string | undefined;
}): string => (version === undefined ? (url ?? '') : `${url}|${version}`);

const flat = (concepts: readonly CodeSystemConcept[] = []): CodeSystemConcept[] =>
  concepts.flatMap((one) => [one, ...flat(one.concept)]);
