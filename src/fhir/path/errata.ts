/**
 * Invariants of R4 4.0.1 that cannot work as they are written, by their expression, each with what is run instead and why. Search expressions have a table of
 * their own in definitions/errata.ts. https://hl7.org/fhir/R4/conformance-rules.html#constraints
 */

interface ExpressionErratum {
  /** what is run instead; undefined: it says nothing that could be checked */
  readonly expression: string | undefined;
  readonly reason: string;
}

const NOT_THERE = 'Where the element is absent it is neither true nor false, and an invariant must be true';

export const INVARIANT_ERRATA: Readonly<Record<string, ExpressionErratum>> = {
  // ref-1
  "reference.startsWith('#').not() or (reference.substring(1).trace('url') in %rootResource.contained.id.trace('ids'))":
    {
      expression:
        "reference.exists() implies (reference = '#' or reference.startsWith('#').not() or (reference.substring(1) in %rootResource.contained.id))",
      reason: `${NOT_THERE}: every Reference with an identifier or display alone would fail. "#" means the container and names no contained resource.`,
    },
  // bdl-8
  "fullUrl.contains('/_history/').not()": {
    expression: "fullUrl.exists() implies fullUrl.contains('/_history/').not()",
    reason: `${NOT_THERE}: every entry without a fullUrl would fail.`,
  },
  // ras-2
  'probability is decimal implies (probability as decimal) <= 100': {
    expression:
      'probability.exists() implies ((probability is decimal) implies (probability as decimal) <= 100)',
    reason: `${NOT_THERE}: every prediction without a probability would fail.`,
  },
  // que-7
  "operator = 'exists' implies (answer is Boolean)": {
    expression: "operator = 'exists' implies (answer is boolean)",
    reason: 'Boolean is the type of FHIRPath; an element of FHIR is never of it, but of the type boolean.',
  },
  // que-12
  'enableWhen.count() > 2 implies enableBehavior.exists()': {
    expression: 'enableWhen.count() > 1 implies enableBehavior.exists()',
    reason: 'Its text says "more than one enableWhen".',
  },
  // adf-0, csd-0, sdf-0, vsd-0 … of 27 types, and cid-0 of ChargeItemDefinition, which has no name
  "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')": {
    expression: "name.exists() implies name.matches('^[A-Z]([A-Za-z0-9_]){0,254}$')",
    reason: `${NOT_THERE}, and a pattern without anchors is found inside of any longer text: its text says that the name is an identifier as a whole.`,
  },
  // per-1
  'start.hasValue().not() or end.hasValue().not() or (start <= end)': {
    expression:
      'start.hasValue().not() or end.hasValue().not() or (start.lowBoundary() <= end.highBoundary())',
    reason:
      'Dates of different precision in the same year or month cannot be compared: 2015 to 2015-02 would fail, though it may well be in order.',
  },
  // mdd-1
  'whenHandedOver.empty() or whenPrepared.empty() or whenHandedOver >= whenPrepared': {
    expression:
      'whenHandedOver.empty() or whenPrepared.empty() or whenHandedOver.highBoundary() >= whenPrepared.lowBoundary()',
    reason: 'As per-1: dates of different precision.',
  },
  // inv-1 of Task
  'lastModified.exists().not() or authoredOn.exists().not() or lastModified >= authoredOn': {
    expression:
      'lastModified.exists().not() or authoredOn.exists().not() or lastModified.highBoundary() >= authoredOn.lowBoundary()',
    reason: 'As per-1: dates of different precision.',
  },
  // tim-9
  "offset.empty() or (when.exists() and ((when in ('C' | 'CM' | 'CD' | 'CV')).not()))": {
    expression:
      "offset.empty() or (when.exists() and when.where($this in ('C' | 'CM' | 'CD' | 'CV')).empty())",
    reason: 'Timing.repeat.when repeats, and "in" takes one value on its left.',
  },
  // con-3
  "clinicalStatus.exists() or verificationStatus.coding.where(system='http://terminology.hl7.org/CodeSystem/condition-ver-status' and code = 'entered-in-error').exists() or category.select($this='problem-list-item').empty()":
    {
      expression:
        "clinicalStatus.exists() or verificationStatus.coding.where(system='http://terminology.hl7.org/CodeSystem/condition-ver-status' and code = 'entered-in-error').exists() or category.coding.where(code='problem-list-item').empty()",
      reason:
        'It compares a CodeableConcept with a string, which is false, and then asks whether there are no such falses: it fails for every category.',
    },
  // inv-1 of the extension substanceExposureRisk
  'substanceExposureRisk.exists() and code.empty()': {
    expression: undefined,
    reason:
      'It speaks of elements of another resource: an Extension has neither, and every use of it would fail.',
  },
};

/** The expression that is run for an invariant; undefined when it cannot be checked. */
export function mendedInvariant(expression: string): string | undefined {
  return Object.hasOwn(INVARIANT_ERRATA, expression) ? INVARIANT_ERRATA[expression]!.expression : expression;
}
