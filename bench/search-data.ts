// The records of the search bench: a hundred resources a patient, the same for every size but for their number. They go into a store of ours through its
// port, and into plain tables with the indexes that each query would wish for: the floor.
// https://www.sqlite.org/queryplanner.html

import type { Observation, Patient, Provenance } from '@medplum/fhirtypes';
import { DatabaseSync } from 'node:sqlite';
import type { Definitions } from '../src/fhir/definitions/registry.ts';
import type { ResourceTree } from '../src/fhir/model/tree.ts';
import { indexValues } from '../src/fhir/search/extract.ts';
import type { TenantStore, Write } from '../src/store/ports.ts';

export const BASE_URL = 'http://localhost:8080/fhir';
export const LOINC = 'http://loinc.org';
export const CODES = 60;
export const OBSERVATIONS = 90;
export const ENCOUNTERS = 8;
export const PER_PATIENT = OBSERVATIONS + ENCOUNTERS + 2;
/** Patients that share a family name, and those with one rare code: as many in every size, so that answers are alike. */
export const ALIKE = 20;
const CATEGORIES = ['vital-signs', 'laboratory', 'survey', 'exam'];
const UNIT_WRITES = 500;

/** Numbers that look random and are the same in every run. */
export function random(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}

export const familyOf = (patient: number): string => {
  const n = Math.floor(patient / ALIKE);
  return `Fam${String.fromCharCode(97 + (n % 26))}${n.toString(36)}x`;
};
export const rareOf = (patient: number): string => `rare-${Math.floor(patient / ALIKE)}`;
export const categoryOf = (code: number): string => CATEGORIES[code % CATEGORIES.length]!;

function* resourcesOf(patient: number): Generator<ResourceTree> {
  const next = random(patient * 7919 + 13);
  const subject = { reference: `Patient/p${patient}` };
  yield {
    resourceType: 'Patient',
    id: `p${patient}`,
    identifier: [{ system: 'http://bench.example.org/mrn', value: `mrn-${patient}` }],
    active: true,
    name: [{ family: familyOf(patient), given: [`Given${patient % 97}`] }],
    gender: patient % 2 ? 'female' : 'male',
    birthDate: `19${40 + (patient % 60)}-0${1 + (patient % 9)}-1${patient % 9}`,
  };
  for (let i = 0; i < ENCOUNTERS; i++) {
    yield {
      resourceType: 'Encounter',
      id: `e${patient}-${i}`,
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject,
      period: { start: `20${15 + i}-03-01T10:00:00Z`, end: `20${15 + i}-03-01T11:00:00Z` },
    };
  }
  for (let i = 0; i < OBSERVATIONS; i++) yield observation(patient, i, next);
  yield {
    resourceType: 'Provenance',
    id: `pr${patient}`,
    target: [{ reference: `Observation/o${patient}-0` }],
    recorded: '2024-01-01T00:00:00Z',
    agent: [{ who: { display: 'bench' } }],
  };
}

function observation(patient: number, i: number, next: () => number): ResourceTree {
  const code = Math.floor(next() * CODES);
  const coded = i === OBSERVATIONS - 1 ? rareOf(patient) : `c${code}`;
  const [month, day] = [1 + Math.floor(next() * 12), 1 + Math.floor(next() * 28)];
  const two = (n: number): string => String(n).padStart(2, '0');
  return {
    resourceType: 'Observation',
    id: `o${patient}-${i}`,
    status: 'final',
    category: [
      {
        coding: [
          { system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: categoryOf(code) },
        ],
      },
    ],
    code: { coding: [{ system: LOINC, code: coded, display: `Measured ${coded}` }] },
    subject: { reference: `Patient/p${patient}` },
    encounter: { reference: `Encounter/e${patient}-${i % ENCOUNTERS}` },
    effectiveDateTime: `20${15 + (i % 10)}-${two(month)}-${two(day)}T10:00:00Z`,
    valueQuantity: {
      value: Math.round(next() * 10_000) / 10,
      unit: 'mg',
      system: 'http://unitsofmeasure.org',
      code: 'mg',
    },
  };
}

