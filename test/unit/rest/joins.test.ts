/** Joins under a scope: what is hidden is neither found, nor included, nor felt through a chain; and joins are bounded. https://hl7.org/fhir/R4/search.html#chaining */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OPEN_ACCESS, type AccessContext, type Action } from '../../../src/access/context.ts';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import { ALL, NONE, type Expression } from '../../../src/fhir/search/expression.ts';
import { indexValues } from '../../../src/fhir/search/extract.ts';
import { COMPARTMENT } from '../../../src/fhir/search/index-value.ts';
import type { ResourceTree } from '../../../src/fhir/model/tree.ts';
import { searchSystem, searchType } from '../../../src/rest/interactions/search.ts';
import { criteriaPlan } from '../../../src/rest/write/criteria.ts';
import { parseQuery } from '../../../src/rest/query.ts';
import type { Context } from '../../../src/rest/record.ts';
import type { ResourceStore, TenantStore, Write } from '../../../src/store/ports.ts';
import { openSqliteStores } from '../../../src/store/sqlite/stores.ts';
import { contextOf } from './context.ts';

const definitions = await loadDefinitions();

const patient = (id: string, family: string): ResourceTree => ({
  resourceType: 'Patient',
  id,
  name: [{ family }],
  generalPractitioner: [{ reference: 'Practitioner/doc' }],
});
const observation = (id: string, subject: string): ResourceTree => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ code: 'bp' }] },
  subject: { reference: `Patient/${subject}` },
  performer: [{ reference: 'Practitioner/doc' }],
});
const RESOURCES: readonly ResourceTree[] = [
  patient('mine', 'Visible'),
  patient('theirs', 'Hidden'),
  observation('o1', 'mine'),
  observation('o2', 'theirs'),
  { resourceType: 'Practitioner', id: 'doc', name: [{ family: 'Joyce' }] },
  {
    resourceType: 'Provenance',
    id: 'pr1',
    target: [{ reference: 'Observation/o1' }],
    recorded: '2024-01-01',
  },
  {
    resourceType: 'Group',
    id: 'g',
    type: 'person',
    actual: true,
    member: [{ entity: { reference: 'Patient/mine' } }],
  },
];

/** Everything but Observations is open as `open` says; of Patients only one. */
function only(open: Readonly<Record<string, readonly Action[] | Expression>>): AccessContext {
  return {
    ...OPEN_ACCESS,
    scope: (action, type) => {
      const rule = open[type] ?? [];
      if (!Array.isArray(rule)) return rule as Expression;
      return Promise.resolve((rule as readonly Action[]).includes(action) ? ALL : NONE);
    },
  };
}
const MINE: Expression = { op: 'key', param: COMPARTMENT, keys: ['Patient/mine'] };

let stores: Awaited<ReturnType<typeof openSqliteStores>>;
let store: TenantStore;
let calls: string[] = [];

function write(resource: ResourceTree): Write {
  const index = indexValues(definitions, resource);
  const body = new Uint8Array(Buffer.from(JSON.stringify(resource)));
  const { resourceType: type, id } = resource as { resourceType: string; id: string };
  return { type, id, expected: 0, versionId: 1, method: 'PUT', content: { body, stampAt: -1, index } };
}

beforeAll(async () => {
  stores = await openSqliteStores({ location: ':memory:' });
  store = await stores.tenant('joins');
  await store.resources.commit({ writes: RESOURCES.map(write) });
  const many = Array.from({ length: 10_001 }, (_, i) => write(patient(`m${i}`, 'Crowd')));
  await store.resources.commit({ writes: many });
});
afterAll(() => stores?.close());

/** Counts the calls that the store gets. */
function counted(resources: ResourceStore): ResourceStore {
  return {
    ...resources,
    search: (plan) => {
      calls.push('search');
      return resources.search(plan);
    },
    keys: (query) => {
      calls.push('keys');
      return resources.keys(query);
    },
    read: (keys) => {
      calls.push('read');
      return resources.read(keys);
    },
  };
}

