// The nine resources of the CRUD loop, in an order in which each refers only to those before it.
// https://hl7.org/fhir/R4/resourcelist.html

import { COUNTER, type Template } from './job.ts';

const system = 'http://bench.example.org/number';
const identifier = [{ system, value: COUNTER }];
const reference = (type: string) => ({ reference: `${type}/{{${type}}}` });
const concept = (codeSystem: string, code: string, display: string) => ({
  coding: [{ system: codeSystem, code, display }],
  text: display,
});

const LOINC = 'http://loinc.org';
const SNOMED = 'http://snomed.info/sct';
const RXNORM = 'http://www.nlm.nih.gov/research/umls/rxnorm';
const TERMINOLOGY = 'http://terminology.hl7.org/CodeSystem';
const SELF_PAY = { display: 'Self pay' };
const CREATED = '2024-03-11T09:30:00+01:00';

const patient = {
  resourceType: 'Patient',
  identifier,
  active: true,
  name: [{ use: 'official', family: 'Aldergrove', given: ['Maren', 'Ilse'] }],
  telecom: [{ system: 'phone', value: '+1-555-0142', use: 'home' }],
  gender: 'female',
  birthDate: '1971-08-24',
  address: [{ line: ['17 Harbour Row'], city: 'Eastwick', state: 'MA', postalCode: '02118', country: 'US' }],
  maritalStatus: concept(`${TERMINOLOGY}/v3-MaritalStatus`, 'M', 'Married'),
};

const location = {
  resourceType: 'Location',
  identifier,
  status: 'active',
  name: 'Harbour Row Clinic, ground floor',
  mode: 'instance',
  address: { line: ['20 Harbour Row'], city: 'Eastwick', state: 'MA', postalCode: '02118' },
};

const organization = {
  resourceType: 'Organization',
  identifier,
  active: true,
  type: [concept(`${TERMINOLOGY}/organization-type`, 'prov', 'Healthcare Provider')],
  name: 'Harbour Row Clinic',
  telecom: [{ system: 'phone', value: '+1-555-0100' }],
};

const practitioner = {
  resourceType: 'Practitioner',
  identifier,
  active: true,
  name: [{ family: 'Okonkwo', given: ['Adaeze'], prefix: ['Dr.'] }],
  gender: 'female',
};

const encounter = {
  resourceType: 'Encounter',
  identifier,
  status: 'finished',
  class: { system: `${TERMINOLOGY}/v3-ActCode`, code: 'AMB', display: 'ambulatory' },
  type: [concept(SNOMED, '185349003', 'Encounter for check up')],
  subject: reference('Patient'),
  participant: [{ individual: reference('Practitioner') }],
  period: { start: '2024-03-11T09:00:00+01:00', end: '2024-03-11T09:25:00+01:00' },
  location: [{ location: reference('Location') }],
  serviceProvider: reference('Organization'),
};

const observation = {
  resourceType: 'Observation',
  identifier,
  status: 'final',
  category: [concept(`${TERMINOLOGY}/observation-category`, 'vital-signs', 'Vital Signs')],
  code: concept(LOINC, '8867-4', 'Heart rate'),
  subject: reference('Patient'),
  encounter: reference('Encounter'),
  effectiveDateTime: '2024-03-11T09:10:00+01:00',
  issued: '2024-03-11T09:11:00.000+01:00',
  performer: [reference('Practitioner')],
  valueQuantity: { value: 72.5, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
};

const medicationRequest = {
  resourceType: 'MedicationRequest',
  identifier,
  status: 'active',
  intent: 'order',
  medicationCodeableConcept: concept(RXNORM, '314076', 'lisinopril 10 MG Oral Tablet'),
  subject: reference('Patient'),
  encounter: reference('Encounter'),
  authoredOn: CREATED,
  requester: reference('Practitioner'),
  dosageInstruction: [
    { text: 'One tablet each morning', timing: { repeat: { frequency: 1, period: 1, periodUnit: 'd' } } },
  ],
};

const claim = {
  resourceType: 'Claim',
  identifier,
  status: 'active',
  type: concept(`${TERMINOLOGY}/claim-type`, 'professional', 'Professional'),
  use: 'claim',
  patient: reference('Patient'),
  created: CREATED,
  provider: reference('Organization'),
  priority: concept(`${TERMINOLOGY}/processpriority`, 'normal', 'Normal'),
  prescription: reference('MedicationRequest'),
  insurance: [{ sequence: 1, focal: true, coverage: SELF_PAY }],
  item: [
    {
      sequence: 1,
      productOrService: concept(SNOMED, '185349003', 'Encounter for check up'),
      encounter: [reference('Encounter')],
      net: { value: 129.16, currency: 'USD' },
    },
  ],
  total: { value: 129.16, currency: 'USD' },
};

const explanationOfBenefit = {
  resourceType: 'ExplanationOfBenefit',
  identifier,
  status: 'active',
  type: concept(`${TERMINOLOGY}/claim-type`, 'professional', 'Professional'),
  use: 'claim',
  patient: reference('Patient'),
  created: CREATED,
  insurer: reference('Organization'),
  provider: reference('Practitioner'),
  claim: reference('Claim'),
  outcome: 'complete',
  insurance: [{ focal: true, coverage: SELF_PAY }],
  total: [
    {
      category: concept(`${TERMINOLOGY}/adjudication`, 'submitted', 'Submitted Amount'),
      amount: { value: 129.16, currency: 'USD' },
    },
  ],
};

const RESOURCES = [
  patient,
  location,
  organization,
  practitioner,
  encounter,
  observation,
  medicationRequest,
  claim,
  explanationOfBenefit,
];

/** 36 requests a turn: POST, GET, PUT and DELETE of each. */
export const CRUD_TEMPLATES: readonly Template[] = RESOURCES.map((resource) => ({
  type: resource.resourceType,
  text: JSON.stringify(resource),
}));
