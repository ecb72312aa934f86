/** Code systems, US Core profile and extension addresses, and the codes that several files share. https://hl7.org/fhir/R4/terminologies-systems.html */

const TERMINOLOGY = 'http://terminology.hl7.org/CodeSystem';

export const SYSTEMS = {
  loinc: 'http://loinc.org',
  snomed: 'http://snomed.info/sct',
  rxnorm: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  cvx: 'http://hl7.org/fhir/sid/cvx',
  mvx: 'http://hl7.org/fhir/sid/mvx',
  icd10: 'http://hl7.org/fhir/sid/icd-10-cm',
  ucum: 'http://unitsofmeasure.org',
  cpt: 'http://www.ama-assn.org/go/cpt',
  npi: 'http://hl7.org/fhir/sid/us-npi',
  nucc: 'http://nucc.org/provider-taxonomy',
  nubc: 'http://www.nubc.org/patient-discharge',
  sopt: 'https://nahdo.org/sopt',
  soc: 'urn:oid:2.16.840.1.113883.6.243',
  naics: 'urn:oid:2.16.840.1.113883.6.85',
  cdcrec: 'urn:oid:2.16.840.1.113883.6.238',
  language: 'urn:ietf:bcp:47',
  usCoreCategory: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-category',
  usCoreCondition: 'http://hl7.org/fhir/us/core/CodeSystem/condition-category',
  usCoreDocument: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category',
  usCoreCarePlan: 'http://hl7.org/fhir/us/core/CodeSystem/careplan-category',
  usCoreParticipant: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type',
  formatCode: 'http://ihe.net/fhir/ValueSet/IHE.FormatCode.codesystem',
  observationCategory: `${TERMINOLOGY}/observation-category`,
  interpretation: `${TERMINOLOGY}/v3-ObservationInterpretation`,
  absent: `${TERMINOLOGY}/data-absent-reason`,
  conditionClinical: `${TERMINOLOGY}/condition-clinical`,
  conditionVerification: `${TERMINOLOGY}/condition-ver-status`,
  conditionCategory: `${TERMINOLOGY}/condition-category`,
  allergyClinical: `${TERMINOLOGY}/allergyintolerance-clinical`,
  allergyVerification: `${TERMINOLOGY}/allergyintolerance-verification`,
  actCode: `${TERMINOLOGY}/v3-ActCode`,
  actReason: `${TERMINOLOGY}/v3-ActReason`,
  roleCode: `${TERMINOLOGY}/v3-RoleCode`,
  nullFlavor: `${TERMINOLOGY}/v3-NullFlavor`,
  maritalStatus: `${TERMINOLOGY}/v3-MaritalStatus`,
  participation: `${TERMINOLOGY}/v3-ParticipationType`,
  tribe: `${TERMINOLOGY}/v3-TribalEntityUS`,
  contactRole: `${TERMINOLOGY}/v2-0131`,
  identifierType: `${TERMINOLOGY}/v2-0203`,
  diagnosticService: `${TERMINOLOGY}/v2-0074`,
  specimenType: `${TERMINOLOGY}/v2-0487`,
  provenanceAgent: `${TERMINOLOGY}/provenance-participant-type`,
  goalAchievement: `${TERMINOLOGY}/goal-achievement`,
  goalCategory: `${TERMINOLOGY}/goal-category`,
  medicationCategory: `${TERMINOLOGY}/medicationrequest-category`,
  subscriber: `${TERMINOLOGY}/subscriber-relationship`,
  coverageClass: `${TERMINOLOGY}/coverage-class`,
  claimType: `${TERMINOLOGY}/claim-type`,
  claimRole: `${TERMINOLOGY}/claimcareteamrole`,
  payeeType: `${TERMINOLOGY}/payeetype`,
  priority: `${TERMINOLOGY}/processpriority`,
  adjudication: `${TERMINOLOGY}/adjudication`,
  paymentType: `${TERMINOLOGY}/ex-paymenttype`,
  benefitCategory: `${TERMINOLOGY}/ex-benefitcategory`,
  diagnosisType: `${TERMINOLOGY}/ex-diagnosistype`,
  diagnosisRole: `${TERMINOLOGY}/diagnosis-role`,
  organizationType: `${TERMINOLOGY}/organization-type`,
  physicalType: `${TERMINOLOGY}/location-physical-type`,
  endpointType: `${TERMINOLOGY}/endpoint-connection-type`,
  mediaType: `${TERMINOLOGY}/media-type`,
  referenceRange: `${TERMINOLOGY}/referencerange-meaning`,
  admitSource: `${TERMINOLOGY}/admit-source`,
} as const;