function contextFor(query: string, access: AccessContext): Context {
  const context = contextOf(definitions, { method: 'GET', query: parseQuery(query) });
  return {
    ...context,
    access,
    record: { ...context.record, store: { ...store, resources: counted(store.resources) } },
  };
}

interface Found {
  readonly total?: number;
  readonly link: readonly { readonly relation: string; readonly url: string }[];
  readonly entry?: readonly {
    readonly resource: { readonly id: string };
    readonly search: { readonly mode: string };
  }[];
}

async function search(url: string, access = OPEN_ACCESS): Promise<Found> {
  const [type = '', query = ''] = url.split('?');
  const context = contextFor(query, access);
  calls = [];
  const { body } = await (type === '' ? searchSystem(context) : searchType(context, type));
  if (body?.kind !== 'pieces') throw new Error('no bundle');
  return JSON.parse(Buffer.concat(body.pieces).toString()) as Found;
}

async function found(url: string, access = OPEN_ACCESS): Promise<string> {
  const { entry = [] } = await search(url, access);
  return entry.map(({ resource, search: { mode } }) => `${mode} ${resource.id}`).join(', ');
}

describe('joins under a scope', () => {
  const everyObservation = only({ Observation: ALL, Patient: MINE, Practitioner: ALL });

  it('a chain finds nothing through a resource that is hidden', async () => {
    expect(await found('Observation?subject:Patient.name=hidden')).toBe('match o2');
    expect(await found('Observation?subject:Patient.name=hidden', everyObservation)).toBe('');
    expect(await found('Observation?subject:Patient.name=visible', everyObservation)).toBe('match o1');
    expect(await found('Observation?subject:Patient._id=theirs', everyObservation)).toBe('');
    expect(await found('Observation?patient.general-practitioner.name=joyce', everyObservation)).toBe(
      'match o1',
    );
    const noDoctors = only({ Observation: ALL, Patient: ALL });
    expect(await found('Observation?patient.general-practitioner.name=joyce', noDoctors)).toBe('');
  });

  it('_has finds nothing through a resource that is hidden', async () => {
    const noObservations = only({ Patient: ALL });
    expect(await found('Patient?_has:Observation:patient:code=bp')).toBe('match theirs, match mine');
    expect(await found('Patient?_has:Observation:patient:code=bp', noObservations)).toBe('');
    expect(
      await found('Patient?_has:Observation:patient:code=bp', only({ Patient: ALL, Observation: MINE })),
    ).toBe('match mine');
  });

  it('conditional criteria meet the same scope', async () => {
    const context = contextFor('', everyObservation);
    const plan = await criteriaPlan(context, 'Observation', 'subject:Patient.name=hidden', 1);
    expect(JSON.stringify(plan.branches)).not.toContain('Patient/theirs');
    expect((await context.record.store.resources.search(plan)).resources).toEqual([]);
  });

  it('what is included has passed the scope of reading, what is included backwards that of searching', async () => {
    expect(await found('Observation?_id=o1,o2&_include=Observation:patient&_sort=_id')).toBe(
      'match o1, match o2, include theirs, include mine',
    );
    expect(
      await found('Observation?_id=o1,o2&_include=Observation:patient&_sort=_id', everyObservation),
    ).toBe('match o1, match o2, include mine');
    const readOnly = only({ Observation: ALL, Practitioner: ['read'], Provenance: ['read'] });
    const all = 'Observation?_id=o1&_include=Observation:performer&_revinclude=Provenance:target';
    expect(await found(all, readOnly)).toBe('match o1, include doc');
    const searchOnly = only({ Observation: ALL, Practitioner: ['search'], Provenance: ['search'] });
    expect(await found(all, searchOnly)).toBe('match o1, include pr1');
    expect(await found('Observation?_id=o1&_include=*&_revinclude=*', only({ Observation: ALL }))).toBe(
      'match o1',
    );
  });

  it('an iteration does not go through what is hidden', async () => {
    const url =
      'Observation?_id=o2&_include=Observation:patient&_include:iterate=Patient:general-practitioner';
    expect(await found(url)).toBe('match o2, include theirs, include doc');
    expect(await found(url, everyObservation)).toBe('match o2');
  });
});

