/** Resources as lines of a timeline: when, what kind, in the words that the record has. */

const wordsOf = (concept) => concept?.text ?? concept?.coding?.find(({ display }) => display)?.display;
const quantity = (q) => (q?.value === undefined ? undefined : `${q.value} ${q.unit ?? q.code ?? ''}`.trim());
const valueOf = (o) => quantity(o.valueQuantity) ?? wordsOf(o.valueCodeableConcept) ?? o.valueString;
const parts = (o) =>
  (o.component ?? []).map((c) => `${wordsOf(c.code)} ${valueOf(c) ?? ''}`.trim()).join(', ');

/** Type of resource -> { kind, when, what }. */
export const KINDS = {
  AllergyIntolerance: {
    kind: 'Allergies',
    when: (r) => r.onsetDateTime ?? r.recordedDate,
    what: (r) => wordsOf(r.code),
  },
  Condition: {
    kind: 'Health problems',
    when: (r) => r.onsetDateTime ?? r.recordedDate,
    what: (r) => wordsOf(r.code),
  },
  DiagnosticReport: {
    kind: 'Reports',
    when: (r) => r.effectiveDateTime ?? r.effectivePeriod?.start,
    what: (r) => wordsOf(r.code),
  },
  Encounter: {
    kind: 'Visits',
    when: (r) => r.period?.start,
    what: (r) => wordsOf(r.type?.[0]) ?? r.class?.display,
  },
  Immunization: { kind: 'Vaccines', when: (r) => r.occurrenceDateTime, what: (r) => wordsOf(r.vaccineCode) },
  MedicationRequest: {
    kind: 'Medicines',
    when: (r) => r.authoredOn,
    what: (r) =>
      [wordsOf(r.medicationCodeableConcept) ?? r.medicationReference?.display, r.dosageInstruction?.[0]?.text]
        .filter(Boolean)
        .join(': '),
  },
  Observation: {
    kind: 'Results',
    when: (r) => r.effectiveDateTime ?? r.effectivePeriod?.start,
    what: (r) => [wordsOf(r.code), valueOf(r) ?? parts(r)].filter(Boolean).join(': '),
  },
  Procedure: {
    kind: 'Procedures',
    when: (r) => r.performedDateTime ?? r.performedPeriod?.start,
    what: (r) => wordsOf(r.code),
  },
};

/** Lines, newest first; what has no date comes last. Mistaken entries are left out. */
export function timeline(resources) {
  const lines = resources
    .filter(
      (r) =>
        r.status !== 'entered-in-error' && r.verificationStatus?.coding?.[0]?.code !== 'entered-in-error',
    )
    .map((r) => ({
      when: KINDS[r.resourceType].when(r),
      kind: KINDS[r.resourceType].kind,
      what: KINDS[r.resourceType].what(r) ?? r.resourceType,
    }));
  return lines.sort((a, b) => (b.when ?? '').localeCompare(a.when ?? ''));
}
