/**
 * Index values: what a resource can be found by. Three physical kinds carry all search-parameter types, so that a SearchParameter
 * posted at run time never means a schema change. https://hl7.org/fhir/R4/search.html
 *
 * kind    carries                                                              found by
 * key     token, reference, canonical, compartment, every literal reference     equality
 * range   date (ms since 1970, both ends inclusive), number, quantity           bounds on low and high; `key` is a unit or ''
 * text    string (folded) and uri (as is, `text` = `exact`)                     equality, prefix, substring
 *
 * `param` is the code of the SearchParameter ("code"), or one of the pseudo parameters below. The resource's type is not part of it:
 * an index value always stands beside the type of its resource.
 */
export interface KeyValue {
  readonly kind: 'key';
  readonly param: string;
  readonly key: string;
}
export interface RangeValue {
  readonly kind: 'range';
  readonly param: string;
  /** the unit of a quantity ('' where there is none): only ranges of one key are compared with each other */
  readonly key: string;
  readonly low: number;
  readonly high: number;
}
export interface TextValue {
  readonly kind: 'text';
  readonly param: string;
  readonly text: string;
  readonly exact: string;
}
export type IndexValue = KeyValue | RangeValue | TextValue;
export type IndexKind = IndexValue['kind'];

/** key values `Patient/123`: the compartments (of CompartmentDefinition) that the resource is in, itself included where it is one */
export const COMPARTMENT = '_compartment';
/** key values `Type/id`: every local literal reference anywhere in the resource, for referential integrity */
export const REFERENCE = '_reference';

/** key values: the canonical URL of the resource itself, by which canonical references are joined */
export const CANONICAL = '_canonical';
/** key values `#Type/0`: the places of contained resources */
export const CONTAINS = '#';

/** No SearchParameter may have one of these codes: access is judged by them, or joins are answered by them. */
export const PSEUDO: ReadonlySet<string> = new Set([COMPARTMENT, REFERENCE, CANONICAL, CONTAINS]);

/** Ends of an open range, in ms: the largest and smallest instant that a Date can hold. */
export const FOREVER = 8.64e15;
export const BEGINNING = -8.64e15;
