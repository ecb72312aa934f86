// Which must-support elements of a profile appear in a set of resources. Slices are told apart by their fixed values, patterns, bindings and extension urls.
// https://hl7.org/fhir/us/core/STU6.1/must-support.html
import type { Coding, ElementDefinition, Resource, StructureDefinition } from '@medplum/fhirtypes';
import { demandedTargets, demandedTypes, isDemanded } from './us-core-package.ts';
import type { Package } from './us-core-package.ts';

type Json = Readonly<Record<string, unknown>>;
type Test = (value: unknown) => boolean;

/** Value sets of R4 itself that slices are bound to, by the systems of their codes. */
const CORE_VALUE_SETS: Readonly<Record<string, readonly string[]>> = {
  'http://hl7.org/fhir/ValueSet/medicationrequest-category': [
    'http://terminology.hl7.org/CodeSystem/medicationrequest-category',
  ],
  'http://hl7.org/fhir/ValueSet/servicerequest-category': ['http://snomed.info/sct'],
};

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

/** True if everything in the pattern is in the value; items of arrays in any order. */
export function holds(value: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.every((one) => listOf(value).some((item) => holds(item, one)));
  if (isObject(pattern))
    return isObject(value) && Object.entries(pattern).every(([key, one]) => holds(value[key], one));
  return value === pattern;
}

/** The value that an element is fixed to, or whose pattern it must hold. */
function demandedValue(element: ElementDefinition): unknown {
  return Object.entries(element).find(([key]) => key.startsWith('fixed') || key.startsWith('pattern'))?.[1];
}

function isIn(pack: Package, url: string, coding: Coding): boolean {
  const systems = CORE_VALUE_SETS[url];
  if (systems) return systems.includes(coding.system ?? '');
  return (pack.valueSets.get(url)?.compose?.include ?? []).some((include) => {
    if (include.valueSet?.some((one) => isIn(pack, one, coding))) return true;
    if (include.system !== coding.system || include.system === undefined) return false;
    return include.concept === undefined || include.concept.some(({ code }) => code === coding.code);
  });
}

/** The names below a resource, without the slice: `Observation.component:systolic.code` is component, code. */
const step = (segment: string): string => segment.split(':')[0]!;

/** Values of a property; `value[x]` stands for any of its types. */
export function childrenOf(value: unknown, name: string): readonly unknown[] {
  if (!isObject(value)) return [];
  if (!name.endsWith('[x]')) return listOf(value[name]);
  const stem = name.slice(0, -3);
  const typed = Object.keys(value).filter(
    (key) => key.startsWith(stem) && /^[A-Z]/.test(key.slice(stem.length)),
  );
  return typed.flatMap((key) => listOf(value[key]));
}

/** Tells the items of a slice from others. */
function sliceTest(pack: Package, profile: StructureDefinition, id: string): Test {
  const elements = profile.snapshot!.element;
  const head = elements.find((element) => element.id === id);
  const isOptional = (one: string): boolean => elements.find((element) => element.id === one)?.min === 0;
  const tests: Test[] = [];
  for (const element of elements.filter((one) => one.id === id || one.id!.startsWith(`${id}.`))) {
    const wanted = demandedValue(element);
    const parts = element
      .id!.slice(id.length + 1)
      .split('.')
      .filter((part) => part !== '');
    if (
      wanted === undefined ||
      parts.some((_, index) => isOptional(`${id}.${parts.slice(0, index + 1).join('.')}`))
    )
      continue;
    const path = parts.map(step);
    tests.push((value) =>
      path
        .reduce<readonly unknown[]>((all, name) => all.flatMap((one) => childrenOf(one, name)), [value])
        .some((one) => holds(one, wanted)),
    );
  }
  const url = head?.type?.[0]?.code === 'Extension' ? head.type[0].profile?.[0] : undefined;
  if (url !== undefined) tests.push((value) => holds(value, { url }));
  const bound =
    head?.binding?.strength === 'required' && tests.length === 0
      ? head.binding.valueSet?.split('|')[0]
      : undefined;
  if (bound !== undefined)
    tests.push((value) =>
      listOf((value as { coding?: Coding[] }).coding).some((one) => isIn(pack, bound, one as Coding)),
    );
  return (value) => tests.every((test) => test(value));
}

/** Reads the values of an element, by its id, from resources. */
export function valuesOf(
  pack: Package,
  profile: StructureDefinition,
  id: string,
  resources: readonly Resource[],
): readonly unknown[] {
  const segments = id.split('.').slice(1);
  let values: readonly unknown[] = resources;
  let prefix = profile.type;
  for (const segment of segments) {
    prefix = `${prefix}.${segment}`;
    const [name, slice] = segment.split(':');
    values = values.flatMap((value) => childrenWithExtensions(value, name!, slice));
    // A type slice of a choice, as value[x]:valueQuantity, is a property of that name.
    if (slice !== undefined && !name!.endsWith('[x]'))
      values = values.filter(sliceTest(pack, profile, prefix));
  }
  return values;
}

function childrenWithExtensions(value: unknown, name: string, slice: string | undefined): readonly unknown[] {
  if (name.endsWith('[x]') && slice !== undefined) return childrenOf(value, slice);
  return childrenOf(value, name);
}

/** Extensions of a primitive stand beside it: `questionnaire.extension` is `_questionnaire.extension`. */
function besidePrimitive(id: string): string {
  return id.replace(/\.([a-z]\w*)\.extension/, (_, name: string) => `._${name}.extension`);
}

const typeOfTarget = (pack: Package, url: string): string =>
  pack.profiles.get(url)?.type ?? url.split('/').at(-1)!;

/** What is demanded of one element and does not appear: the element itself, one of its types, or one of its targets. */
function missingOf(
  pack: Package,
  profile: StructureDefinition,
  element: ElementDefinition,
  resources: readonly Resource[],
): string[] {
  const id = element.id!;
  const found = [
    ...valuesOf(pack, profile, id, resources),
    ...(id.includes('.extension') ? valuesBeside(pack, profile, id, resources) : []),
  ];
  if (found.length === 0) return [id];
  const stem = id.replace(/\[x\]$/, '');
  const types = id.endsWith('[x]')
    ? demandedTypes(element).map((type) => `${stem}${type.charAt(0).toUpperCase()}${type.slice(1)}`)
    : [];
  const targets = demandedTargets(element).map((url) => typeOfTarget(pack, url));
  const points = (type: string): boolean =>
    found.some((value) => isObject(value) && String(value['reference']).startsWith(`${type}/`));
  return [
    ...types.filter((typed) => valuesOf(pack, profile, typed, resources).length === 0),
    ...targets.filter((type) => !points(type)).map((type) => `${id} -> ${type}`),
  ];
}

function valuesBeside(
  pack: Package,
  profile: StructureDefinition,
  id: string,
  resources: readonly Resource[],
): readonly unknown[] {
  const beside = besidePrimitive(id).split('.').slice(1);
  const last = sliceTest(pack, profile, id);
  return beside
    .map(step)
    .reduce<readonly unknown[]>((all, name) => all.flatMap((one) => childrenOf(one, name)), resources)
    .filter(last);
}

/** All must-support demands of a profile that the resources do not meet. */
export const unmet = (
  pack: Package,
  profile: StructureDefinition,
  resources: readonly Resource[],
): readonly string[] =>
  profile
    .snapshot!.element.filter(isDemanded)
    .flatMap((element) => missingOf(pack, profile, element, resources));
