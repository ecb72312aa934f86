/**
 * The JSON Schema of one FHIR type, made from its definition. It speaks a vocabulary of its own (`keywords.ts`), because that of JSON Schema knows neither
 * `_x` beside `x` nor choices nor decimals that keep their text. https://hl7.org/fhir/R4/json.html
 */
import type { Definitions, ElementDefinition, TypeDefinition } from '../definitions/registry.ts';

/** What one value must be. */
export type ValueSchema =
  /** a primitive of that type */
  | { readonly primitive: string }
  /** an object of that type, checked by the schema of the type */
  | { readonly is: string }
  /** a whole resource of any type; `contained` may not contain others */
  | { readonly inline: 'contained' | 'resource' };

export type MemberSchema =
  | ValueSchema
  /** an array; null is allowed where the property `beside` has something at the same index */
  | { readonly list: ValueSchema; readonly most?: number; readonly beside?: string }
  /** id and extensions of the primitive property that is named */
  | { readonly sibling: string }
  /** the same for an array of primitives */
  | { readonly siblings: string };

export interface TypeSchema {
  /** all properties there are; any other is refused */
  readonly members: Readonly<Record<string, MemberSchema>>;
  /** of each list at most one may be there */
  readonly choices: Readonly<Record<string, readonly string[]>>;
  /** of each list at least one must be there */
  readonly needs: Readonly<Record<string, readonly string[]>>;
  /** `any`: it may not be empty; `beyond-id`: nor have only an id; `none` for resources */
  readonly content: 'any' | 'beyond-id' | 'none';
  /** exactly one of a choice and a property is there */
  readonly either?: { readonly choice: string; readonly property: string };
}

/** The schema of a type that the definitions know. */
export function schemaOf(definitions: Definitions, type: TypeDefinition): TypeSchema {
  const members: Record<string, MemberSchema> = {};
  const choices: Record<string, readonly string[]> = {};
  const needs: Record<string, readonly string[]> = {};
  for (const element of type.elements) {
    const own = membersOf(definitions, type, element);
    Object.assign(members, own);
    if (element.choice && element.types.length > 1) choices[element.name] = Object.keys(own);
    if (element.min > 0) needs[element.name] = Object.keys(own);
  }
  const content = type.kind === 'resource' ? 'none' : type.name === 'Element' ? 'any' : 'beyond-id';
  // ext-1 of Extension: either a value or further extensions, https://hl7.org/fhir/R4/extensibility.html#Extension
  const either = type.name === 'Extension' ? { choice: 'value', property: 'extension' } : undefined;
  return { members, choices, needs, content, ...(either && { either }) };
}

function membersOf(
  definitions: Definitions,
  type: TypeDefinition,
  element: ElementDefinition,
): Record<string, MemberSchema> {
  const members: Record<string, MemberSchema> = {};
  for (const one of element.types) {
    const name = element.choice ? element.name + one.charAt(0).toUpperCase() + one.slice(1) : element.name;
    const value = valueOf(definitions, type, element, one);
    const hasSibling = 'primitive' in value && !standsAlone(type, element, value.primitive);
    if (element.max <= 1) members[name] = value;
    else members[name] = listOf(element, value, hasSibling ? `_${name}` : undefined);
    if (hasSibling) members[`_${name}`] = element.max > 1 ? { siblings: name } : { sibling: name };
  }
  return members;
}

function listOf(element: ElementDefinition, list: ValueSchema, beside: string | undefined): MemberSchema {
  const most = Number.isFinite(element.max) ? element.max : undefined;
  return { list, ...(most !== undefined && { most }), ...(beside !== undefined && { beside }) };
}

function valueOf(
  definitions: Definitions,
  type: TypeDefinition,
  element: ElementDefinition,
  name: string,
): ValueSchema {
  const kind = definitions.type(name)?.kind;
  if (kind === 'resource') return { inline: element.name === 'contained' ? 'contained' : 'resource' };
  if (kind !== 'primitive-type') return { is: name };
  // The snapshot types the id of a resource by FHIRPath, as a string; the text of the standard and its own type say id.
  return { primitive: element.name === 'id' && type.kind === 'resource' ? 'id' : name };
}

/** Attributes of XML and the narrative cannot be extended. */
function standsAlone(type: TypeDefinition, element: ElementDefinition, primitive: string): boolean {
  return (
    element.name === 'id' || primitive === 'xhtml' || (element.name === 'url' && type.name === 'Extension')
  );
}
