/** Values that a FHIRPath Patch sends: a data type as value[x], a resource, or `part`s that make up an element. https://hl7.org/fhir/R4/fhirpatch.html */
import type { Definitions, ElementDefinition } from '../definitions/registry.ts';
import { isKindOf } from '../path/children.ts';
import { jsonName } from '../path/locate.ts';
import { readCells, writeCells, type Cell } from './cells.ts';
import { copyValue, type Budget } from './copy.ts';
import { didYouMean } from './near.ts';
import { fault } from './outcome.ts';
import { isObject, type JsonObject, type JsonValue } from './tree.ts';
import { primitiveForm } from './xml-slots.ts';

export interface Making {
  readonly definitions: Definitions;
  readonly budget: Budget;
}

/** A value for an element: the type that it has there, and what goes into JSON. */
export interface Made {
  readonly type: string;
  readonly cell: Cell;
}

/** Adds what a part sends to an object of a type, as the element that `name` names. Throws FhirError `invalid` when it does not fit there. */
export function addElement(
  making: Making,
  object: JsonObject,
  type: string,
  name: string,
  part: JsonObject,
): void {
  const element = elementOf(making.definitions, type, name);
  const { type: own, cell } = make(making, element, part);
  const property = jsonName(element, own);
  if (name !== element.name && name !== `${element.name}[x]` && name !== property) {
    throw fault('invalid', `"${name}" cannot hold a ${own}: name it "${element.name}" or "${property}"`);
  }
  const many = element.max > 1;
  const there = element.types
    .map((one) => jsonName(element, one))
    .find((one) => readCells(object, one).length > 0);
  if (!many && there !== undefined)
    throw fault('invalid', `"${there}" is there already and does not repeat: use replace`);
  writeCells(object, property, [...readCells(object, property), cell], many);
}

/** The element of a type by its name, `value`, `value[x]` or `valueQuantity`. Throws FhirError `invalid` when there is none. */
export function elementOf(definitions: Definitions, type: string, name: string): ElementDefinition {
  const plain = name.replace(/\[x\]$/, '');
  const elements = definitions.type(type)?.elements ?? [];
  const found = elements.find((one) => one.name === plain) ?? definitions.property(type, name)?.element;
  if (found) return found;
  const near = didYouMean(
    name,
    elements.map((one) => one.name),
  );
  throw fault('invalid', `${type} has no element "${name.slice(0, 64)}".${near}`);
}

/** The value that a part sends for an element. Throws FhirError `invalid` without a value, or for one of another type. */
export function make(making: Making, element: ElementDefinition, part: JsonObject): Made {
  const { definitions, budget } = making;
  const { part: parts, resource } = part;
  if (Array.isArray(parts) && parts.length > 0) return fromParts(making, element, parts);
  if (isObject(resource)) return fromResource(making, element, resource);
  const names = Object.keys(part).filter((name) => /^_?value[A-Z]/.test(name));
  const name = names[0]?.replace(/^_/, '');
  if (name === undefined)
    throw fault(
      'invalid',
      'the value is missing: send value[x], or parts for an element without a data type',
    );
  const sent = definitions.property('Parameters.parameter', name)?.type;
  if (sent === undefined || names.some((one) => one.replace(/^_/, '') !== name)) {
    throw fault('invalid', `"${names.join('" and "')}" is not one value of a data type`);
  }
  const [cell] = readCells(part, name);
  return { type: typeFor(definitions, element, sent), cell: copyCell(cell!, budget) };
}

function copyCell({ value, sibling }: Cell, budget: Budget): Cell {
  return {
    ...(value !== undefined && { value: copyValue(value, budget) }),
    ...(sibling && { sibling: copyValue(sibling, budget) }),
  };
}

/** Which of the types of an element a value of data type `sent` takes. */
function typeFor(definitions: Definitions, element: ElementDefinition, sent: string): string {
  const found =
    element.types.find((one) => one === sent) ??
    element.types.find((one) => !element.choice && fits(definitions, sent, one));
  if (found !== undefined) return found;
  const wanted = element.types.map((one) => (one.includes('.') ? 'made of parts' : one)).join(', ');
  throw fault('invalid', `a ${sent} was sent for ${element.path}, which is: ${wanted}`);
}

/** Primitives fit by their form in JSON, and are judged by the validator later; other types by kinship: an Age is a Quantity. */
function fits(definitions: Definitions, sent: string, wanted: string): boolean {
  const [isPrimitive, wantsPrimitive] = [sent, wanted].map(
    (one) => definitions.type(one)?.kind === 'primitive-type',
  );
  if (isPrimitive !== wantsPrimitive) return false;
  if (isPrimitive) return primitiveForm(definitions, sent) === primitiveForm(definitions, wanted);
  return (
    isKindOf(definitions, sent, wanted) || (wanted !== 'Resource' && isKindOf(definitions, wanted, sent))
  );
}

function fromResource(
  { definitions, budget }: Making,
  element: ElementDefinition,
  resource: JsonObject,
): Made {
  const type = resource['resourceType'];
  const found = typeof type === 'string' && element.types.find((one) => isKindOf(definitions, type, one));
  if (!found)
    throw fault('invalid', `a resource was sent for ${element.path}, which is: ${element.types.join(', ')}`);
  return { type: found, cell: { value: copyValue(resource, budget) } };
}

/** An element that has no name as a data type, such as Patient.contact, or one that value[x] cannot hold, such as Extension. */
function fromParts(making: Making, element: ElementDefinition, parts: readonly JsonValue[]): Made {
  const [type = ''] = element.types;
  if (element.choice || making.definitions.type(type)?.kind !== 'complex-type') {
    throw fault('invalid', `${element.path} cannot be made of parts: send it as value[x]`);
  }
  const value: JsonObject = {};
  for (const part of parts) {
    if (!isObject(part) || typeof part['name'] !== 'string')
      throw fault('invalid', 'a part of the value has no name');
    addElement(making, value, type, part['name'], part);
  }
  return { type, cell: { value } };
}
