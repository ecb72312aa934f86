/** Search parameters that are posted: pending until everything is indexed by them, over restarts and stops. https://hl7.org/fhir/R4/searchparameter.html */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import type { ResourceTree } from '../../../src/fhir/model/tree.ts';
import { ALL } from '../../../src/fhir/search/expression.ts';
import { indexValues } from '../../../src/fhir/search/extract.ts';
import { parseSearch } from '../../../src/fhir/search/parse.ts';
import { searchPlan } from '../../../src/fhir/search/plan.ts';
import { searchParameterIssues } from '../../../src/fhir/search/posted.ts';
import { withoutJoins } from '../../../src/fhir/search/question.ts';
import {
  conformanceFollower,
  conformanceState,
  type ConformanceFollower,
} from '../../../src/rest/conformance.ts';
import { BASE_INDEX, forgetIndex } from '../../../src/rest/index-state.ts';
import { progressName, reindex } from '../../../src/rest/reindex.ts';
import type { TenantStore, Write } from '../../../src/store/ports.ts';
import { openSqliteStores } from '../../../src/store/sqlite/stores.ts';

const base = await loadDefinitions();
const BASE_URL = 'http://localhost:8080/fhir';
const URL = 'http://example.org/shoe-size';

const parameter = (more: object = {}): ResourceTree => ({
  resourceType: 'SearchParameter',
  id: 'shoe',
  url: URL,
  name: 'shoe',
  status: 'active',
  description: 'Size of shoes',
  code: 'shoe',
  type: 'number',
  base: ['Patient'],
  expression: "Patient.extension.where(url = 'http://example.org/shoe').value.ofType(integer)",
  ...more,
});
const patient = (id: string, shoe: number): ResourceTree => ({
  resourceType: 'Patient',
  id,
  extension: [{ url: 'http://example.org/shoe', valueInteger: shoe }],
});

let stores: Awaited<ReturnType<typeof openSqliteStores>>;
let store: TenantStore;
let tenants = 0;
const followers: ConformanceFollower[] = [];

beforeAll(async () => {
  stores = await openSqliteStores({ location: ':memory:' });
});
beforeEach(async () => {
  store = await stores.tenant(`t${++tenants}`);
});
afterAll(async () => {
  followers.forEach((one) => one.stop());
  await stores?.close();
});

/** Writes as the server would, indexed by what is known now. */
async function write(trees: readonly ResourceTree[], versionId = 1): Promise<void> {
  const definitions = (await conformanceState(store, base)).indexing();
  const writes = trees.map((tree): Write => ({
    type: tree.resourceType,
    id: tree['id'] as string,
    expected: versionId - 1,
    versionId,
    method: 'PUT',
    content: {
      body: new Uint8Array(Buffer.from(JSON.stringify(tree))),
      stampAt: -1,
      index: indexValues(definitions, tree, { baseUrl: BASE_URL }),
    },
  }));
  expect((await store.resources.commit({ writes })).ok).toBe(true);
}

async function follow(): Promise<ConformanceFollower> {
  const one = await conformanceFollower(store, base, {
    tenant: `t${tenants}`,
    baseUrl: BASE_URL,
    patience: 0,
  });
  followers.push(one);
  return one;
}

/** Ids of the Patients with that size, or what is wrong with the question. */
async function find(definitions = base, size = '42'): Promise<string> {
  const parameters: [string, string][] = [['shoe', size]];
  const parsed = parseSearch(definitions, {
    types: ['Patient'],
    parameters,
    handling: 'strict',
    baseUrl: BASE_URL,
  });
  if (parsed.issues.length > 0) return parsed.issues[0]!.diagnostics;
  const branches = parsed.branches.map(({ type, where }) => ({ type, where: withoutJoins(where) }));
  const { resources } = await store.resources.search(searchPlan({ branches, count: 1000 }, () => ALL));
  return resources.map(({ id }) => id).join();
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await sleep(10);
  expect(holds()).toBe(true);
}

