// Clients that others wrote, over a real socket: what they send is taken, and what they are given they understand.
// https://github.com/Vermonster/fhir-kit-client, https://www.medplum.com/docs/sdk/core.medplumclient

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MedplumClient, OperationOutcomeError } from '@medplum/core';
import type { Bundle, Observation, Patient } from '@medplum/fhirtypes';
import { Client, type FhirResource } from 'fhir-kit-client';
import { freshId } from '../support/api.ts';
import { startServer, type TestServer } from '../support/server.ts';

const SYSTEM = 'http://example.org/mrn';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ STORE: 'sqlite::memory:' });
});
afterAll(() => server.stop());

interface Identified {
  readonly id: string;
  readonly meta: { readonly versionId: string };
  readonly [name: string]: unknown;
}
interface Entry {
  readonly resource: Identified;
  readonly response: { readonly status: string; readonly location: string };
}
const identified = (one: unknown): Identified => one as Identified;
const entries = (bundle: unknown): readonly Entry[] => (bundle as { entry?: Entry[] }).entry ?? [];

const patientOf = (mrn: string, more: object = {}): FhirResource & Patient => ({
  resourceType: 'Patient',
  identifier: [{ system: SYSTEM, value: mrn }],
  ...more,
});
const observationOf = (subject: string, text = 'x'): FhirResource & Observation => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text },
  subject: { reference: subject },
});

/** The status and the OperationOutcome that a client throws. */
async function refused(work: Promise<unknown>): Promise<{ status: number; type: string; code: string }> {
  try {
    await work;
  } catch (error) {
    const { status, data } = (error as { response: { status: number; data: FhirResource } }).response;
    const [first] = data['issue'] as { code: string }[];
    return { status, type: data.resourceType, code: first!.code };
  }
  throw new Error('The server did not refuse');
}

