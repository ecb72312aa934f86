// The fixed workloads as a table: what each sends. Import is not here, since it needs an empty server (imports.ts).

import { CRUD_TEMPLATES } from './crud-templates.ts';
import { COUNTER, type CrudJob, type CycleJob, type Request } from './job.ts';
import * as records from './records.ts';

export const BASE = '/fhir';

/** How many patients there are, and which of them have a history because nothing else touches them. */
export type Population = { readonly patients: number; readonly withHistory: number };

export type Workload = {
  readonly name: string;
  readonly title: string;
  /** Entries that each answer must have; undefined where the answer is no Bundle. */
  readonly rows?: number;
  /** GET requests whose answers the floor must be given first. */
  readonly job: (
    population: Population,
  ) => Pick<CycleJob, 'kind' | 'requests'> | Pick<CrudJob, 'kind' | 'base' | 'templates'>;
};

const PAGE = 20;
const READ_AT_MOST = 5_000;
const range = (count: number, from = 0): readonly number[] =>
  Array.from({ length: count }, (_, index) => from + index);
const get = (path: string): Request => ({ method: 'GET', path: `${BASE}/${path}` });
const cycle = (requests: readonly Request[]) => ({ kind: 'cycle' as const, requests });

/** Ids in an order that jumps about, the same in each run. */
function scattered<T>(values: readonly T[]): readonly T[] {
  const step = 7919;
  return values.map((_, index) => values[(index * step) % values.length]!);
}

const allObservations = (patients: number): readonly string[] =>
  range(patients).flatMap((patient) =>
    range(records.OBSERVATIONS_A_PATIENT).map(
      (index) => `Observation/${records.observationId(patient, index)}`,
    ),
  );

const body = (resource: object): string => JSON.stringify(resource);

function newObservation(patient: number): Request {
  const { id: _, ...observation } = records.observationOf(patient, patient);
  const identifier = [{ system: 'http://bench.example.org/number', value: COUNTER }];
  const { resourceType, ...rest } = observation;
  return { method: 'POST', path: `${BASE}/Observation`, body: body({ resourceType, identifier, ...rest }) };
}

const changedPatient = (patient: number): Request => ({
  method: 'PUT',
  path: `${BASE}/Patient/${records.patientId(patient)}`,
  body: body(records.patientOf(patient)),
});

const search = (type: string, parameters: string): Request => get(`${type}?${parameters}&_count=${PAGE}`);

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'read',
    title: 'read by id',
    job: ({ patients }) => cycle(scattered(allObservations(patients)).slice(0, READ_AT_MOST).map(get)),
  },
  { name: 'create', title: 'create', job: ({ patients }) => cycle(range(patients).map(newObservation)) },
  {
    name: 'update',
    title: 'update',
    job: ({ patients, withHistory }) => cycle(range(patients - withHistory, withHistory).map(changedPatient)),
  },
  { name: 'crud', title: 'CRUD loop', job: () => ({ kind: 'crud', base: BASE, templates: CRUD_TEMPLATES }) },
  {
    name: 'search-patient',
    title: 'search by patient',
    rows: PAGE,
    job: ({ patients }) =>
      cycle(
        range(patients).map((patient) =>
          search('Observation', `patient=Patient/${records.patientId(patient)}`),
        ),
      ),
  },
  {
    name: 'search-patient-code',
    title: 'search by patient+code',
    rows: PAGE,
    job: ({ patients }) =>
      cycle(
        range(patients).flatMap((patient) =>
          records.SEARCHED_CODES.map((code) =>
            search(
              'Observation',
              `patient=Patient/${records.patientId(patient)}&code=http://loinc.org|${code}`,
            ),
          ),
        ),
      ),
  },
  {
    name: 'search-code',
    title: 'search by code',
    rows: PAGE,
    job: () =>
      cycle(records.SEARCHED_CODES.map((code) => search('Observation', `code=http://loinc.org|${code}`))),
  },
  {
    name: 'search-name',
    title: 'search by name',
    rows: PAGE,
    job: () =>
      cycle(
        records.SEARCHED_NAMES.map((name) => search('Patient', `name=${name.slice(0, 5).toLowerCase()}`)),
      ),
  },
  {
    name: 'history',
    title: 'history of a resource',
    rows: PAGE,
    job: ({ withHistory }) =>
      cycle(
        range(withHistory).map((patient) =>
          get(`Patient/${records.patientId(patient)}/_history?_count=${PAGE}`),
        ),
      ),
  },
];
