/**
 * The snapshot of a profile that has only a differential: the elements of the base with the changes put in, types opened where the profile goes into them.
 * https://hl7.org/fhir/R4/profiling.html#snapshot
 */
import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import { fault } from '../model/outcome.ts';

/** Finds a StructureDefinition by canonical. */
export type Lookup = (canonical: string) => StructureDefinition | undefined;

const CORE = 'http://hl7.org/fhir/StructureDefinition/';
/** Bounds on what a hostile profile can cost. */
const MOST_ELEMENTS = 20_000;
const MOST_BASES = 30;

/**
 * The elements of the snapshot: that of the structure itself where it has one, else made. Undefined where a base is not at hand. Throws FhirError `invalid` for a
 * differential that does not fit its base, for a chain of bases that is a circle, `too-costly` for one too large.
 */
export function snapshotOf(
  structure: StructureDefinition,
  lookup: Lookup,
  depth = 0,
): ElementDefinition[] | undefined {
  if (structure.snapshot) return structure.snapshot.element;
  if (depth > MOST_BASES)
    throw fault('invalid', `${structure.url} has too long a chain of bases, or one that is a circle`);
  const base = structure.baseDefinition === undefined ? undefined : lookup(structure.baseDefinition);
  const elements = base && snapshotOf(base, lookup, depth + 1);
  if (!elements) return undefined;
  const work: Work = {
    url: structure.url ?? '',
    elements: elements.map((one) => ({ ...one, id: one.id ?? one.path })),
    open: (element) => childrenOf(element, elements, lookup, depth),
  };
  for (const change of structure.differential?.element ?? []) apply(work, change);
  return work.elements;
}

interface Work {
  readonly url: string;
  readonly elements: ElementDefinition[];
  /** the elements inside of one that is still closed, with paths that begin with theirs */
  readonly open: (element: ElementDefinition) => readonly ElementDefinition[];
}

function apply(work: Work, change: ElementDefinition): void {
  if (work.elements.length > MOST_ELEMENTS)
    throw fault('too-costly', `The snapshot of ${work.url} is too large`);
  const segments = segmentsOf(change);
  let at = 0;
  for (let i = 1; i < segments.length; i++) at = descend(work, at, segments[i]!);
  work.elements[at] = merged(work.elements[at]!, change);
}

interface Segment {
  readonly name: string;
  readonly slice?: string;
}

/** The way to an element: from its id where that has the slices, else from path and sliceName. */
function segmentsOf({ id, path = '', sliceName }: ElementDefinition): Segment[] {
  const source = id !== undefined && id.split('.').length === path.split('.').length ? id : path;
  const parts = source.split('.').map((part): Segment => {
    const [name = '', ...slice] = part.split(':');
    return slice.length > 0 ? { name, slice: slice.join(':') } : { name };
  });
  const last = parts.at(-1)!;
  if (sliceName !== undefined && last.slice === undefined)
    parts[parts.length - 1] = { ...last, slice: sliceName };
  return parts;
}

const lastOf = (id: string): string => id.slice(id.lastIndexOf('.') + 1);
const isInside = (id: string, parent: string): boolean => id.startsWith(`${parent}.`);

/** The index of the child of the element at `parent`; opens the parent, and makes the slice, where they are not there yet. */
function descend(work: Work, parent: number, { name, slice }: Segment): number {
  const { elements } = work;
  const owner = elements[parent]!;
  if (!isInside(elements[parent + 1]?.id ?? '', owner.id!)) {
    elements.splice(parent + 1, 0, ...work.open(owner));
  }
  const found = findChild(elements, parent, name);
  if (found === undefined) return choiceChild(work, parent, name);
  return slice === undefined ? found : sliceOf(work, found, slice);
}

function findChild(elements: readonly ElementDefinition[], parent: number, name: string): number | undefined {
  const prefix = elements[parent]!.id!;
  for (let i = parent + 1; i < elements.length && isInside(elements[i]!.id!, prefix); i++) {
    const id = elements[i]!.id!;
    if (id.length === prefix.length + 1 + name.length && id.endsWith(`.${name}`)) return i;
  }
  return undefined;
}