describe('a SearchParameter that is posted', () => {
  it('counts in a search once everything is indexed by it, and stays so', async () => {
    const follower = await follow();
    await write([patient('old', 42), patient('other', 41)]);
    expect(await find(follower.definitions())).toContain('not a search parameter');
    await write([parameter()]);
    follower.written(new Set(['SearchParameter']));
    await until(() => follower.definitions().searchParameters('Patient').has('shoe'));
    expect(follower.pending()).toEqual([]);
    await write([patient('new', 42)]);
    expect(await find(follower.definitions())).toBe('new,old');
    const state = await conformanceState(store, base);
    expect([state.pending, state.definitions() === state.indexing()]).toEqual([[], true]);
  });

  it('is indexed by at once, so that nothing written meanwhile is missed', async () => {
    await conformanceState(store, base);
    await write([parameter()]);
    const state = await conformanceState(store, base);
    expect(state.pending.map(({ title }) => title)).toEqual([URL]);
    expect(state.definitions().searchParameters('Patient').has('shoe')).toBe(false);
    const asked = {
      types: ['Patient'],
      parameters: [['shoe', '1']] as [string, string][],
      handling: 'strict',
    } as const;
    const codes = state.pending.flatMap(({ code }) => code ?? []);
    const { issues } = parseSearch(state.definitions(), { ...asked, baseUrl: BASE_URL, pending: codes });
    expect(issues[0]?.diagnostics).toContain('still being indexed');
    await write([patient('meanwhile', 42)]);
    expect(await find(state.indexing())).toBe('meanwhile');
  });

  it('is pending again when it is changed, and gone when it is retired', async () => {
    await conformanceState(store, base);
    await write([patient('p', 42), parameter()]);
    const run = async () => {
      const { indexing, pending } = await conformanceState(store, base);
      return reindex(store, { definitions: indexing(), pending, baseUrl: BASE_URL, patience: 0 });
    };
    expect(await run()).toBe('done');
    expect(await find((await conformanceState(store, base)).definitions())).toBe('p');
    await write([parameter({ expression: 'Patient.multipleBirth.ofType(integer)' })], 2);
    expect((await conformanceState(store, base)).pending).toHaveLength(1);
    expect(await run()).toBe('done');
    expect(await find((await conformanceState(store, base)).definitions())).toBe('');
    await write([parameter({ status: 'retired' })], 3);
    const { pending, definitions } = await conformanceState(store, base);
    expect([pending, definitions() === base]).toEqual([[], true]);
  });
});

describe('reindex', () => {
  const many = Array.from({ length: 500 }, (_, i) => patient(`p${i}`, i % 2 ? 42 : 41));

  it('goes on where it was stopped, and tells how far it is', async () => {
    await conformanceState(store, base);
    for (let i = 0; i < 500; i += 50) await write(many.slice(i, i + 50));
    await write([parameter()]);
    const { indexing, pending } = await conformanceState(store, base);
    const options = { definitions: indexing(), pending, baseUrl: BASE_URL, patience: 0 };
    const told: number[] = [];
    const stopping = {
      ...options,
      isStopped: () => told.length > 0,
      tell: (done: number) => void told.push(done),
    };
    expect(await reindex(store, stopping)).toBe('stopped');
    expect(told).toEqual([200]);
    expect(await store.feed.cursor(progressName(pending))).toBe(200);
    expect((await conformanceState(store, base)).pending).toHaveLength(1);
    expect(await reindex(store, { ...options, tell: (done) => void told.push(done) })).toBe('done');
    expect(told).toEqual([200, 400, 501]);
    expect((await find((await conformanceState(store, base)).definitions())).split(',')).toHaveLength(250);
  });

  it('is done by one at a time', async () => {
    await conformanceState(store, base);
    await write([...many.slice(0, 10), parameter()]);
    const { indexing, pending } = await conformanceState(store, base);
    const options = { definitions: indexing(), pending, baseUrl: BASE_URL, patience: 50 };
    expect((await Promise.all([reindex(store, options), reindex(store, options)])).sort()).toEqual([
      'busy',
      'done',
    ]);
  });

  it('goes over everything again when it is asked to, or the store is older than its index', async () => {
    await conformanceState(store, base);
    await write([patient('p', 42)]);
    expect((await conformanceState(store, base)).pending).toEqual([]);
    await forgetIndex(store);
    expect((await conformanceState(store, base)).pending.map(({ name }) => name)).toEqual([BASE_INDEX]);
    const follower = await follow();
    for (let i = 0; i < 300 && follower.pending().length > 0; i++) await sleep(10);
    expect((await conformanceState(store, base)).pending).toEqual([]);
  });
});

describe('what is refused when it is posted', () => {
  const said = (more: object): string =>
    searchParameterIssues(base, parameter(more))
      .map(({ diagnostics }) => diagnostics)
      .join();

  it('is what could not be searched by', () => {
    expect(said({})).toBe('');
    expect(said({ status: 'retired', expression: 'x(' })).toBe('');
    expect(said({ expression: 'Patient.name.(' })).not.toBe('');
    expect(said({ expression: undefined })).toContain('without an expression');
    expect(said({ code: 'name' })).toContain('has a search parameter name already');
    expect(said({ code: 'a b' })).toContain('cannot be the code');
    expect(said({ code: 'a.b' })).toContain('cannot be the code');
    expect(said({ type: 'composite', component: [{ definition: 'http://x', expression: 'x' }] })).not.toBe(
      '',
    );
    expect(said({ base: ['DomainResource'], expression: 'DomainResource.extension.url', type: 'uri' })).toBe(
      '',
    );
  });
});
