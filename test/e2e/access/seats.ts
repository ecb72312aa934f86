/** The matrix of roles: each kind of caller, by the built-in policies and by stored ones, on every route, inside and outside of what they may do. */
import type { JsonObject } from '../../../src/fhir/model/tree.ts';
import { freshId, type Api } from '../../support/api.ts';
import { policyResource, type ShortRule } from '../../support/policy.ts';
import { lockedOutTests, seatTests } from './matrix.ts';
import { observation, type World } from './world.ts';

/** A client of a new practitioner under a policy of its own. */
async function practitioner(
  world: World,
  rules: (me: string) => readonly ShortRule[],
  more: (me: string) => readonly JsonObject[] = () => [],
): Promise<Api> {
  const [id, client] = [freshId('doc'), freshId('client')];
  const me = `Practitioner/${id}`;
  await world.put({ resourceType: 'Practitioner', id }, ...more(me));
  await world.put(
    policyResource(freshId('policy'), { roles: ['practitioner'], clients: [client], rules: rules(me) }),
  );
  return world.app('user/*.cruds', { clientId: client, extra: { fhirUser: me } });
}

export async function operator(world: World, scope = 'user/*.cruds'): Promise<Api> {
  const uid = freshId('operator');
  const account = { id: uid, username: uid, name: 'Op', role: 'operator', passwordHash: '' };
  await world.store.tokens.put({ model: 'Account', id: uid, uid, payload: JSON.stringify(account) });
  return world.client({ scope, accountId: uid, extra: {} });
}

const encounterAt =
  (location: () => string) =>
  (id: string, patient: string): JsonObject => ({
    resourceType: 'Encounter',
    id,
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject: { reference: `Patient/${patient}` },
    location: [{ location: { reference: `Location/${location()}` } }],
  });

export function seats(use: () => World): void {
  const onObservations = { type: 'Observation', inside: observation };

  seatTests(use, {
    name: 'a patient, at the level user/',
    client: () => use().app('user/*.cruds'),
    ...onObservations,
    outside: observation,
  });

  seatTests(use, {
    name: 'a proxy',
    client: async () => {
      const id = freshId('related');
      const patient = { reference: `Patient/${use().a}` };
      await use().put({ resourceType: 'RelatedPerson', id, active: true, patient });
      return use().app('user/*.cruds', { extra: { fhirUser: `RelatedPerson/${id}` } });
    },
    ...onObservations,
    outside: observation,
  });

  seatTests(use, {
    name: 'a clinician whose patients are those whose general practitioner they are',
    client: async () => {
      const world = use();
      const patient = world.one(world.ofA, 'Patient') as unknown as JsonObject;
      return practitioner(
        world,
        () => [{ types: ['*'], patients: 'general-practitioner={me}' }],
        (me) => [{ ...patient, generalPractitioner: [{ reference: me }] }],
      );
    },
    ...onObservations,
    outside: observation,
  });

  let [here, elsewhere] = ['', ''];
  seatTests(use, {
    name: 'a clinician who sees the encounters at their sites',
    client: async () => {
      [here, elsewhere] = [freshId('here'), freshId('elsewhere')];
      const world = use();
      await world.put({ resourceType: 'Location', id: here });
      await world.putOfB({ resourceType: 'Location', id: elsewhere });
      return practitioner(
        world,
        () => [
          { types: ['Encounter'], criteria: 'location={my-locations}' },
          {
            types: ['Patient'],
            actions: ['read', 'search'],
            criteria: '_has:Encounter:patient:location={my-locations}',
          },
          { types: ['Location'], actions: ['read'], criteria: '_id={my-locations}' },
        ],
        (me) => [
          {
            resourceType: 'PractitionerRole',
            id: freshId('role'),
            active: true,
            practitioner: { reference: me },
            location: [{ reference: `Location/${here}` }],
          },
        ],
      );
    },
    type: 'Encounter',
    inside: encounterAt(() => here),
    outside: encounterAt(() => elsewhere),
  });

  seatTests(use, {
    name: 'a service that a policy keeps to one record',
    client: async () => {
      const world = use();
      const client = freshId('service');
      const rules = [{ types: ['*'], patients: `_id=${world.a}` }];
      await world.put(policyResource(freshId('policy'), { roles: ['service'], clients: [client], rules }));
      return world.client({ scope: 'system/*.cruds', kind: 'ClientCredentials', clientId: client });
    },
    ...onObservations,
    outside: observation,
  });

  const all = {
    'GET $reindex': 200,
    'GET {type}/$reindex': 200,
    'POST $reindex': 202,
    'POST {type}/$reindex': 202,
  };
  seatTests(use, {
    name: 'a clinician, by the built-in policy',
    client: () => use().app('user/*.cruds', { extra: { fhirUser: `Practitioner/${use().clinician}` } }),
    ...onObservations,
    outside: undefined,
    status: all,
  });
  seatTests(use, {
    name: 'a service, by the built-in policy',
    client: () => use().client({ scope: 'system/*.cruds', kind: 'ClientCredentials' }),
    ...onObservations,
    outside: undefined,
    status: all,
  });

  const open = {
    'GET ': 200,
    'POST ': 200,
    'POST _search': 200,
    'GET _history': 200,
    'GET metadata': 200,
    'POST $validate': 200,
    'POST {type}/$validate': 200,
    'GET {type}/{id}/$validate': 404,
    'POST {type}/{id}/$validate': 404,
    // What codes mean is for everyone; a stored value set is read within what the caller may see.
    'GET {terminology}': 200,
    'POST {terminology}': 200,
    'GET {type}/{terminology}': 200,
    'POST {type}/{terminology}': 200,
    'GET {type}/{id}/{terminology}': 404,
    'POST {type}/{id}/{terminology}': 404,
  };
  lockedOutTests(use, 'an operator', () => operator(use()), open);
  lockedOutTests(
    use,
    'a clinician to whom a policy gives another type',
    () => practitioner(use(), () => [{ types: ['Substance'] }]),
    open,
  );
  const shut = { ...open, 'GET ': 403, 'POST _search': 403, 'GET _history': 403 };
  lockedOutTests(
    use,
    'a user who is nothing in the record',
    () => use().client({ scope: 'user/*.cruds', extra: {} }),
    shut,
  );
  lockedOutTests(
    use,
    'a clinician whose policy cannot be understood',
    async () => {
      const world = use();
      const client = freshId('client');
      await brokenPolicy(world, { clients: [client] });
      return world.app('user/*.cruds patient/*.cruds', {
        clientId: client,
        extra: { patient: world.a, fhirUser: `Practitioner/${world.clinician}` },
      });
    },
    shut,
  );
}

/** A policy that got past the door: stored by a server that does not validate, or understood no more. */
export async function brokenPolicy(
  world: World,
  whom: { clients?: string[]; users?: string[] },
): Promise<string> {
  const id = freshId('broken');
  const rules = [
    { types: ['*'], criteria: 'code=a' },
    { types: ['Observation'], criteria: 'category=exam' },
  ];
  const tree = policyResource(id, { roles: ['practitioner'], ...whom, rules });
  const text = JSON.stringify(tree)
    .replace('"category=exam"', '"no-such-parameter=exam"')
    .replace('"code=a"', '"_lastUpdated=ge2000"');
  await world.putRaw(JSON.parse(text) as JsonObject);
  return id;
}
