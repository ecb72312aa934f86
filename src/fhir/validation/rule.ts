/**
 * What a StructureDefinition says of each element, as a tree: the flat list of a snapshot put in order, slices beside the element that they cut.
 * https://hl7.org/fhir/R4/elementdefinition.html, https://hl7.org/fhir/R4/profiling.html
 */
import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import type { JsonValue } from '../model/tree.ts';

export interface TypeRule {
  /** `Quantity`, `code`; FHIRPath's system types as the FHIR primitive */
  readonly code: string;
  /** profiles of the type itself, one of which must hold */
  readonly profiles: readonly string[];
  /** profiles of what a Reference or canonical leads to */
  readonly targets: readonly string[];
  /** how a Reference may reach its target; empty: in any way */
  readonly aggregation: readonly string[];
}

export interface BindingRule {
  readonly strength: 'required' | 'extensible' | 'preferred' | 'example';
  readonly valueSet: string;
  /** the set that no code may leave, whatever the strength */
  readonly maxValueSet?: string;
  /** further sets that codes are held against, each with the strength of its purpose */
  readonly additional?: readonly { readonly strength: BindingRule['strength']; readonly valueSet: string }[];
}

export interface ConstraintRule {
  readonly key: string;
  readonly severity: 'error' | 'warning';
  readonly human: string;
  readonly expression: string;
}

export interface Discriminator {
  readonly type: 'value' | 'pattern' | 'exists' | 'type' | 'profile';
  readonly path: string;
}

export interface SlicingRule {
  readonly discriminators: readonly Discriminator[];
  readonly rules: 'closed' | 'open' | 'openAtEnd';
  readonly ordered: boolean;
}

export interface Rule {
  /** `Observation.category:laboratory.coding` */
  readonly id: string;
  readonly path: string;
  /** last part of the path without `[x]` */
  readonly name: string;
  readonly choice: boolean;
  readonly sliceName?: string;
  readonly min: number;
  /** Infinity for `*` */
  readonly max: number;
  readonly types: readonly TypeRule[];
  /** `fixed[x]` with the type in its name: the value and the type */
  readonly fixed?: JsonValue;
  readonly pattern?: JsonValue;
  readonly minValue?: JsonValue;
  readonly maxValue?: JsonValue;
  readonly maxLength?: number;
  readonly binding?: BindingRule;
  readonly constraints: readonly ConstraintRule[];
  readonly mustSupport: boolean;
  readonly isModifier: boolean;
  /** `#Observation.referenceRange`: the rule that says what is in here */
  readonly contentReference?: string;
  readonly slicing?: SlicingRule;
  readonly slices: readonly Rule[];
  /** in the order of the standard; empty where the profile says nothing of the inside */
  readonly children: readonly Rule[];
}

/** A rule while the tree is built. */
type Growing = Omit<Rule, 'slices' | 'children'> & { slices: Growing[]; children: Growing[] };

const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type';
const ADDITIONAL = 'http://hl7.org/fhir/tools/StructureDefinition/additional-binding';
/** Purposes that ask something on their own. https://hl7.org/fhir/tools/StructureDefinition-additional-binding.html */
const PURPOSES: Readonly<Record<string, BindingRule['strength']>> = {
  required: 'required',
  maximum: 'required',
  extensible: 'extensible',
};
const MAX_VALUE_SET = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet';

/** The rule of the root with all others below it. Throws a TypeError for a definition without a snapshot or with elements that hang in the air. */
export function ruleTree({ snapshot, url }: StructureDefinition): Rule {
  const [first, ...others] = snapshot?.element ?? [];
  if (!first) throw new TypeError(`${url} has no snapshot`);
  const root = grow(first);
  const byId = new Map<string, Growing>([[root.id, root]]);
  for (const element of others) {
    const rule = grow(element);
    byId.set(rule.id, rule);
    const cut = slicedId(rule.id, byId);
    const owner = byId.get(cut ?? rule.id.slice(0, rule.id.lastIndexOf('.')));
    if (!owner) throw new TypeError(`${url}: ${rule.id} stands before what it belongs to`);
    (cut === undefined ? owner.children : owner.slices).push(rule);
  }
  return root;
}