describe('fhir-kit-client', () => {
  let client: Client;
  beforeAll(() => {
    client = new Client({ baseUrl: server.base });
  });
  const create = async (body: FhirResource, headers: Record<string, string> = {}): Promise<Identified> =>
    identified(await client.create({ resourceType: body.resourceType, body, options: { headers } }));

  it('reads the capability statement', async () => {
    const statement = await client.capabilityStatement();
    expect([statement.resourceType, statement['fhirVersion']]).toEqual(['CapabilityStatement', '4.0.1']);
  });

  it('creates, reads, updates, patches, reads a version and deletes', async () => {
    const made = await create(patientOf(freshId(), { gender: 'male' }));
    const at = { resourceType: 'Patient', id: made.id };
    expect(await client.read(at)).toEqual(made);
    const body = { ...patientOf(freshId()), id: made.id, gender: 'female' };
    expect(identified(await client.update({ ...at, body })).meta.versionId).toBe('2');
    const patch = [{ op: 'replace' as const, path: '/gender', value: 'other' }];
    const patched = identified(await client.patch({ ...at, jsonPatch: patch }));
    expect([patched['gender'], patched.meta.versionId]).toEqual(['other', '3']);
    expect((await client.vread({ ...at, version: '1' }))['gender']).toBe('male');
    await client.delete(at);
    expect(await refused(client.read(at))).toEqual({
      status: 410,
      type: 'OperationOutcome',
      code: 'deleted',
    });
  });

  it('shows request and response of a result', async () => {
    const made = await client.create({ resourceType: 'Patient', body: patientOf(freshId()) });
    const { response } = Client.httpFor(made);
    expect([response?.status, response?.headers.get('etag')]).toEqual([201, 'W/"1"']);
  });

  it('searches by GET and POST and follows the pages', async () => {
    const mrn = freshId();
    for (let i = 0; i < 5; i++) await create(patientOf(mrn, { multipleBirthInteger: i }));
    const searchParams = { identifier: `${SYSTEM}|${mrn}`, _count: 2 };
    for (const postSearch of [false, true]) {
      let page = await client.search({ resourceType: 'Patient', searchParams, options: { postSearch } });
      const seen: string[] = [];
      for (let pages = 0; pages < 3; pages++) {
        seen.push(...entries(page).map(({ resource }) => resource.id));
        page = (await client.nextPage({ bundle: page as never }))!;
      }
      expect(new Set(seen).size).toBe(5);
      expect(page).toBeUndefined();
    }
  });

  it('searches a compartment and the whole system', async () => {
    const made = await create(patientOf(freshId()));
    const text = freshId();
    const observed = await create(observationOf(`Patient/${made.id}`, text));
    const compartment = { resourceType: 'Patient', id: made.id };
    for (const postSearch of [false, true]) {
      const found = await client.search({
        resourceType: 'Observation',
        compartment,
        searchParams: { status: 'final' },
        options: { postSearch },
      });
      expect(entries(found).map(({ resource }) => resource.id)).toEqual([observed.id]);
    }
    const everywhere = { _type: 'Patient,Observation', _id: `${made.id},${observed.id}` };
    for (const postSearch of [false, true]) {
      const found = await client.search({ searchParams: everywhere, options: { postSearch } });
      expect(entries(found)).toHaveLength(2);
    }
  });

  it('reads the history of an instance, a type and the system', async () => {
    const made = await create({ resourceType: 'Basic', code: { text: 'a' } });
    const body = { resourceType: 'Basic', id: made.id, code: { text: 'b' } };
    await client.update({ resourceType: 'Basic', id: made.id, body });
    const own = await client.history({ resourceType: 'Basic', id: made.id });
    expect(entries(own).map(({ resource }) => resource.meta.versionId)).toEqual(['2', '1']);
    const newest = [await client.history({ resourceType: 'Basic' }), await client.history()];
    expect(newest.map((bundle) => entries(bundle)[0]?.resource.id)).toEqual([made.id, made.id]);
  });

  it('posts a transaction with references between its entries', async () => {
    const urn = 'urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a';
    const body: FhirResource = {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        { fullUrl: urn, resource: patientOf(freshId()), request: { method: 'POST', url: 'Patient' } },
        { resource: observationOf(urn), request: { method: 'POST', url: 'Observation' } },
      ],
    };
    const done = entries(await client.transaction({ body }));
    expect(done.map(({ response }) => response.status)).toEqual(['201 Created', '201 Created']);
    const [patient, observation] = done.map(({ response }) => response.location.split('/'));
    const read = await client.read({ resourceType: 'Observation', id: observation![1]! });
    expect(read['subject']).toEqual({ reference: `Patient/${patient![1]}` });
    const context = await client.resolve({ reference: `Patient/${patient![1]}` });
    expect(context['id']).toBe(patient![1]);
  });

  it('posts a batch whose bad entry spoils only itself', async () => {
    const body: FhirResource = {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        { request: { method: 'GET', url: `Patient/${freshId()}` } },
        { resource: patientOf(freshId()), request: { method: 'POST', url: 'Patient' } },
      ],
    };
    const done = entries(await client.batch({ body }));
    expect(done.map(({ response }) => response.status)).toEqual(['404 Not Found', '201 Created']);
  });

  it('writes under conditions', async () => {
    const mrn = freshId();
    const condition = `identifier=${SYSTEM}|${mrn}`;
    const first = await create(patientOf(mrn), { 'If-None-Exist': condition });
    expect((await create(patientOf(mrn), { 'If-None-Exist': condition })).id).toBe(first.id);
    const searchParams = { identifier: `${SYSTEM}|${mrn}` };
    const body = patientOf(mrn, { active: true });
    const updated = identified(await client.update({ resourceType: 'Patient', searchParams, body }));
    expect([updated.id, updated.meta.versionId]).toEqual([first.id, '2']);
    const at = { resourceType: 'Patient', id: first.id };
    const stale = { headers: { 'If-Match': 'W/"1"' } };
    const again = { ...at, body: { ...body, id: first.id, active: false } };
    expect((await refused(client.update({ ...again, options: stale }))).status).toBe(412);
    expect((await refused(client.delete({ ...at, options: stale }))).status).toBe(412);
    const fresh = { headers: { 'If-Match': 'W/"2"' } };
    expect(identified(await client.update({ ...again, options: fresh })).meta.versionId).toBe('3');
  });

  it('takes minimal answers and learns of every fault from an OperationOutcome', async () => {
    const prefer = { headers: { Prefer: 'return=minimal' } };
    const made = await client.create({
      resourceType: 'Patient',
      body: patientOf(freshId()),
      options: prefer,
    });
    expect(Client.httpFor(made).response?.headers.get('location')).toContain('/Patient/');
    const invalid = { resourceType: 'Patient', gender: 3 };
    expect(await refused(client.create({ resourceType: 'Patient', body: invalid }))).toMatchObject({
      status: 400,
      type: 'OperationOutcome',
    });
    const unknown = client.search({ resourceType: 'Patient', searchParams: { nonsense: 'x' } });
    expect(await refused(unknown)).toMatchObject({ status: 400, type: 'OperationOutcome' });
  });
});

