// The mixed workload of public FHIR benchmarks over demo records: pools of queries of one kind, each with a sure miss. No query may fail, have a parameter
// ignored, or take many times what the others take. https://hl7.org/fhir/R4/search.html

import { OPEN_ACCESS } from '../src/access/context.ts';
import { demoRecords } from '../src/demo/records.ts';
import type { Definitions } from '../src/fhir/definitions/registry.ts';
import type { ResourceTree } from '../src/fhir/model/tree.ts';
import { indexValues } from '../src/fhir/search/extract.ts';
import { searchType } from '../src/rest/interactions/search.ts';
import { parseQuery } from '../src/rest/query.ts';
import type { Context, TenantRecord } from '../src/rest/record.ts';
import type { TenantStore, Write } from '../src/store/ports.ts';
import { quantile } from './statistics.ts';

const BASE_URL = 'http://localhost:8080/fhir';
const UNIT_WRITES = 500;
const LOINC = 'http://loinc.org';
const UCUM = 'http://unitsofmeasure.org';

/** The last query of a pool finds nothing. `{patient}` stands for the id of one. */
export const POOLS: Readonly<Record<string, readonly string[]>> = {
  'name and address': [
    'Patient?name=a',
    'Patient?family=be',
    'Patient?given:contains=an',
    'Patient?name:contains=e',
    'Patient?address=1',
    'Patient?address-city:contains=o',
    'Patient?address-state=MA,NY,CA',
    'Patient?name:exact=Nobody At All',
  ],
  'birth dates': [
    ...['', 'eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'].map(
      (prefix) => `Patient?birthdate=${prefix}1968`,
    ),
    'Patient?birthdate=ge1960-01-01&birthdate=lt1980-01-01',
    'Patient?birthdate=1799-05-03',
  ],
  'clinical dates': [
    ...['', 'eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'].map(
      (prefix) => `Observation?date=${prefix}2024-03`,
    ),
    'Encounter?date=ge2023-01-01&date=lt2024-01-01',
    'Condition?onset-date=lt2020',
    'Observation?date=ge2024-01-01T00:00:00Z&_sort=-date',
    'Observation?date=1799-05-03',
  ],
  tokens: [
    'Patient?gender=female',
    `Observation?code=${LOINC}|8302-2,${LOINC}|29463-7,${LOINC}|8867-4`,
    `Observation?code=8302-2&category=vital-signs&status=final`,
    'Condition?clinical-status=active',
    'Observation?code:text=heart',
    'Encounter?class=AMB&status=finished',
    'Observation?status:not=final',
    `Observation?code=${LOINC}|0-0,${LOINC}|1-0`,
  ],
  quantities: [
    `Observation?value-quantity=gt100|${UCUM}|cm`,
    `Observation?value-quantity=lt1.5|${UCUM}|m`,
    'Observation?value-quantity=ge60||kg',
    'Observation?value-quantity=ap70',
    'Observation?value-quantity=98',
    `Observation?value-quantity=gt100000000|${UCUM}|kg`,
  ],
  composites: [
    `Observation?code-value-quantity=8302-2$gt150`,
    `Observation?code-value-quantity=${LOINC}|29463-7$lt80|${UCUM}|kg`,
    'Observation?component-code-value-quantity=8480-6$gt120',
    'Observation?combo-code-value-quantity=8462-4$lt90',
    'Observation?code-value-date=0-0$1799',
  ],
  references: [
    'Observation?patient={patient}',
    'Observation?subject=Patient/{patient}&code=8302-2',
    'Encounter?patient={patient}&_include=Encounter:practitioner',
    'Patient?_id={patient}&_revinclude=Condition:patient',
    'Observation?patient.gender=female&code=8302-2',
    'Patient?_has:Condition:patient:clinical-status=active',
    'Observation?subject=Patient/nobody-at-all',
  ],
};

/** Demo records of some patients, in a store. Gives the id of one patient. */
export async function fillMix(
  definitions: Definitions,
  store: TenantStore,
  patients: number,
): Promise<string> {
  let writes: Write[] = [];
  let patient = '';
  const flush = async (): Promise<void> => {
    if (writes.length > 0) await store.resources.commit({ writes });
    writes = [];
  };
  for (const { entry = [] } of demoRecords({ patients, seed: 7 })) {
    for (const { resource } of entry) {
      const tree = resource as unknown as ResourceTree;
      const [type, id] = [tree.resourceType, tree['id'] as string];
      if (type === 'Patient') patient = id;
      const index = indexValues(definitions, tree, { baseUrl: BASE_URL });
      const content = { body: new Uint8Array(Buffer.from(JSON.stringify(tree))), stampAt: -1, index };
      writes.push({ type, id, expected: 0, versionId: 1, method: 'PUT', content });
      if (writes.length >= UNIT_WRITES) await flush();
    }
  }
  await flush();
  return patient;
}

export type MixFigure = {
  readonly pool: string;
  readonly query: string;
  /** matches */
  readonly total: number;
  /** the quickest of some runs, in microseconds */
  readonly best: number;
};

/** Every query of every pool. Throws for one that fails or has a parameter ignored. */
export async function runMix(
  definitions: Definitions,
  store: TenantStore,
  patient: string,
  runs: number,
): Promise<readonly MixFigure[]> {
  const figures: MixFigure[] = [];
  for (const [pool, queries] of Object.entries(POOLS)) {
    for (const template of queries) {
      const query = template.replace('{patient}', patient);
      const total = await totalOf(definitions, store, query);
      let best = Infinity;
      for (let run = 0; run < runs; run++) {
        const started = performance.now();
        await answerTo(definitions, store, query);
        best = Math.min(best, (performance.now() - started) * 1000);
      }
      figures.push({ pool, query: template, total, best });
    }
  }
  return figures;
}

/** How many times the median of all the dearest query takes, and which it is. */
export function dearest(figures: readonly MixFigure[]): { readonly query: string; readonly times: number } {
  const median = quantile(
    figures.map(({ best }) => best),
    0.5,
  );
  const most = figures.reduce((a, b) => (b.best > a.best ? b : a));
  return { query: most.query, times: most.best / median };
}

async function totalOf(definitions: Definitions, store: TenantStore, query: string): Promise<number> {
  const bundle = JSON.parse(await answerTo(definitions, store, `${query}&_total=accurate`)) as {
    readonly total: number;
    readonly entry?: readonly { readonly search: { readonly mode: string } }[];
  };
  if (bundle.entry?.some(({ search }) => search.mode === 'outcome'))
    throw new Error(`${query} had something ignored: ${JSON.stringify(bundle.entry.at(-1))}`);
  return bundle.total;
}

async function answerTo(definitions: Definitions, store: TenantStore, url: string): Promise<string> {
  const [type = '', query = ''] = url.split('?');
  const record = {
    store,
    definitions: () => definitions,
    indexing: () => definitions,
    pending: () => [],
  } as unknown as TenantRecord;
  const request = {
    method: 'GET',
    path: [],
    query: parseQuery(query.replaceAll(' ', '+')),
    headers: {},
    baseUrl: BASE_URL,
    id: 'bench',
  } as const;
  const context: Context = { definitions, access: OPEN_ACCESS, record, request };
  const { body } = await searchType(context, type);
  if (body?.kind !== 'pieces') throw new Error(`${url} gave no Bundle`);
  return Buffer.concat(body.pieces).toString();
}