/**
 * The id of the element, or slice, that this one is a slice of: `a.b:c` -> `a.b`, `a.b:c/d` -> `a.b:c`. Where there is no slice `c`, the slash is part of a
 * name (US Core 5.0.1 has `us-core/social-history`).
 */
function slicedId(id: string, known: ReadonlyMap<string, unknown>): string | undefined {
  const last = id.slice(id.lastIndexOf('.') + 1);
  if (!last.includes(':')) return undefined;
  const start = id.length - last.length;
  const again = last.lastIndexOf('/');
  const outer = again < 0 ? undefined : id.slice(0, start + again);
  return outer !== undefined && known.has(outer) ? outer : id.slice(0, start + last.indexOf(':'));
}

function grow(element: ElementDefinition): Growing {
  const { path = '' } = element;
  const last = path.slice(path.lastIndexOf('.') + 1);
  return {
    id: element.id ?? path,
    path,
    name: last.replace('[x]', ''),
    choice: last.endsWith('[x]'),
    sliceName: element.sliceName,
    min: element.min ?? 0,
    max: element.max === '*' || element.max === undefined ? Infinity : Number(element.max),
    types: (element.type ?? []).map(typeRule),
    fixed: polymorphic(element, 'fixed'),
    pattern: polymorphic(element, 'pattern'),
    minValue: polymorphic(element, 'minValue'),
    maxValue: polymorphic(element, 'maxValue'),
    maxLength: element.maxLength,
    binding: bindingRule(element),
    constraints: (element.constraint ?? []).flatMap(constraintRule),
    mustSupport: element.mustSupport === true,
    isModifier: element.isModifier === true,
    contentReference: element.contentReference,
    slicing: element.slicing && {
      discriminators: element.slicing.discriminator ?? [],
      rules: element.slicing.rules,
      ordered: element.slicing.ordered === true,
    },
    slices: [],
    children: [],
  };
}

type Typed = NonNullable<ElementDefinition['type']>[number];

function typeRule(type: Typed): TypeRule {
  const own = type.extension?.find(({ url }) => url === FHIR_TYPE);
  const code = own?.valueUrl ?? own?.valueUri ?? type.code ?? '';
  return {
    code: code.replace('http://hl7.org/fhirpath/System.String', 'string'),
    profiles: type.profile ?? [],
    targets: type.targetProfile ?? [],
    aggregation: ('aggregation' in type && type.aggregation) || [],
  };
}

function polymorphic(element: ElementDefinition, prefix: string): JsonValue | undefined {
  const name = Object.keys(element).find(
    (key) => key.startsWith(prefix) && /^[A-Z]/.test(key.slice(prefix.length)),
  );
  return name === undefined ? undefined : (element as unknown as Record<string, JsonValue>)[name];
}

function bindingRule({ binding }: ElementDefinition): BindingRule | undefined {
  if (!binding?.valueSet) return undefined;
  const most = binding.extension?.find(({ url }) => url === MAX_VALUE_SET);
  const maxValueSet = most?.valueCanonical ?? most?.valueUri;
  return {
    strength: binding.strength,
    valueSet: binding.valueSet,
    ...(maxValueSet !== undefined && { maxValueSet }),
    ...additionalOf(binding.extension ?? []),
  };
}

type Extensions = NonNullable<NonNullable<ElementDefinition['binding']>['extension']>;

/** Additional bindings without a usage: those with one hold in some contexts only. */
function additionalOf(extensions: Extensions): Pick<BindingRule, 'additional'> {
  const additional = extensions.flatMap(({ url, extension = [] }) => {
    const part = (name: string): Extensions[number] | undefined => extension.find((one) => one.url === name);
    const strength = PURPOSES[part('purpose')?.valueCode ?? ''];
    const valueSet = part('valueSet')?.valueCanonical;
    return url !== ADDITIONAL || !strength || valueSet === undefined || part('usage')
      ? []
      : [{ strength, valueSet }];
  });
  return additional.length > 0 ? { additional } : {};
}

function constraintRule(one: NonNullable<ElementDefinition['constraint']>[number]): ConstraintRule[] {
  const { key, severity, human, expression } = one;
  if (key === undefined || expression === undefined) return [];
  return [{ key, severity: severity === 'warning' ? 'warning' : 'error', human: human ?? '', expression }];
}