describe('MedplumClient', () => {
  let medplum: MedplumClient;
  beforeAll(() => {
    medplum = new MedplumClient({ baseUrl: `${server.url}/`, fhirUrlPath: 'fhir/', cacheTime: 0 });
  });

  it('creates, reads, updates, patches and deletes', async () => {
    const made = await medplum.createResource(patientOf(freshId(), { gender: 'male' }));
    expect(await medplum.readResource('Patient', made.id)).toEqual(made);
    const updated = await medplum.updateResource<Patient>({ ...made, gender: 'female' });
    expect(updated.meta?.versionId).toBe('2');
    const patched = await medplum.patchResource('Patient', made.id, [
      { op: 'test', path: '/meta/versionId', value: '2' },
      { op: 'add', path: '/active', value: true },
    ]);
    expect([patched.active, patched.gender]).toEqual([true, 'female']);
    expect((await medplum.readVersion('Patient', made.id, '1')).gender).toBe('male');
    expect((await medplum.readHistory('Patient', made.id)).entry).toHaveLength(3);
    await medplum.deleteResource('Patient', made.id);
    const gone = await medplum.readResource('Patient', made.id).catch((error: unknown) => error);
    expect(gone).toBeInstanceOf(OperationOutcomeError);
    expect((gone as OperationOutcomeError).outcome.issue[0]?.code).toBe('deleted');
  });

  it('keeps what it sends back unchanged at its version', async () => {
    const made = await medplum.createResource(patientOf(freshId()));
    expect((await medplum.updateResource(made)).meta?.versionId).toBe('1');
  });

  it('searches resources, one resource, and page by page', async () => {
    const mrn = freshId();
    const by = `${SYSTEM}|${mrn}`;
    for (let n = 0; n < 5; n++) await medplum.createResource(patientOf(mrn));
    const found = await medplum.searchResources('Patient', { identifier: by, _count: '10' });
    expect(found.map(({ resourceType }) => resourceType)).toEqual(Array(5).fill('Patient'));
    expect((await medplum.searchOne('Patient', { identifier: by }))?.identifier?.[0]?.value).toBe(mrn);
    expect(await medplum.searchOne('Patient', { identifier: freshId() })).toBeUndefined();
    const ids: string[] = [];
    for await (const page of medplum.searchResourcePages('Patient', { identifier: by, _count: '2' })) {
      ids.push(...page.map(({ id }) => id));
    }
    expect(new Set(ids).size).toBe(5);
    const counted = await medplum.search('Patient', { identifier: by, _total: 'accurate', _count: '0' });
    expect(counted.total).toBe(5);
  });

  it('creates and updates under a condition', async () => {
    const mrn = freshId();
    const query = `identifier=${SYSTEM}|${mrn}`;
    const first = await medplum.createResourceIfNoneExist(patientOf(mrn), query);
    expect((await medplum.createResourceIfNoneExist(patientOf(mrn) as Patient, query)).id).toBe(first.id);
    const upserted = await medplum.upsertResource(patientOf(mrn, { active: true }), query);
    expect([upserted.id, upserted.active]).toEqual([first.id, true]);
    const other = freshId();
    const made = await medplum.upsertResource(patientOf(other), `identifier=${SYSTEM}|${other}`);
    expect(made.meta?.versionId).toBe('1');
  });

  it('executes a batch and a transaction', async () => {
    const urn = 'urn:uuid:5b1f5c1e-5ea5-4d5c-8fc4-7a0a7f4bd5d3';
    const bundle = (type: 'batch' | 'transaction'): Bundle => ({
      resourceType: 'Bundle',
      type,
      entry: [
        { fullUrl: urn, resource: patientOf(freshId()), request: { method: 'POST', url: 'Patient' } },
        { request: { method: 'GET', url: 'Patient?_count=1' } },
      ],
    });
    for (const type of ['batch', 'transaction'] as const) {
      const done = await medplum.executeBatch(bundle(type));
      expect(done.type).toBe(`${type}-response`);
      expect(done.entry?.map(({ response }) => response?.status)).toEqual(['201 Created', '200 OK']);
    }
  });

  it('reads through its own batches', async () => {
    const bundling = new MedplumClient({
      baseUrl: `${server.url}/`,
      fhirUrlPath: 'fhir/',
      cacheTime: 0,
      autoBatchTime: 20,
    });
    const made = await medplum.createResource(patientOf(freshId()));
    const observed = await medplum.createResource(observationOf(`Patient/${made.id}`));
    const [patient, observation, missing] = await Promise.all([
      bundling.readResource('Patient', made.id),
      bundling.readReference<Observation>({ reference: `Observation/${observed.id}` }),
      bundling.readResource('Patient', freshId()).catch((error: unknown) => error),
    ]);
    expect([patient, observation]).toEqual([made, observed]);
    expect((missing as OperationOutcomeError).outcome.issue[0]?.code).toBe('not-found');
  });

  it('understands a refusal', async () => {
    const invalid = { resourceType: 'Patient', gender: 'masculine', nonsense: 1 } as unknown as Patient;
    const error = await medplum.createResource(invalid).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(OperationOutcomeError);
    expect((error as Error).message).toMatch(/nonsense/);
  });
});
