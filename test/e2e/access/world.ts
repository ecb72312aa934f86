/** Two patients with rich records, A and B, a guarded server with both, and the means to tell that not a byte of B came out. */
import { expect } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { OPEN_ACCESS } from '../../../src/access/context.ts';
import { demoIdentities, demoRecords } from '../../../src/demo/records.ts';
import type { JsonObject } from '../../../src/fhir/model/tree.ts';
import { dispatch } from '../../../src/rest/dispatch.ts';
import type { TenantRecord } from '../../../src/rest/record.ts';
import { freshId, type Api, type Reply } from '../../support/api.ts';
import { startGuarded, type Guarded, type TokenSpec } from '../../support/guarded.ts';

const SEED = 77;

interface Named {
  readonly resourceType: string;
  readonly id: string;
  readonly [name: string]: unknown;
}

export interface World extends Guarded {
  /** ids of the two patients, of a RelatedPerson of B, of a Practitioner that both records refer to */
  readonly a: string;
  readonly b: string;
  readonly parentOfB: string;
  readonly clinician: string;
  /** the resources of each record as they were loaded */
  readonly ofA: readonly Named[];
  readonly ofB: readonly Named[];
  /** a List of B’s Observations */
  readonly listOfB: string;
  /** the first loaded resource of a type in a record */
  readonly one: (of: readonly Named[], type: string) => Named;
  /** a client of A's app */
  readonly app: (scope: string, more?: Partial<TokenSpec>) => Promise<Api>;
  /** what must never come out to a client of A: texts that only B's record has */
  readonly secrets: Set<string>;
  /** loads resources past the guard; those of B become secrets */
  readonly put: (...resources: readonly JsonObject[]) => Promise<void>;
  /** past validation as well */
  readonly putRaw: (resource: JsonObject) => Promise<void>;
  /** as another process would: nobody here is told */
  readonly putQuietly: (resource: JsonObject) => Promise<void>;
  readonly putOfB: (...resources: readonly JsonObject[]) => Promise<void>;
  /** past the guard, such as a delete */
  readonly request: (method: string, url: string) => Promise<void>;
}

export async function startWorld(environment: Record<string, string>): Promise<World> {
  const guarded = await startGuarded(environment);
  const bundles = [...demoRecords({ patients: 2, seed: SEED })];
  for (const one of bundles) await guarded.load(one as unknown as JsonObject);
  const resources = (at: number): Named[] =>
    bundles[at]!.entry!.map(({ resource }) => resource as unknown as Named);
  const [ofA, ofB] = [resources(2), resources(3)];
  const { patient: a, child: b, parent, clinician } = demoIdentities(SEED);
  const secrets = new Set(ofB.map(({ id }) => id));
  const listOfB = freshId('list');
  secrets.add(listOfB);
  const put = (...all: readonly JsonObject[]): Promise<void> =>
    guarded.load(
      bundle(
        'transaction',
        ...all.map((resource) => ({
          resource,
          request: {
            method: 'PUT',
            url: `${resource['resourceType'] as string}/${resource['id'] as string}`,
          },
        })),
      ),
    );
  const item = ofB
    .filter(({ resourceType }) => resourceType === 'Observation')
    .slice(0, 5)
    .map(({ id }) => ({ item: { reference: `Observation/${id}` } }));
  const subject = { reference: `Patient/${b}` };
  await put({ resourceType: 'List', id: listOfB, status: 'current', mode: 'working', subject, entry: item });
  return {
    ...guarded,
    a,
    b,
    parentOfB: parent,
    clinician,
    listOfB,
    ofA,
    ofB,
    one: (of, type) => of.find(({ resourceType }) => resourceType === type)!,
    app: (scope, more = {}) =>
      guarded.client({ scope, extra: { patient: a, fhirUser: `Patient/${a}` }, ...more }),
    secrets,
    put,
    putRaw: (resource) => putPast(guarded, resource, { validate: () => [] }),
    putQuietly: (resource) => putPast(guarded, resource, { written: () => undefined }),
    putOfB: async (...all) => {
      for (const { id } of all) secrets.add(id as string);
      await put(...all);
    },
    request: (method, url) => guarded.load(bundle('transaction', { request: { method, url } })),
  };
}