type SystemName = keyof typeof SYSTEMS;

/** A code with the short name of its system, as the tables write it. */
export type Code = readonly [system: SystemName, code: string, display: string];

/** Identifier namespaces of the demo's own network. */
export const NAMESPACES = {
  record: 'https://records.embergate.example.org/medical-record',
  encounter: 'https://records.embergate.example.org/encounter',
  document: 'https://records.embergate.example.org/document',
  accession: 'https://lab.embergate.example.org/accession',
  prescription: 'https://records.embergate.example.org/prescription',
  claim: 'https://records.embergate.example.org/claim',
  member: 'https://payer.example.org/member',
  survey: 'https://records.embergate.example.org/survey',
  taxId: 'urn:oid:2.16.840.1.113883.4.4',
  clia: 'urn:oid:2.16.840.1.113883.4.7',
  naic: 'urn:oid:2.16.840.1.113883.6.300',
  questionnaire: 'https://records.embergate.example.org/fhir/Questionnaire',
} as const;

const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition';

/** Canonical of a US Core profile or extension, as `usCore('us-core-patient')`. https://hl7.org/fhir/us/core/STU6.1/ */
export const usCore = (name: string): string => `${US_CORE}/${name}`;

export const EXTENSIONS = {
  assertedDate: 'http://hl7.org/fhir/StructureDefinition/condition-assertedDate',
  display: 'http://hl7.org/fhir/StructureDefinition/display',
  race: usCore('us-core-race'),
  ethnicity: usCore('us-core-ethnicity'),
  tribe: usCore('us-core-tribal-affiliation'),
  birthSex: usCore('us-core-birthsex'),
  sex: usCore('us-core-sex'),
  genderIdentity: usCore('us-core-genderIdentity'),
  questionnaireUri: usCore('us-core-extension-questionnaire-uri'),
} as const;

export const CATEGORY = {
  vitals: ['observationCategory', 'vital-signs', 'Vital Signs'],
  laboratory: ['observationCategory', 'laboratory', 'Laboratory'],
  social: ['observationCategory', 'social-history', 'Social History'],
  survey: ['observationCategory', 'survey', 'Survey'],
  exam: ['observationCategory', 'exam', 'Exam'],
  imaging: ['observationCategory', 'imaging', 'Imaging'],
  procedure: ['observationCategory', 'procedure', 'Procedure'],
  sdoh: ['usCoreCategory', 'sdoh', 'SDOH'],
  functional: ['usCoreCategory', 'functional-status', 'Functional Status'],
  disability: ['usCoreCategory', 'disability-status', 'Disability Status'],
  cognitive: ['usCoreCategory', 'cognitive-status', 'Cognitive Status'],
} as const satisfies Record<string, Code>;

/** Reasons why a value is missing. https://hl7.org/fhir/R4/valueset-data-absent-reason.html */
export const ABSENT = {
  declined: ['absent', 'asked-declined', 'Asked But Declined'],
  notPerformed: ['absent', 'not-performed', 'Not Performed'],
  error: ['absent', 'error', 'Error'],
} as const satisfies Record<string, Code>;

export const INTERPRETATION = {
  low: ['interpretation', 'L', 'Low'],
  normal: ['interpretation', 'N', 'Normal'],
  high: ['interpretation', 'H', 'High'],
} as const satisfies Record<string, Code>;
