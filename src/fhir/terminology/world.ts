/**
 * The code systems, value sets and maps that a question may draw on: those of the registry, and before them those that came with the question
 * (`tx-resource`). Every version at hand is known; without a version the newest counts. https://hl7.org/fhir/R4/terminology-service.html#4.7
 */
import type { CodeSystem, CodeSystemConcept, ConceptMap, ValueSet } from '@medplum/fhirtypes';
import type { Definitions } from '../definitions/registry.ts';
import { graphOf, type CodeSystemGraph } from './code-system.ts';
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

/** What the registry has; made once for each. */
export function worldOf(definitions: Definitions): World {
  let world = worlds.get(definitions);
  if (!world)
    worlds.set(definitions, (world = makeWorld((type, url) => parsed(definitions, type, url), definitions)));
  return world;
}

/** The same with what came along laid over it. */
export function worldWith(definitions: Definitions, resources: readonly TxResource[]): World {
  if (resources.length === 0) return worldOf(definitions);
  const base = worldOf(definitions);
  const own = makeWorld(
    (type, url) => resources.filter((one) => one.resourceType === type && one.url === url),
    undefined,
  );
  const overlaid: World = {
    ...own,
    codeSystems: (url) =>
      newestFirst([...base.codeSystems(url).toReversed(), ...own.codeSystems(url).toReversed()]),
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

/** The value sets that a code system has without anyone defining them. https://hl7.org/fhir/R4/snomedct.html#implicit */
function implicitSet(world: World, url: string): ValueSet | undefined {
  const [, system, isa] = /^([^?]+)\?fhir_vs(?:=isa\/([^/]+))?$/.exec(url) ?? [];
  if (system === undefined || !world.codeSystem(system)) return undefined;
  const include = {
    system,
    ...(isa !== undefined && { filter: [{ property: 'concept', op: 'is-a', value: isa } as const] }),
  };
  return { resourceType: 'ValueSet', url, status: 'active', compose: { include: [include] } };
}

/** Numbers within a version count as numbers; a number of releases is newer than a date, which code systems had before. */
export function compareVersions(a: string | undefined, b: string | undefined): number {
  const [first, second] = [isDated(a), isDated(b)];
  if (first !== second) return first ? -1 : 1;
  return (a ?? '').localeCompare(b ?? '', 'en', { numeric: true });
}

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