async function putPast(
  { composition, base }: Guarded,
  resource: JsonObject,
  past: Partial<TenantRecord>,
): Promise<void> {
  const record = (await composition.record('default'))!;
  const { resourceType: type, id } = resource as { resourceType: string; id: string };
  const body = { kind: 'tree', tree: resource } as const;
  const request = {
    method: 'PUT',
    path: [type, id],
    query: [],
    headers: {},
    body,
    baseUrl: base,
    id: 'past',
  } as const;
  await dispatch({ ...record, ...past }, OPEN_ACCESS, request);
}

const WORD = /[A-Za-z0-9][A-Za-z0-9.-]{7,63}/g;

/** Not a secret in status, headers and body; `sent` are those that the request itself named. */
export function expectNothingOf(world: World, reply: Reply, ...sent: readonly string[]): void {
  const all = `${[...reply.headers].map((one) => one.join(': ')).join('\n')}\n${reply.text}`;
  const found = new Set((all.match(WORD) ?? []).filter((word) => world.secrets.has(word)));
  expect([...found].filter((word) => !sent.includes(word))).toEqual([]);
}

/** Headers that differ from answer to answer, whatever was asked. */
const FLEETING = ['date', 'x-request-id', 'keep-alive', 'connection'];

/** An answer without what is new in each: instants and ids that the server makes. `names` are the ids that were asked for. */
export function essence(reply: Reply, ...names: readonly string[]): object {
  let text = reply.text;
  for (const name of names) text = text.replaceAll(name, '<id>');
  text = text
    .replace(/"id":"[0-9a-f-]{36}","meta":\{"lastUpdated":"[^"]*"\}/, '<new>')
    .replace(/_cursor=[\w-]+/g, '<cursor>');
  const headers = [...reply.headers].filter(([name]) => !FLEETING.includes(name));
  for (const header of headers) for (const name of names) header[1] = header[1].replaceAll(name, '<id>');
  return { status: reply.status, headers, text };
}

/** An id that no resource has, as long as another one. */
export const missingId = (like: string): string =>
  randomUUID().slice(0, like.length).padEnd(like.length, '0');

export const observation = (id: string, patient: string, more: JsonObject = {}): JsonObject => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
  subject: { reference: `Patient/${patient}` },
  ...more,
});

export const without = ({ id: _id, ...rest }: JsonObject): JsonObject => rest;

export interface Entry {
  readonly resource: {
    readonly resourceType: string;
    readonly id: string;
    readonly meta: { readonly versionId: string };
  };
  readonly response: {
    readonly status: string;
    readonly etag?: string;
    readonly outcome?: { readonly issue: readonly { readonly diagnostics: string }[] };
  };
}

export const entriesOf = (reply: Reply): readonly Entry[] =>
  (reply.body as { entry?: readonly Entry[] }).entry ?? [];

export const idsOf = (reply: Reply): string[] => entriesOf(reply).map(({ resource }) => resource.id);

export const link = (reply: Reply, relation: string): string | undefined =>
  (reply.body as { link: { relation: string; url: string }[] }).link.find((one) => one.relation === relation)
    ?.url;

export const AS_PATCH = { 'content-type': 'application/json-patch+json' };

export const bundle = (type: 'batch' | 'transaction', ...entry: JsonObject[]): JsonObject => ({
  resourceType: 'Bundle',
  type,
  entry,
});

export const entry = (
  method: string,
  url: string,
  more: JsonObject = {},
  resource?: JsonObject,
): JsonObject => ({ ...(resource && { resource }), request: { method, url, ...more } });

/** The current version number of a resource, undefined where it is not there. */
export async function versionOf(world: World, type: string, id: string): Promise<number | undefined> {
  const [stored] = await world.store.resources.read([{ type, id }]);
  return stored?.body && stored.versionId;
}

/** A new Observation of B. */
export async function foreignOne(world: World, more: JsonObject = {}): Promise<string> {
  const id = freshId('foreign');
  await world.putOfB(observation(id, world.b, more));
  return id;
}

/** B's resource and nobody's must be answered alike, and B's must stay as it was. */
export async function expectAlike(
  world: World,
  [type, foreign]: readonly [string, string],
  ask: (id: string) => Promise<Reply>,
  status: number,
): Promise<void> {
  const before = await versionOf(world, type, foreign);
  const nobody = missingId(foreign);
  const [hidden, missing] = [await ask(foreign), await ask(nobody)];
  expect(hidden.status).toBe(status);
  expect(essence(hidden, foreign)).toEqual(essence(missing, nobody));
  expectNothingOf(world, hidden, foreign);
  expect(await versionOf(world, type, foreign)).toBe(before);
}
