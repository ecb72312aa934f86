/**
 * Conformance resources -> the plain tables that a registry is made from: types with their elements, search parameters, compartments.
 * Used when the definitions file is built and again for packages and posted resources.
 * https://hl7.org/fhir/R4/structuredefinition.html, https://hl7.org/fhir/R4/elementdefinition.html
 */
import { SEARCH_PARAMETER_ERRATA } from './errata.ts';
import type { ElementDefinition, SearchParameter, SearchParamType, TypeDefinition } from './registry.ts';

/** The parts of conformance resources that are read here; everything else in them is left alone. */
export interface ConformanceResource {
  readonly resourceType: string;
  readonly url?: string;
  readonly version?: string;
}

export interface SnapshotElement {
  readonly path: string;
  readonly min?: number;
  readonly max?: string;
  readonly contentReference?: string;
  readonly isSummary?: boolean;
  readonly isModifier?: boolean;
  readonly binding?: { readonly strength: string; readonly valueSet?: string };
  readonly type?: readonly {
    readonly code: string;
    readonly targetProfile?: readonly string[];
    readonly extension?: readonly {
      readonly url: string;
      readonly valueUrl?: string;
      readonly valueString?: string;
    }[];
  }[];
}

export interface StructureDefinition extends ConformanceResource {
  readonly kind: string;
  readonly type: string;
  readonly abstract?: boolean;
  readonly derivation?: string;
  readonly baseDefinition?: string;
  readonly snapshot?: { readonly element: readonly SnapshotElement[] };
}

export interface CompartmentTable {
  readonly code: string;
  readonly resources: readonly (readonly [type: string, params: readonly string[]])[];
}

const CORE = 'http://hl7.org/fhir/StructureDefinition/';
const REGEX = `${CORE}regex`;
const FHIR_TYPE = `${CORE}structuredefinition-fhir-type`;

/** The type and its nested backbone types; nothing for a profile (constraint), a logical model or a structure without a snapshot. */
export function compileTypes(structure: StructureDefinition): TypeDefinition[] {
  const { kind, derivation, snapshot, type } = structure;
  if (!snapshot || derivation === 'constraint' || !isTypeKind(kind)) return [];
  const children = new Map<string, SnapshotElement[]>();
  for (const element of snapshot.element) {
    const dot = element.path.lastIndexOf('.');
    if (dot < 0) continue;
    const parent = element.path.slice(0, dot);
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent)!.push(element);
  }
  const root: TypeDefinition = {
    name: type,
    kind,
    abstract: structure.abstract ?? false,
    base: structure.baseDefinition?.startsWith(CORE)
      ? structure.baseDefinition.slice(CORE.length)
      : undefined,
    elements: elementsOf(children, type, kind),
    regex: kind === 'primitive-type' ? regexOf(children.get(type) ?? []) : undefined,
  };
  const nested = snapshot.element.filter(({ path }) => path !== type && children.has(path));
  return [root, ...nested.map((element) => backbone(children, element))];
}

function isTypeKind(kind: string): kind is TypeDefinition['kind'] {
  return kind === 'resource' || kind === 'complex-type' || kind === 'primitive-type';
}

/** A nested type: a BackboneElement in resources, mostly a plain Element in data types. */
function backbone(
  children: ReadonlyMap<string, SnapshotElement[]>,
  { path, type }: SnapshotElement,
): TypeDefinition {
  const base = type?.[0]?.code ?? 'BackboneElement';
  return {
    name: path,
    kind: 'complex-type',
    abstract: false,
    base,
    elements: elementsOf(children, path, 'complex-type'),
  };
}

function elementsOf(
  children: ReadonlyMap<string, SnapshotElement[]>,
  path: string,
  kind: string,
): ElementDefinition[] {
  const own = children.get(path) ?? [];
  return own
    .filter((one) => kind !== 'primitive-type' || !one.path.endsWith('.value'))
    .map((one) => elementOf(one, children.has(one.path)));
}

function elementOf(element: SnapshotElement, isNested: boolean): ElementDefinition {
  const { path, type = [], binding } = element;
  const last = path.slice(path.lastIndexOf('.') + 1);
  const choice = last.endsWith('[x]');
  const types = typesOf(element, isNested);
  const targets = type
    .flatMap((one) => one.targetProfile ?? [])
    .map((url) => url.slice(url.lastIndexOf('/') + 1));
  return {
    name: choice ? last.slice(0, -3) : last,
    path,
    min: element.min ?? 0,
    max: element.max === '*' ? Infinity : Number(element.max ?? 1),
    choice,
    types: [...new Set(types)],
    targets: targets.includes('Resource') ? [] : [...new Set(targets)],
    isSummary: element.isSummary ?? false,
    isModifier: element.isModifier ?? false,
    binding: binding?.valueSet ? { strength: binding.strength, valueSet: binding.valueSet } : undefined,
  };
}

function typesOf({ path, type = [], contentReference }: SnapshotElement, isNested: boolean): string[] {
  if (contentReference) return [contentReference.slice(contentReference.indexOf('#') + 1)];
  return isNested ? [path] : type.map(typeName);
}

type ElementType = NonNullable<SnapshotElement['type']>[number];

function typeName(type: ElementType): string {
  if (!type.code.startsWith('http://hl7.org/fhirpath/')) return type.code;
  const named = type.extension?.find(({ url }) => url === FHIR_TYPE)?.valueUrl;
  return named ?? 'string';
}

function regexOf(children: readonly SnapshotElement[]): string | undefined {
  const value = children.find(({ path }) => path.endsWith('.value'));
  return value?.type?.flatMap(({ extension = [] }) => extension).find(({ url }) => url === REGEX)
    ?.valueString;
}

/** A SearchParameter resource as the registry keeps it, errata applied. */
export function compileSearchParameter(resource: {
  readonly url: string;
  readonly code: string;
  readonly type: string;
  readonly base?: readonly string[];
  readonly expression?: string;
  readonly target?: readonly string[];
  readonly component?: readonly { readonly definition: string; readonly expression: string }[];
}): SearchParameter {
  const { url, code, type, base = [], target = [], component = [] } = resource;
  const erratum = Object.hasOwn(SEARCH_PARAMETER_ERRATA, url) ? SEARCH_PARAMETER_ERRATA[url] : undefined;
  const expression = erratum ? erratum.expression : resource.expression;
  const components = (erratum?.component ?? component).map((one) => ({
    definition: one.definition,
    expression: one.expression,
  }));
  return { url, code, type: type as SearchParamType, base, expression, target, component: components };
}

/** A CompartmentDefinition resource as a table. */
export function compileCompartment(resource: {
  readonly code: string;
  readonly resource?: readonly { readonly code: string; readonly param?: readonly string[] }[];
}): CompartmentTable {
  return {
    code: resource.code,
    resources: (resource.resource ?? []).map(({ code, param = [] }) => [code, param]),
  };
}
