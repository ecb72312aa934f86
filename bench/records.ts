// The fixed records that reads and searches are measured on: the same in every run and on every commit.
// https://hl7.org/fhir/R4/observation.html

import { COUNTER } from './job.ts';

const FAMILIES = ['Aldergrove', 'Brannigan', 'Castellano', 'Dunmore', 'Eriksen', 'Fairweather'];
const GIVEN = ['Maren', 'Tobias', 'Ines', 'Callum', 'Rosalind', 'Henrik', 'Yara', 'Dmitri', 'Noor', 'Felix'];

/** Each patient has this many observations of each code, so that a page of 20 is full. */
const OBSERVATIONS_A_CODE = 20;

const CODES = [
  { code: '8867-4', display: 'Heart rate', unit: '/min', least: 58 },
  { code: '8310-5', display: 'Body temperature', unit: 'Cel', least: 36 },
  { code: '29463-7', display: 'Body weight', unit: 'kg', least: 61 },
  { code: '2339-0', display: 'Glucose [Mass/volume] in Blood', unit: 'mg/dL', least: 82 },
  { code: '718-7', display: 'Hemoglobin [Mass/volume] in Blood', unit: 'g/dL', least: 12 },
];

export const SEARCHED_CODES: readonly string[] = CODES.map(({ code }) => code);
export const SEARCHED_NAMES: readonly string[] = FAMILIES;

export const patientId = (patient: number): string => `bench-${patient}`;
export const observationId = (patient: number, index: number): string => `bench-${patient}-${index}`;
export const OBSERVATIONS_A_PATIENT = CODES.length * OBSERVATIONS_A_CODE;

/** A Patient; `mark` is what an update changes. */
export const patientOf = (patient: number, mark: string = COUNTER) => ({
  resourceType: 'Patient',
  id: patientId(patient),
  identifier: [{ system: 'http://bench.example.org/mrn', value: mark }],
  active: true,
  name: [
    { use: 'official', family: FAMILIES[patient % FAMILIES.length], given: [GIVEN[patient % GIVEN.length]] },
  ],
  telecom: [{ system: 'phone', value: `+1-555-${String(patient % 10_000).padStart(4, '0')}`, use: 'home' }],
  gender: patient % 2 === 0 ? 'female' : 'male',
  birthDate: `19${String(30 + (patient % 70)).padStart(2, '0')}-0${1 + (patient % 9)}-1${patient % 9}`,
  address: [
    { line: [`${patient} Harbour Row`], city: 'Eastwick', state: 'MA', postalCode: '02118', country: 'US' },
  ],
});

const day = (index: number): string =>
  `2023-${String(1 + (index % 12)).padStart(2, '0')}-${String(1 + (index % 28)).padStart(2, '0')}`;

/** An Observation of the patient; its code is chosen by the index. */
export function observationOf(patient: number, index: number) {
  const { code, display, unit, least } = CODES[index % CODES.length]!;
  return {
    resourceType: 'Observation',
    id: observationId(patient, index),
    status: 'final',
    category: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/observation-category',
            code: index % CODES.length < 3 ? 'vital-signs' : 'laboratory',
          },
        ],
      },
    ],
    code: { coding: [{ system: 'http://loinc.org', code, display }], text: display },
    subject: { reference: `Patient/${patientId(patient)}` },
    effectiveDateTime: `${day(patient + index * 7)}T08:${String(10 + (index % 50))}:00+00:00`,
    issued: `${day(patient + index * 7)}T09:00:00.000+00:00`,
    valueQuantity: {
      value: least + ((patient * 7 + index) % 200) / 10,
      unit,
      system: 'http://unitsofmeasure.org',
      code: unit,
    },
  };
}

type Numbered = { readonly resourceType: string; readonly id: string };

const putEntry = (resource: Numbered) => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
});

/** The whole record of one patient as a transaction Bundle with ids of our own. */
export function recordOf(patient: number): string {
  const observations = Array.from({ length: OBSERVATIONS_A_PATIENT }, (_, index) =>
    observationOf(patient, index),
  );
  const entry = [patientOf(patient, `mrn-${patient}`), ...observations].map(putEntry);
  return JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry });
}