const TABLES = `
  PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
  CREATE TABLE patient(rid INTEGER PRIMARY KEY, id TEXT, family TEXT, identifier TEXT, body BLOB);
  CREATE TABLE observation(rid INTEGER PRIMARY KEY, id TEXT, patient TEXT, code TEXT, category TEXT, date TEXT, value REAL, body BLOB);
  CREATE TABLE provenance(rid INTEGER PRIMARY KEY, id TEXT, target TEXT, body BLOB);`;
const INDEXES = `
  CREATE UNIQUE INDEX patient_id ON patient(id);
  CREATE INDEX patient_family ON patient(family);
  CREATE INDEX patient_identifier ON patient(identifier);
  CREATE INDEX observation_patient_code ON observation(patient, code);
  CREATE INDEX observation_patient_category ON observation(patient, category, date);
  CREATE INDEX observation_code ON observation(code);
  CREATE INDEX observation_code_value ON observation(code, value);
  CREATE INDEX provenance_target ON provenance(target);
  ANALYZE;`;

/** Plain tables; `add` and then `done` once. */
export function floorTables(file: string): {
  readonly db: DatabaseSync;
  readonly add: (tree: ResourceTree, body: Uint8Array) => void;
  readonly done: () => void;
} {
  const db = new DatabaseSync(file);
  db.exec(`${TABLES} BEGIN`);
  const patient = db.prepare('INSERT INTO patient(id, family, identifier, body) VALUES (?, ?, ?, ?)');
  const observation = db.prepare(
    'INSERT INTO observation(id, patient, code, category, date, value, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const provenance = db.prepare('INSERT INTO provenance(id, target, body) VALUES (?, ?, ?)');
  const add = (made: ResourceTree, body: Uint8Array): void => {
    const tree = made as unknown as Patient | Observation | Provenance;
    if (tree.resourceType === 'Patient')
      patient.run(tree.id!, tree.name![0]!.family!.toLowerCase(), tree.identifier![0]!.value!, body);
    if (tree.resourceType === 'Observation') {
      const [code, category] = [tree.code, tree.category![0]!].map(({ coding }) => coding![0]!.code!);
      const { id, subject, effectiveDateTime: date, valueQuantity } = tree;
      observation.run(id!, subject!.reference!, code!, category!, date!, valueQuantity!.value!, body);
    }
    if (tree.resourceType === 'Provenance') provenance.run(tree.id!, tree.target[0]!.reference!, body);
  };
  return { db, add, done: () => db.exec(`COMMIT; ${INDEXES}`) };
}

/** Makes the records of so many patients in both; tells how many resources are done. */
export async function fill(
  definitions: Definitions,
  store: TenantStore,
  floor: Pick<ReturnType<typeof floorTables>, 'add' | 'done'>,
  patients: number,
  tell: (done: number) => void,
): Promise<void> {
  let writes: Write[] = [];
  let done = 0;
  let before: Promise<unknown> = Promise.resolve();
  const flush = async (): Promise<void> => {
    await before;
    before = store.resources.commit({ writes });
    done += writes.length;
    writes = [];
    tell(done);
  };
  for (let patient = 0; patient < patients; patient++) {
    for (const tree of resourcesOf(patient)) {
      const text = JSON.stringify(tree);
      floor.add(tree, Buffer.from(text));
      const index = indexValues(definitions, tree, { baseUrl: BASE_URL });
      const content = { body: new Uint8Array(Buffer.from(text)), stampAt: -1, index };
      const [type, id] = [tree.resourceType, tree['id'] as string];
      writes.push({ type, id, expected: 0, versionId: 1, method: 'PUT', content });
      if (writes.length >= UNIT_WRITES) await flush();
    }
  }
  if (writes.length > 0) await flush();
  await before;
  floor.done();
}
