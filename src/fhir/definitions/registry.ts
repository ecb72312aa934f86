/**
 * The immutable registry of what the standard and the loaded packages define. It is swapped whole when a conformance resource changes.
 * https://hl7.org/fhir/R4/structuredefinition.html, https://hl7.org/fhir/R4/searchparameter.html, https://hl7.org/fhir/R4/compartmentdefinition.html
 */

/** One child element of a type, as the snapshot of its StructureDefinition has it. */
export interface ElementDefinition {
  /** JSON name without a choice suffix: `value` for `value[x]` */
  readonly name: string;
  /** full path, `Observation.component.value[x]` */
  readonly path: string;
  readonly min: number;
  /** Infinity for `*` */
  readonly max: number;
  /** true for `value[x]`: the JSON name is name + capitalized type */
  readonly choice: boolean;
  /**
   * Types it may have, each a key for `type()`: a data type (`Quantity`), a primitive (`code`), `Resource` for inline resources, or the path of
   * a nested backbone type (`Observation.component`). A contentReference is resolved to the path it names. FHIRPath system types are given
   * as the FHIR primitive (`http://hl7.org/fhirpath/System.String` of Element.id is `string`; so is that of Resource.id in
   * the snapshots, though its text must be an `id`).
   */
  readonly types: readonly string[];
  /** target types of a Reference or canonical: `Patient`; empty: any */
  readonly targets: readonly string[];
  readonly isSummary: boolean;
  readonly isModifier: boolean;
  readonly binding?: { readonly strength: string; readonly valueSet: string };
}

export interface TypeDefinition {
  /** `Patient`, `HumanName`, `code`, `Observation.component` */
  readonly name: string;
  readonly kind: 'resource' | 'complex-type' | 'primitive-type';
  readonly abstract: boolean;
  /** direct base: `DomainResource`, `Element`; undefined at the root */
  readonly base?: string;
  /** children in the order of the standard (the order of XML), inherited ones included; empty for primitives but id and extension */
  readonly elements: readonly ElementDefinition[];
  /** primitives: the regular expression of the value as R4 gives it, for the whole text: use it as `^(?:…)$` */
  readonly regex?: string;
}

/** What a JSON property name means inside a type: its element and the one type it has there. */
export interface Property {
  readonly element: ElementDefinition;
  readonly type: string;
}

export type SearchParamType =
  'number' | 'date' | 'string' | 'token' | 'reference' | 'composite' | 'quantity' | 'uri' | 'special';

export interface SearchParameter {
  readonly url: string;
  readonly code: string;
  readonly type: SearchParamType;
  /** resource types it applies to, abstract bases (`Resource`, `DomainResource`) resolved by the look-ups below */
  readonly base: readonly string[];
  readonly expression?: string;
  readonly target: readonly string[];
  readonly component: readonly { readonly definition: string; readonly expression: string }[];
}

export interface Definitions {
  /** a number that differs between any two registries: key for caches of compiled things */
  readonly generation: number;
  /** the FHIR version, `4.0.1` */
  readonly fhirVersion: string;
  /** concrete resource types, sorted */
  readonly resourceTypes: readonly string[];
  isResourceType(name: string): boolean;
  type(name: string): TypeDefinition | undefined;
  /**
   * O(1): looks up `valueQuantity` in `Observation` -> element `value[x]`, type `Quantity`. Undefined for an unknown property and for
   * `resourceType`. The sibling of a primitive (`_birthDate`) is not known here: ask for `birthDate`, and treat the sibling as an `Element`.
   */
  property(type: string, jsonName: string): Property | undefined;
  /** all search parameters of a resource type, those of Resource and DomainResource included, by code */
  searchParameters(resourceType: string): ReadonlyMap<string, SearchParameter>;
  /** compartment name (`Patient`) -> codes of the search parameters by which a resource of that type is in it; `{def}` is given as `{def}` */
  compartments(resourceType: string): ReadonlyMap<string, readonly string[]>;
  /** names of the compartments: Patient, Encounter, Practitioner, RelatedPerson, Device */
  readonly compartmentTypes: readonly string[];
  /**
   * The whole conformance resource as JSON text (StructureDefinition, ValueSet, CodeSystem, SearchParameter, OperationDefinition …), by `url` or
   * `url|version`. Those of the R4 core come without their narrative. Without a version, the one that was added last counts.
   */
  conformance(resourceType: string, canonical: string): string | undefined;
  /** every conformance resource of this url, as JSON text, in the order in which they were added; several may call themselves the same version */
  versions(resourceType: string, url: string): readonly string[];
  /** urls of all conformance resources of a type */
  canonicals(resourceType: string): Iterable<string>;
}