/** `valueQuantity` is the slice of `value[x]` that has the type Quantity. */
function choiceChild(work: Work, parent: number, name: string): number {
  const { elements, url } = work;
  const prefix = elements[parent]!.id!;
  for (let i = parent + 1; i < elements.length && isInside(elements[i]!.id!, prefix); i++) {
    const last = lastOf(elements[i]!.id!);
    if (elements[i]!.id !== `${prefix}.${last}` || !last.endsWith('[x]')) continue;
    const stem = last.slice(0, -3);
    const type = elements[i]!.type?.find(
      ({ code }) => name === stem + code[0]!.toUpperCase() + code.slice(1),
    );
    if (!type) continue;
    elements[i] = { ...elements[i]!, slicing: elements[i]!.slicing ?? BY_TYPE };
    const at = sliceOf(work, i, name);
    elements[at] = { ...elements[at]!, type: [type] };
    return at;
  }
  throw fault('invalid', `${url}: the differential goes to ${prefix}.${name}, which its base does not have`);
}

const BY_TYPE: NonNullable<ElementDefinition['slicing']> = {
  discriminator: [{ type: 'type', path: '$this' }],
  ordered: false,
  rules: 'open',
};

/** The index of a slice; a new one begins as a copy of the element, behind the slices that there are. */
function sliceOf(work: Work, at: number, slice: string): number {
  const { elements } = work;
  const element = elements[at]!;
  const id = `${element.id}:${slice}`;
  let end = at + 1;
  for (; end < elements.length; end++) {
    const one = elements[end]!.id!;
    if (one === id) return end;
    if (!isInside(one, element.id!) && !one.startsWith(`${element.id}:`)) break;
  }
  // A slice of a slice begins as that slice.
  const outer = slice.includes('/') ? `${element.id}:${slice.slice(0, slice.lastIndexOf('/'))}` : undefined;
  const origin = elements.find((one) => one.id === outer) ?? element;
  const inside = elements.filter((one) => isInside(one.id!, origin.id!));
  const copy: ElementDefinition = { ...origin, id, sliceName: slice, min: 0 };
  delete copy.slicing;
  const children = inside.map((one) => ({ ...one, id: id + one.id!.slice(origin.id!.length) }));
  elements.splice(end, 0, copy, ...children);
  return end;
}

/** The inside of a closed element: of the element that it refers to, of its one profile, or of its type. */
function childrenOf(
  element: ElementDefinition,
  base: readonly ElementDefinition[],
  lookup: Lookup,
  depth: number,
): ElementDefinition[] {
  if (element.contentReference !== undefined) {
    const target = element.contentReference.slice(element.contentReference.indexOf('#') + 1);
    return moved(
      base.filter((one) => isInside(one.id ?? one.path, target)),
      target,
      element,
    );
  }
  // Of several types only what all elements have can be said: id and extensions.
  const type = element.type?.length === 1 ? element.type[0]! : { code: 'Element' };
  const [profile] = ('profile' in type ? type.profile : undefined) ?? [];
  const structure = (profile === undefined ? undefined : lookup(profile)) ?? lookup(CORE + type.code);
  const elements = structure && snapshotOf(structure, lookup, depth + 1);
  if (!elements)
    throw fault('invalid', `The profile goes into ${element.id}, whose type ${type.code} is not known`);
  const root = elements[0]!.id ?? elements[0]!.path;
  return moved(elements.slice(1), root, element);
}

function moved(
  elements: readonly ElementDefinition[],
  from: string,
  to: ElementDefinition,
): ElementDefinition[] {
  const root = from.split(':')[0]!;
  return elements.map((one) => ({
    ...one,
    id: to.id! + (one.id ?? one.path).slice(from.length),
    path: to.path + one.path.slice(root.length),
  }));
}

/** A change replaces what it names; constraints and conditions are added to those that there are. */
function merged(element: ElementDefinition, change: ElementDefinition): ElementDefinition {
  const { id: _id, path: _path, constraint = [], ...rest } = change;
  const keys = new Set(constraint.map(({ key }) => key));
  const kept = (element.constraint ?? []).filter(({ key }) => !keys.has(key));
  const all = [...kept, ...constraint];
  const given = Object.keys(rest).some((name) => /^(?:fixed|pattern)[A-Z]/.test(name));
  const before = given ? withoutGiven(element) : element;
  return {
    ...before,
    ...rest,
    sliceName: rest.sliceName ?? element.sliceName,
    ...(all.length > 0 && { constraint: all }),
  };
}

function withoutGiven(element: ElementDefinition): ElementDefinition {
  const kept = Object.entries(element).filter(([name]) => !/^(?:fixed|pattern)[A-Z]/.test(name));
  return Object.fromEntries(kept) as unknown as ElementDefinition;
}
