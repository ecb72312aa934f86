/**
 * What R4 4.0.1 as published says and cannot mean, as a literal table with reasons. The published resources themselves are kept as they are.
 * https://hl7.org/fhir/R4/searchparameter-registry.html
 */

interface SearchParameterErratum {
  /** the expression that is used instead; undefined: the parameter cannot be served by index values */
  readonly expression: string | undefined;
  /** the components that are used instead */
  readonly component?: readonly { readonly definition: string; readonly expression: string }[];
  readonly reason: string;
}

/** By url of the SearchParameter. */
export const SEARCH_PARAMETER_ERRATA: Readonly<Record<string, SearchParameterErratum>> = {
  'http://hl7.org/fhir/SearchParameter/DocumentReference-relationship': {
    expression: 'DocumentReference.relatesTo',
    component: [
      { definition: 'http://hl7.org/fhir/SearchParameter/DocumentReference-relation', expression: 'code' },
      { definition: 'http://hl7.org/fhir/SearchParameter/DocumentReference-relatesto', expression: 'target' },
    ],
    reason:
      "Its components name each other's parameters: relatesto, which is the reference, with the expression code, and relation, which is the code, with target.",
  },
};