describe('the bundle of a search with includes', () => {
  it('counts matches only, tells what was understood, and names nothing twice', async () => {
    const url =
      'Observation?code=bp&_include=Observation:patient&_revinclude=Provenance:target&_total=accurate';
    const { total, entry = [], link } = await search(url);
    expect(total).toBe(2);
    expect(link.find(({ relation }) => relation === 'self')?.url).toBe(`http://localhost:8080/fhir/${url}`);
    expect(entry.map(({ resource }) => resource.id).sort()).toEqual(['mine', 'o1', 'o2', 'pr1', 'theirs']);
    expect(entry.filter(({ search: { mode } }) => mode === 'include')).toHaveLength(3);
  });

  it('includes for each page what belongs to its matches', async () => {
    const first = await search('Observation?code=bp&_include=Observation:patient&_count=1');
    expect(first.entry?.map(({ resource }) => resource.id)).toEqual(['o2', 'theirs']);
    expect(first.link.some(({ relation }) => relation === 'next')).toBe(true);
    const none = await search('Observation?code=bp&_include=Observation:patient&_summary=count');
    expect([none.total, none.entry]).toEqual([2, undefined]);
  });

  it('says when an include can include nothing', async () => {
    const { entry = [] } = await search('Observation?_id=o1&_include=Patient:general-practitioner');
    expect(entry.map(({ search: { mode } }) => mode)).toEqual(['match', 'outcome']);
  });

  it('asks the store once a step and direction', async () => {
    await search('Observation?code=bp&_include=Observation:patient&_include=Observation:performer');
    expect(calls).toEqual(['search', 'search']);
    await search(
      'Observation?code=bp&_include=*&_revinclude=Provenance:target&_include:iterate=Patient:general-practitioner',
    );
    expect(calls).toEqual(['search', 'search', 'search']);
    await search('?_type=Observation,Encounter,Condition,Procedure&patient.name=visible');
    expect(calls).toEqual(['keys', 'search']);
  });
});

describe('bounds', () => {
  const refusal = async (url: string): Promise<string> => {
    try {
      return `found ${await found(url)}`;
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('a join over too many resources is refused, not cut short', async () => {
    expect(await refusal('Observation?patient.name=crowd')).toContain('more than 10000 resources');
    expect(await refusal('Observation?patient.name=crowd&patient._id=mine')).toContain(
      'more than 10000 resources',
    );
    expect(await refusal('Practitioner?_has:Patient:general-practitioner:name=crowd')).toBe(
      'found match doc',
    );
    expect(await refusal('Group?_has:Observation:subject:code=bp')).toBe('found ');
  });

  it('too many included resources are refused', async () => {
    expect(await refusal('Practitioner?_id=doc&_revinclude=Patient:general-practitioner')).toContain(
      'More than 5000 resources would be included',
    );
  });

  it('so are too many includes, and circles end', async () => {
    const many = Array.from({ length: 60 }, () => '_include=Observation:patient').join('&');
    expect(await refusal(`Observation?_id=o1&${many}`)).toContain('At most 50 includes');
    const circle = 'Observation?_id=o1&_include:iterate=*&_revinclude:iterate=Observation:patient';
    expect(await refusal(circle)).toBe('found match o1, include doc, include mine');
  });

  it('an untyped chain over every type is asked in a bounded number of searches', async () => {
    const deep = 'Provenance?target.subject.subject.subject.subject.subject.identifier=x';
    expect(await refusal(deep)).toBe('found ');
    expect(calls.length).toBeLessThan(102);
  });
});
