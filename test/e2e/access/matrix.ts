/**
 * Every route inside and outside the scope of a token, made from the route table: a route without a row fails. Outside means: what is B's, asked with
 * a token for A, is answered exactly like what does not exist.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES, type Shape } from '../../../src/rest/routes.ts';
import type { Method } from '../../../src/rest/request.ts';
import type { Api, Reply } from '../../support/api.ts';
import { freshId } from '../../support/api.ts';
import { essence, expectNothingOf, missingId, observation, without, type World } from './world.ts';

/** What a row is given to ask with: an Observation and its patient; the id may be B's or nobody's. */
interface Asked {
  readonly id: string;
  readonly patient: string;
}
type Ask = (api: Api, asked: Asked) => Promise<Reply>;

interface Row {
  readonly ask: Ask;
  /** status inside */
  readonly inside: number;
  /** status outside; undefined: the route names nothing, and the answer merely holds nothing of B */
  readonly outside: number | undefined;
}

const PATCH = [{ op: 'add', path: '/note', value: [{ text: 'seen' }] }];
const AS_PATCH = { 'content-type': 'application/json-patch+json' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const ROWS: Readonly<Record<string, Row>> = {
  'GET ': { ask: (api) => api.get('?_type=Observation&_count=1000'), inside: 200, outside: undefined },
  'POST ': {
    ask: (api, { id }) =>
      api.post('', {
        resourceType: 'Bundle',
        type: 'batch',
        entry: [{ request: { method: 'GET', url: `Observation/${id}` } }],
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
    ask: (api, { id, patient }) => api.post('/$validate', observation(id, patient)),
    inside: 200,
    outside: undefined,
  },
  'POST {type}/$validate': {
    ask: (api, { id, patient }) => api.post('/Observation/$validate', observation(id, patient)),
    inside: 200,
    outside: undefined,
  },
  'GET {type}/{id}/$validate': {
    ask: (api, { id }) => api.get(`/Observation/${id}/$validate`),
    inside: 200,
    outside: 404,
  },
  'POST {type}/{id}/$validate': {
    ask: (api, { id, patient }) =>
      api.post(`/Observation/${id}/$validate?mode=update`, observation(id, patient)),
    inside: 200,
    outside: 404,
  },
  'POST _search': {
    ask: (api) => api.send('POST', '/_search', '_type=Observation&_count=1000', FORM),
    inside: 200,
    outside: undefined,
  },
  'GET {type}': {
    ask: (api, { id, patient }) => api.get(`/Observation?patient=${patient}&_id=${id}&_total=accurate`),
    inside: 200,
    outside: 200,
  },
  'POST {type}': {
    ask: (api, { patient }) =>
      api.post('/Observation', without(observation('', patient)), { prefer: 'return=minimal' }),
    inside: 201,
    outside: undefined,
  },
  'PUT {type}': {
    ask: (api, { id, patient }) => api.put(`/Observation?_id=${id}`, observation(id, patient)),
    inside: 200,
    outside: 404,
  },
  'PATCH {type}': {
    ask: (api, { id }) => api.patch(`/Observation?_id=${id}`, PATCH, AS_PATCH),
    inside: 200,
    outside: 404,
  },
  'DELETE {type}': {
    ask: (api, { id }) => api.remove(`/Observation?_id=${id}`),
    inside: 204,
    outside: 204,
  },
  'POST {type}/_search': {
    ask: (api, { id }) => api.send('POST', '/Observation/_search', `_id=${id}&_summary=count`, FORM),
    inside: 200,
    outside: 200,
  },
  'GET {type}/_history': {
    ask: (api) => api.get('/Observation/_history?_count=1000'),
    inside: 200,
    outside: undefined,
  },
  'GET {type}/{id}': { ask: (api, { id }) => api.get(`/Observation/${id}`), inside: 200, outside: 404 },
  'PUT {type}/{id}': {
    ask: (api, { id, patient }) => api.put(`/Observation/${id}`, observation(id, patient)),
    inside: 200,
    outside: 404,
  },
  'PATCH {type}/{id}': {
    ask: (api, { id }) => api.patch(`/Observation/${id}`, PATCH, AS_PATCH),
    inside: 200,
    outside: 404,
  },
  'DELETE {type}/{id}': { ask: (api, { id }) => api.remove(`/Observation/${id}`), inside: 204, outside: 204 },
  'GET {type}/{id}/_history': {
    ask: (api, { id }) => api.get(`/Observation/${id}/_history`),
    inside: 200,
    outside: 404,
  },
  'GET {type}/{id}/_history/{vid}': {
    ask: (api, { id }) => api.get(`/Observation/${id}/_history/1`),
    inside: 200,
    outside: 404,
  },
  'GET {type}/{id}/{inside}': {
    ask: (api, { patient }) => api.get(`/Patient/${patient}/Observation?_count=1000&_total=accurate`),
    inside: 200,
    outside: 200,
  },
  'POST {type}/{id}/{inside}/_search': {
    ask: (api, { patient }) =>
      api.send('POST', `/Patient/${patient}/Observation/_search`, '_summary=count', FORM),
    inside: 200,
    outside: 200,
  },
};

/** For everyone, about all types, for operators, or about what the caller brings. */
const WITHOUT_LETTER = /^(GET metadata|POST |GET |POST _search|GET _history|.*\$reindex|.*\$validate)$/;

const routes = (Object.entries(ROUTES) as [Shape, Partial<Record<Method, string>>][]).flatMap(
  ([shape, methods]) => Object.keys(methods).map((method) => `${method} ${shape}`),
);

export function matrix(use: () => World): void {
  describe('every route', () => {
    let api: Api;
    let other: Api;
    beforeAll(async () => {
      api = await use().app('patient/*.cruds');
      other = await use().app('patient/Immunization.rs');
    });

    it('has a row in this matrix', () => {
      expect(Object.keys(ROWS).sort()).toEqual([...routes].sort());
    });

    it.each(routes)(
      '[21] %s answers inside the scope, and outside as if there were nothing',
      async (route) => {
        const world = use();
        const row = ROWS[route]!;
        const [own, foreign] = [freshId('own'), freshId('foreign')];
        await world.put(observation(own, world.a));
        await world.putOfB(observation(foreign, world.b));
        const inside = await row.ask(api, { id: own, patient: world.a });
        expect({ route, status: inside.status }).toEqual({ route, status: row.inside });
        expectNothingOf(world, inside);

        const patient = route.includes('{inside}') || route === 'GET {type}' ? world.b : world.a;
        const outside = await row.ask(api, { id: foreign, patient });
        expectNothingOf(world, outside, foreign, patient);
        if (row.outside === undefined) return;
        const missing = {
          id: missingId(foreign),
          patient: patient === world.b ? missingId(patient) : patient,
        };
        const nothing = await row.ask(api, missing);
        expect({ route, status: outside.status }).toEqual({ route, status: row.outside });
        expect(essence(outside, foreign, patient)).toEqual(essence(nothing, missing.id, missing.patient));
        // And B's resource is still what it was.
        const [kept] = await world.store.resources.read([{ type: 'Observation', id: foreign }]);
        expect(kept?.versionId).toBe(1);
      },
    );

    const lettered = routes.filter((route) => !WITHOUT_LETTER.test(route));
    it.each(lettered)(
      '%s needs its letter: a token for another type is told what it holds and what it needs',
      async (route) => {
        const world = use();
        const foreign = world.one(world.ofB, 'Observation').id;
        const reply = await ROWS[route]!.ask(other, { id: foreign, patient: world.a });
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
      const reply = await ROWS[route]!.ask(nobody, { id: missingId(world.a), patient: world.a });
      expect(reply.status).toBe(route === 'GET metadata' ? 200 : 401);
      if (reply.status === 401)
        expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer realm=".*", error="invalid_token"/);
    });
  });
}
