/**
 * What an XML element name means inside a FHIR type: its place in the order of the standard and how its content is written.
 * https://hl7.org/fhir/R4/xml.html
 */
import type { Definitions, ElementDefinition } from '../definitions/registry.ts';

export const FHIR_NAMESPACE = 'http://hl7.org/fhir';
export const XHTML_NAMESPACE = 'http://www.w3.org/1999/xhtml';

/** `resource` holds one inline resource as its only child; `attribute` is an XML attribute of the element that it belongs to. */
export type SlotForm = 'attribute' | 'primitive' | 'xhtml' | 'complex' | 'resource';

export interface Slot {
  /** name in JSON and in XML: `valueQuantity` */
  readonly name: string;
  /** name in FHIRPath: `value` */
  readonly pathName: string;
  readonly order: number;
  readonly type: string;
  readonly form: SlotForm;
  /** whether it may repeat, and so is an array in JSON */
  readonly many: boolean;
}

export type Slots = ReadonlyMap<string, Slot>;

const known = new WeakMap<Definitions, Map<string, Slots>>();

/** The slots of a type by name; empty for a type that the definitions do not know. Made once a registry. */
export function slotsOf(definitions: Definitions, type: string): Slots {
  let types = known.get(definitions);
  if (!types) known.set(definitions, (types = new Map<string, Slots>()));
  let slots = types.get(type);
  if (!slots) types.set(type, (slots = makeSlots(definitions, type)));
  return slots;
}

function makeSlots(definitions: Definitions, typeName: string): Slots {
  const slots = new Map<string, Slot>();
  const isResource = definitions.type(typeName)?.kind === 'resource';
  for (const [order, element] of (definitions.type(typeName)?.elements ?? []).entries()) {
    for (const type of element.types) {
      const name = element.choice
        ? element.name + type.charAt(0).toUpperCase() + type.slice(1)
        : element.name;
      const form = isAttribute(typeName, isResource, element) ? 'attribute' : formOf(definitions, type);
      if (!slots.has(name))
        slots.set(name, { name, pathName: element.name, order, type, form, many: element.max > 1 });
    }
  }
  return slots;
}

/** The two elements that the standard represents as attributes: the id of an element (not of a resource), and the url of an extension. */
function isAttribute(typeName: string, isResource: boolean, element: ElementDefinition): boolean {
  return (element.name === 'id' && !isResource) || (element.name === 'url' && typeName === 'Extension');
}

function formOf(definitions: Definitions, type: string): SlotForm {
  if (type === 'xhtml') return 'xhtml';
  const kind = definitions.type(type)?.kind;
  if (kind === 'primitive-type') return 'primitive';
  return kind === 'resource' ? 'resource' : 'complex';
}

export type PrimitiveForm = 'boolean' | 'integer' | 'decimal' | 'string';

/** Which JSON type a primitive type has; `integer` also for the types derived from it. */
export function primitiveForm(definitions: Definitions, type: string): PrimitiveForm {
  for (let name: string | undefined = type; name !== undefined; name = definitions.type(name)?.base) {
    if (name === 'boolean' || name === 'integer' || name === 'decimal') return name;
  }
  return 'string';
}

const attributes = new WeakMap<Slots, readonly string[]>();

/** Names of the slots that are XML attributes. */
export function attributesOf(slots: Slots): readonly string[] {
  let names = attributes.get(slots);
  if (!names) {
    names = [...slots.values()].filter((slot) => slot.form === 'attribute').map((slot) => slot.name);
    attributes.set(slots, names);
  }
  return names;
}
