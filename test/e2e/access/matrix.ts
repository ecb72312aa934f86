/**
 * Every route inside and outside of what a caller may do, by each kind of caller, made from the route table: a route without a row fails. Outside means:
 * what is B's, asked by who may see A, is answered exactly like what does not exist.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES, type Shape } from '../../../src/rest/routes.ts';
import type { JsonObject } from '../../../src/fhir/model/tree.ts';
import type { Method } from '../../../src/rest/request.ts';
import type { Api, Reply } from '../../support/api.ts';
import { freshId } from '../../support/api.ts';
import { essence, expectNothingOf, missingId, observation, without, type World } from './world.ts';

/** How a resource of the type in question is made. */
type Make = (id: string, patient: string) => JsonObject;

/** What a row is given to ask with: a resource and its patient; the id may be B's or nobody's. */
interface Asked {
  readonly id: string;
  readonly patient: string;
  readonly type: string;
  readonly make: Make;
}
type Ask = (api: Api, asked: Asked) => Promise<Reply>;

interface Row {
  readonly ask: Ask;
  /** status inside */
  readonly inside: number;
  /** status outside; undefined: the route names nothing, and the answer merely holds nothing of B */
  readonly outside: number | undefined;
}

const PATCH = [{ op: 'add', path: '/language', value: 'en' }];
const AS_PATCH = { 'content-type': 'application/json-patch+json' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const ROWS: Readonly<Record<string, Row>> = {
  'GET ': { ask: (api, { type }) => api.get(`?_type=${type}&_count=1000`), inside: 200, outside: undefined },
  'POST ': {
    ask: (api, { id, type }) =>
      api.post('', {
        resourceType: 'Bundle',
        type: 'batch',
        entry: [{ request: { method: 'GET', url: `${type}/${id}` } }],
      }),
    inside: 200,
    outside: 200,
  },
  'GET metadata': { ask: (api) => api.get('/metadata?_summary=true'), inside: 200, outside: undefined },
  'GET _history': { ask: (api) => api.get('/_history?_count=1000'), inside: 200, outside: undefined },
  'GET $reindex': { ask: (api) => api.get('/$reindex'), inside: 403, outside: undefined },
  'POST $reindex': { ask: (api) => api.post('/$reindex', undefined), inside: 403, outside: undefined },
  'GET {type}/$reindex': {
    ask: (api) => api.get('/SearchParameter/$reindex'),
    inside: 403,
    outside: undefined,
  },
  'POST {type}/$reindex': {
    ask: (api) => api.post('/SearchParameter/$reindex', undefined),
    inside: 403,
    outside: undefined,
  },
  'POST $validate': {
    ask: (api, { id, patient, make }) => api.post('/$validate', make(id, patient)),
    inside: 200,
    outside: undefined,
  },
  'POST {type}/$validate': {
    ask: (api, { id, patient, type, make }) => api.post(`/${type}/$validate`, make(id, patient)),
    inside: 200,
    outside: undefined,
  },
  'GET {type}/{id}/$validate': {
    ask: (api, { id, type }) => api.get(`/${type}/${id}/$validate`),
    inside: 200,
    outside: 404,
  },
  'POST {type}/{id}/$validate': {
    ask: (api, { id, patient, type, make }) =>
      api.post(`/${type}/${id}/$validate?mode=update`, make(id, patient)),
    inside: 200,
    outside: 404,
  },
  'GET {terminology}': { ask: (api) => api.get('/$versions'), inside: 200, outside: undefined },
  'POST {terminology}': {
    ask: (api) =>
      api.post('/$closure', {
        resourceType: 'Parameters',
        parameter: [{ name: 'name', valueString: 'mine' }],
      }),
    inside: 200,
    outside: undefined,
  },
  'GET {type}/{terminology}': {
    ask: (api) => api.get('/CodeSystem/$lookup?system=http://hl7.org/fhir/observation-status&code=final'),
    inside: 200,
    outside: undefined,
  },
  'POST {type}/{terminology}': {
    ask: (api) =>
      api.post('/ValueSet/$expand', {
        resourceType: 'Parameters',
        parameter: [{ name: 'url', valueUri: 'http://hl7.org/fhir/ValueSet/observation-status' }],
      }),
    inside: 200,
    outside: undefined,
  },
  // A stored code system is no part of a patient's record.
  'GET {type}/{id}/{terminology}': {
    ask: (api) => api.get('/ValueSet/none/$expand'),
    inside: 404,
    outside: undefined,
  },
  'POST {type}/{id}/{terminology}': {
    ask: (api) => api.post('/ValueSet/none/$expand', { resourceType: 'Parameters' }),
    inside: 404,
    outside: undefined,
  },
  'POST _search': {
    ask: (api, { type }) => api.send('POST', '/_search', `_type=${type}&_count=1000`, FORM),
    inside: 200,
    outside: undefined,
  },
  'GET {type}': {
    ask: (api, { id, patient, type }) => api.get(`/${type}?patient=${patient}&_id=${id}&_total=accurate`),
    inside: 200,
    outside: 200,
  },
  'POST {type}': {
    ask: (api, { patient, type, make }) =>
      api.post(`/${type}`, without(make('', patient)), { prefer: 'return=minimal' }),
    inside: 201,
    outside: undefined,
  },
  'PUT {type}': {
    ask: (api, { id, patient, type, make }) => api.put(`/${type}?_id=${id}`, make(id, patient)),
    inside: 200,
    outside: 404,
  },
  'PATCH {type}': {
    ask: (api, { id, type }) => api.patch(`/${type}?_id=${id}`, PATCH, AS_PATCH),
    inside: 200,
    outside: 404,
  },
  'DELETE {type}': {
    ask: (api, { id, type }) => api.remove(`/${type}?_id=${id}`),
    inside: 204,
    outside: 204,
  },
  'POST {type}/_search': {
    ask: (api, { id, type }) => api.send('POST', `/${type}/_search`, `_id=${id}&_summary=count`, FORM),
    inside: 200,
    outside: 200,
  },
  'GET {type}/_history': {
    ask: (api, { type }) => api.get(`/${type}/_history?_count=1000`),
    inside: 200,
    outside: undefined,
  },
  'GET {type}/{id}': { ask: (api, { id, type }) => api.get(`/${type}/${id}`), inside: 200, outside: 404 },
  'PUT {type}/{id}': {
    ask: (api, { id, patient, type, make }) => api.put(`/${type}/${id}`, make(id, patient)),
    inside: 200,
    outside: 404,
  },
  'PATCH {type}/{id}': {
    ask: (api, { id, type }) => api.patch(`/${type}/${id}`, PATCH, AS_PATCH),
    inside: 200,
    outside: 404,
  },
  'DELETE {type}/{id}': {
    ask: (api, { id, type }) => api.remove(`/${type}/${id}`),
    inside: 204,
    outside: 204,
  },
  'GET {type}/{id}/_history': {
    ask: (api, { id, type }) => api.get(`/${type}/${id}/_history`),
    inside: 200,
    outside: 404,
  },
  'GET {type}/{id}/_history/{vid}': {
    ask: (api, { id, type }) => api.get(`/${type}/${id}/_history/1`),
    inside: 200,
    outside: 404,
  },
  'GET {type}/{id}/{inside}': {
    ask: (api, { patient, type }) => api.get(`/Patient/${patient}/${type}?_count=1000&_total=accurate`),
    inside: 200,
    outside: 200,
  },
  'POST {type}/{id}/{inside}/_search': {
    ask: (api, { patient, type }) =>
      api.send('POST', `/Patient/${patient}/${type}/_search`, '_summary=count', FORM),
    inside: 200,
    outside: 200,
  },
};

/** For everyone, about all types, for operators, or about what the caller brings. */
const WITHOUT_LETTER =
  /^(GET metadata|POST |GET |POST _search|GET _history|.*\$reindex|.*\$validate|.*\{terminology\})$/;

const routes = (Object.entries(ROUTES) as [Shape, Partial<Record<Method, string>>][]).flatMap(
  ([shape, methods]) => Object.keys(methods).map((method) => `${method} ${shape}`),
);

/** Who asks, and what lies inside of what they may do, and outside. */
export interface Seat {
  readonly name: string;
  readonly client: () => Promise<Api>;
  readonly type: string;
  readonly inside: Make;
  /** something of B; undefined: nothing of the tenant is outside */
  readonly outside: Make | undefined;
  /** where the answer is another than that of a patient's app */
  readonly status?: Readonly<Record<string, number>>;
}

/** Every route from one seat. */
export function seatTests(
  use: () => World,
  { name, client, type, inside, outside, status = {} }: Seat,
): void {
  describe(`every route by ${name}`, () => {
    let api: Api;
    beforeAll(async () => {
      api = await client();
    });

    it.each(routes)(
      '[21] %s answers inside the scope, and outside as if there were nothing',
      async (route) => {
        const world = use();
        const row = ROWS[route]!;
        const [own, foreign] = [freshId('own'), freshId('foreign')];
        await world.put(inside(own, world.a));
        const given = { type, make: inside };
        const reply = await row.ask(api, { ...given, id: own, patient: world.a });
        expect({ route, status: reply.status }).toEqual({ route, status: status[route] ?? row.inside });
        if (!outside) return;
        await world.putOfB(outside(foreign, world.b));
        expectNothingOf(world, reply);

        const patient = route.includes('{inside}') || route === 'GET {type}' ? world.b : world.a;
        const other = await row.ask(api, { ...given, id: foreign, patient });
        expectNothingOf(world, other, foreign, patient);
        if (row.outside === undefined) return;
        const missing = {
          id: missingId(foreign),
          patient: patient === world.b ? missingId(patient) : patient,
        };
        const nothing = await row.ask(api, { ...given, ...missing });
        expect({ route, status: other.status }).toEqual({ route, status: row.outside });
        expect(essence(other, foreign, patient)).toEqual(essence(nothing, missing.id, missing.patient));
        // And B's resource is still what it was.
        const [kept] = await world.store.resources.read([{ type, id: foreign }]);
        expect(kept?.versionId).toBe(1);
      },
    );
  });
}

/** Every route by a seat to which nothing of a type is granted: refused, but for what asks about no type or is open. */
export function lockedOutTests(
  use: () => World,
  name: string,
  client: () => Promise<Api>,
  open: Readonly<Record<string, number>>,
): void {
  describe(`every route by ${name}`, () => {
    it.each(routes)('%s shows nothing', async (route) => {
      const world = use();
      const foreign = world.one(world.ofB, 'Observation').id;
      const asked = { id: foreign, patient: world.b, type: 'Observation', make: observation };
      const reply = await ROWS[route]!.ask(await client(), asked);
      expect({ route, status: reply.status }).toEqual({ route, status: open[route] ?? 403 });
      expectNothingOf(world, reply, foreign, world.b);
    });
  });
}

const OBSERVATION = { type: 'Observation', make: observation };

export function matrix(use: () => World): void {
  seatTests(use, {
    name: "a patient's app",
    client: () => use().app('patient/*.cruds'),
    type: 'Observation',
    inside: observation,
    outside: observation,
  });
  describe('every route', () => {
    let other: Api;
    beforeAll(async () => {
      other = await use().app('patient/Immunization.rs');
    });

    it('has a row in this matrix', () => {
      expect(Object.keys(ROWS).sort()).toEqual([...routes].sort());
    });

    const lettered = routes.filter((route) => !WITHOUT_LETTER.test(route));
    it.each(lettered)(
      '%s needs its letter: a token for another type is told what it holds and what it needs',
      async (route) => {
        const world = use();
        const foreign = world.one(world.ofB, 'Observation').id;
        const reply = await ROWS[route]!.ask(other, { ...OBSERVATION, id: foreign, patient: world.a });
        expect({ route, status: reply.status }).toEqual({ route, status: 403 });
        expect(reply.body.issue[0].diagnostics).toMatch(
          /patient\/Observation\.[cruds].*patient\/Immunization\.rs/,
        );
        expect(reply.headers.get('www-authenticate')).toMatch(
          /error="insufficient_scope".*scope="patient\/Observation\.[cruds]"/,
        );
        expectNothingOf(world, reply, foreign);
      },
    );

    it.each(routes)('[12] %s without a token is 401, but for what the server can do', async (route) => {
      const world = use();
      const nobody = world.as('not-a-token');
      const reply = await ROWS[route]!.ask(nobody, {
        ...OBSERVATION,
        id: missingId(world.a),
        patient: world.a,
      });
      expect(reply.status).toBe(route === 'GET metadata' ? 200 : 401);
      if (reply.status === 401)
        expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer realm=".*", error="invalid_token"/);
    });
  });
}
