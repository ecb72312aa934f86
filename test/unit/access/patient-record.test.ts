/** What belongs to one patient's record, type by type: the whole list, so that a change of the rules or of the definitions is seen. */
import { describe, expect, it } from '@jest/globals';
import { ATTACHED, concernsPatients, ownRecord, SHARED } from '../../../src/access/patient-record.ts';
import { loadDefinitions } from '../../../src/definitions-file.ts';

const definitions = await loadDefinitions();
const kinds = new Map<string, string[]>();
for (const type of definitions.resourceTypes) {
  const own = ownRecord(definitions, type, ['a']);
  const kind = SHARED.has(type) ? 'shared' : ATTACHED.has(type) ? 'attached' : own.op;
  kinds.set(kind, [...(kinds.get(kind) ?? []), type]);
}

describe('the record of a patient', () => {
  it('is, by what a resource is about, all of the compartment that says so', () => {
    expect(kinds.get('or')?.join(' ')).toBe(
      'Account AllergyIntolerance Appointment AppointmentResponse Basic BodyStructure CarePlan CareTeam ChargeItem Claim ClaimResponse ' +
        'ClinicalImpression Communication CommunicationRequest Composition Condition Consent Coverage CoverageEligibilityRequest ' +
        'CoverageEligibilityResponse DetectedIssue DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference ' +
        'Encounter EnrollmentRequest EpisodeOfCare ExplanationOfBenefit FamilyMemberHistory Flag Goal ImagingStudy Immunization ' +
        'ImmunizationEvaluation ImmunizationRecommendation Invoice List MeasureReport Media MedicationAdministration MedicationDispense ' +
        'MedicationRequest MedicationStatement MolecularSequence NutritionOrder Observation Procedure QuestionnaireResponse RelatedPerson ' +
        'RequestGroup ResearchSubject RiskAssessment ServiceRequest Specimen SupplyDelivery VisionPrescription',
    );
  });

  it('is, by the compartment alone, what has no parameter for whom it is about; and the Device that is the patient’s', () => {
    expect(kinds.get('key')).toEqual(['AdverseEvent', 'Device', 'SupplyRequest']);
    expect(kinds.get('id')).toEqual(['Patient']);
  });

  it('reaches what is shared and what is attached', () => {
    expect(kinds.get('shared')).toEqual([...SHARED].sort());
    expect(kinds.get('attached')).toEqual([...ATTACHED.keys()].sort());
  });

  it('has nothing of other types, though some stand in the compartment', () => {
    const others = kinds.get('none')!;
    expect(others).toEqual(
      expect.arrayContaining([
        'AuditEvent',
        'Group',
        'Person',
        'Schedule',
        'Task',
        'Subscription',
        'ValueSet',
      ]),
    );
    expect(others.some((type) => concernsPatients(definitions, type))).toBe(false);
  });
});
