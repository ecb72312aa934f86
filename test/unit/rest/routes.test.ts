// Every shape of path with every method: its interaction, or 405 that names what is possible, or 404.

import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import type { Definitions } from '../../../src/fhir/definitions/registry.ts';
import { FhirError } from '../../../src/fhir/model/outcome.ts';
import type { Method } from '../../../src/rest/request.ts';
import { route, ROUTES } from '../../../src/rest/routes.ts';

let definitions: Definitions;
beforeAll(async () => {
  definitions = await loadDefinitions();
});

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** path -> what each method that is possible there does */
const TABLE: Readonly<Record<string, Readonly<Partial<Record<Method, string>>>>> = {
  '': { GET: 'search-system', HEAD: 'search-system', POST: 'bundle' },
  metadata: { GET: 'capabilities', HEAD: 'capabilities' },
  _history: { GET: 'history-system', HEAD: 'history-system' },
  _search: { POST: 'search-system' },
  $reindex: { GET: 'reindex-status', HEAD: 'reindex-status', POST: 'reindex' },
  'SearchParameter/$reindex': { GET: 'reindex-status', HEAD: 'reindex-status', POST: 'reindex' },
  $validate: { POST: 'validate' },
  'Patient/$validate': { POST: 'validate' },
  'Patient/1/$validate': { GET: 'validate', HEAD: 'validate', POST: 'validate' },
  'ValueSet/$expand': { GET: 'terminology', HEAD: 'terminology', POST: 'terminology' },
  'CodeSystem/1/$lookup': { GET: 'terminology', HEAD: 'terminology', POST: 'terminology' },
  $closure: { GET: 'terminology', HEAD: 'terminology', POST: 'terminology' },
  Patient: {
    GET: 'search-type',
    HEAD: 'search-type',
    POST: 'create',
    PUT: 'update-conditional',
    PATCH: 'patch-conditional',
    DELETE: 'delete-conditional',
  },
  'Patient/_search': { POST: 'search-type' },
  'Patient/_history': { GET: 'history-type', HEAD: 'history-type' },
  'Patient/1': { GET: 'read', HEAD: 'read', PUT: 'update', PATCH: 'patch', DELETE: 'delete' },
  'Patient/1/_history': { GET: 'history-instance', HEAD: 'history-instance' },
  'Patient/1/_history/2': { GET: 'vread', HEAD: 'vread' },
  'Patient/1/Observation': { GET: 'search-compartment', HEAD: 'search-compartment' },
  'Patient/1/*': { GET: 'search-compartment', HEAD: 'search-compartment' },
  'Patient/1/Observation/_search': { POST: 'search-compartment' },
};
const CASES = Object.entries(TABLE).flatMap(([path, row]) =>
  METHODS.map((method) => ({ method, path, interaction: row[method], possible: Object.keys(row) })),
);

const segments = (path: string): string[] => path.split('/').filter((part) => part !== '');

function refusal(method: Method, path: readonly string[]): FhirError {
  try {
    route(definitions, method, path);
  } catch (error) {
    if (error instanceof FhirError) return error;
    throw error;
  }
  throw new Error('It was not refused');
}

describe('route', () => {
  it.each(CASES.filter((one) => one.interaction !== undefined))(
    '$method /$path is $interaction',
    ({ method, path, interaction }) => {
      expect(route(definitions, method, segments(path))).toBe(interaction);
    },
  );

  it.each(CASES.filter((one) => one.interaction === undefined))(
    '$method /$path is 405 with Allow',
    ({ method, path, possible }) => {
      const { status, headers } = refusal(method, segments(path));
      expect([status, headers['allow']?.split(', ').sort()]).toEqual([405, [...possible].sort()]);
    },
  );

  it('leads to every interaction of the table, and the table has no other', () => {
    const known = new Set(Object.values(ROUTES).flatMap((methods) => Object.values(methods)));
    expect(new Set(CASES.flatMap((one) => one.interaction ?? []))).toEqual(known);
  });

  it.each([
    ['Patiens', /resource type.*Patient/],
    ['patient', /resource type.*Patient/],
    ['DomainResource', /resource type/],
    ['constructor', /resource type/],
    ['_search/1', /resource type/],
    ['metadata/1', /resource type/],
    ['Patient/1/_history/2/3', /nothing/],
    ['Patient/1/Observation/2', /nothing/],
    ['Patient/1/Observation/_search/2', /nothing/],
    ['Patient/1/$everything', /\$everything.*not supported/],
    ['$convert', /\$convert.*not supported/],
    ['Patient/$', /not supported/],
  ])('/%s is 404', (path, message) => {
    const { status, issues } = refusal('GET', segments(path));
    expect([status, issues[0]?.diagnostics]).toEqual([404, expect.stringMatching(message)]);
  });

  it('repeats no more of a path than it must', () => {
    const long = 'x'.repeat(10_000);
    for (const path of [[long], [`$${long}`], ['Patient', long, long, long]]) {
      expect(refusal('GET', path).message.length).toBeLessThan(500);
    }
  });
});
