// What the search bench compares with on MongoDB: the records as plain documents with the indexes that each query would wish for, asked by the bare driver.
// https://www.mongodb.com/docs/drivers/node/current/

import type { Observation, Patient, Provenance } from '@medplum/fhirtypes';
import { MongoClient, type Binary, type Collection, type Document, type Filter } from 'mongodb';
import type { ResourceTree } from '../src/fhir/model/tree.ts';
import { categoryOf, familyOf, rareOf } from './search-data.ts';

const MOST = 21;
const TOGETHER = 1000;

interface Kept extends Document {
  readonly _id: number;
  readonly body: Uint8Array | Binary;
}

export interface FloorCollections {
  readonly patients: Collection<Kept>;
  readonly observations: Collection<Kept>;
  readonly provenances: Collection<Kept>;
  readonly add: (tree: ResourceTree, body: Uint8Array) => void;
  readonly done: () => void;
  /** writes what was added, and makes the indexes */
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens the database that the connection string names. */
export async function floorCollections(uri: string): Promise<FloorCollections> {
  const client = await MongoClient.connect(uri);
  const [patients, observations, provenances] = ['patient', 'observation', 'provenance'].map((name) =>
    client.db().collection<Kept>(name),
  ) as [Collection<Kept>, Collection<Kept>, Collection<Kept>];
  const waiting = new Map<Collection<Kept>, Kept[]>([
    [patients, []],
    [observations, []],
    [provenances, []],
  ]);
  let made = 0;
  const add = (tree: ResourceTree, body: Uint8Array): void => {
    const [collection, fields] = fieldsOf(tree as unknown as Patient | Observation | Provenance);
    const place = { Patient: patients, Observation: observations, Provenance: provenances }[collection];
    if (place) waiting.get(place)!.push({ _id: ++made, ...fields, body });
  };
  const flush = async (): Promise<void> => {
    for (const [place, all] of waiting)
      for (let at = 0; at < all.length; at += TOGETHER) await place.insertMany(all.slice(at, at + TOGETHER));
    await patients.createIndexes([{ key: { id: 1 } }, { key: { family: 1, _id: -1 } }]);
    await observations.createIndexes([
      { key: { patient: 1, code: 1, _id: -1 } },
      { key: { patient: 1, category: 1, date: 1 } },
      { key: { code: 1, _id: -1 } },
      { key: { code: 1, value: 1 } },
    ]);
    await provenances.createIndex({ target: 1 });
  };
  return {
    patients,
    observations,
    provenances,
    add,
    done: () => undefined,
    flush,
    close: () => client.close(),
  };
}

function fieldsOf(tree: Patient | Observation | Provenance): readonly [string, Document] {
  switch (tree.resourceType) {
    case 'Patient':
      return ['Patient', { id: tree.id, family: tree.name![0]!.family!.toLowerCase() }];
    case 'Observation': {
      const [code, category] = [tree.code, tree.category![0]!].map(({ coding }) => coding![0]!.code!);
      const { id, subject, effectiveDateTime: date, valueQuantity } = tree;
      return [
        'Observation',
        { id, patient: subject!.reference, code, category, date, value: valueQuantity!.value },
      ];
    }
    case 'Provenance':
      return ['Provenance', { target: tree.target[0]!.reference }];
    default:
      return ['', {}];
  }
}

async function newest(
  collection: Collection<Kept>,
  filter: Filter<Kept>,
  more: Document = {},
): Promise<Kept[]> {
  const projection = { body: 1, ...more };
  return collection
    .find(filter, { projection, sort: { _id: -1 }, limit: MOST, batchSize: MOST + 1, promoteBuffers: true })
    .toArray();
}

const startsWith = (text: string): Document => ({ $gte: text, $lt: `${text}\u{10ffff}` });
const patientOf = (p: number): string => `Patient/p${p}`;

/** By the name of the case: the documents of its answer. */
export const BARE: Readonly<
  Record<string, (floor: FloorCollections, patient: number, code: number) => Promise<readonly Kept[]>>
> = {
  'patient+code': ({ observations }, p, c) => newest(observations, { patient: patientOf(p), code: `c${c}` }),
  'patient+category+date': ({ observations }, p, c) =>
    newest(observations, {
      patient: patientOf(p),
      category: categoryOf(c),
      date: { $gte: '2018', $lt: '2020' },
    }),
  'code+value-quantity': ({ observations }, p, c) =>
    newest(observations, { code: `c${c}`, value: { $gt: 900 + (p % 90) } }),
  'name prefix': ({ patients }, p) =>
    newest(patients, { family: startsWith(familyOf(p).toLowerCase().slice(0, -1)) }),
  chain: async ({ patients, observations }, p, c) => {
    const found = await patients
      .find({ family: startsWith(familyOf(p).toLowerCase()) }, { projection: { _id: 0, id: 1 } })
      .toArray();
    const patient = { $in: found.map(({ id }) => `Patient/${String(id)}`) };
    return newest(observations, { patient, code: `c${c}` });
  },
  _has: async ({ patients, observations }, p) => {
    const names = (await observations.distinct('patient', { code: rareOf(p) })) as string[];
    return newest(patients, { id: { $in: names.map((name) => name.slice('Patient/'.length)) } });
  },
  '_include+_revinclude': async ({ patients, observations, provenances }, p, c) => {
    const filter = { patient: patientOf(p), category: categoryOf(c) };
    const rows = await newest(observations, filter, { id: 1, patient: 1 });
    const ids = [...new Set(rows.map(({ patient }) => String(patient).slice('Patient/'.length)))];
    const targets = rows.map(({ id }) => `Observation/${String(id)}`);
    const [people, notes] = await Promise.all([
      newest(patients, { id: { $in: ids } }),
      newest(provenances, { target: { $in: targets } }),
    ]);
    return [...rows, ...people, ...notes];
  },
};
