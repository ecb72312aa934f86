/** Searching with a token for A: no parameter, join, count or page leads to B. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Api } from '../../support/api.ts';
import { freshId } from '../../support/api.ts';
import { entriesOf, expectNothingOf, idsOf, link, observation, type World } from './world.ts';

export function searchingTests(use: () => World): void {
  describe('searching', () => {
    let api: Api;
    beforeAll(async () => {
      api = await use().app('patient/*.rs');
    });

    const searches: readonly (readonly [string, (world: World) => string])[] = [
      ['patient=', ({ b }) => `/Observation?patient=${b}`],
      ['patient=Patient/', ({ b }) => `/Observation?patient=Patient/${b}`],
      ['subject=', ({ b }) => `/Condition?subject=Patient/${b}`],
      ['an absolute reference', ({ b, base }) => `/Observation?subject=${base}/Patient/${b}`],
      ['the id', ({ b }) => `/Patient?_id=${b}`],
      ['the id among others', ({ a, b }) => `/Patient?_id=${a},${b}`],
      ['no parameter', () => '/Patient'],
      ['no parameter, whole pages', () => '/Observation?_count=1000'],
      ['all types', () => '/?_count=1000&_type=Patient,Observation,Encounter,Condition,Claim'],
      ['a summary', ({ b }) => `/Encounter?patient=${b}&_summary=true`],
      ['_elements', ({ b }) => `/Encounter?patient=${b}&_elements=subject`],
      ['text', ({ b }) => `/Observation?patient=${b}&_summary=text`],
      ['negation', ({ a }) => `/Observation?status:not=registered&subject:not=Patient/${a}&_count=1000`],
      ['missing values', () => '/Observation?encounter:missing=true&_count=1000'],
      ['a sort', () => '/Patient?_sort=-birthdate'],
      ['a chain', ({ b }) => `/Observation?patient._id=${b}`],
      ['a reverse chain', ({ b }) => `/Patient?_has:Observation:patient:subject=Patient/${b}`],
      ['the compartment', ({ b }) => `/Patient/${b}/Observation`],
      ['all of the compartment', ({ b }) => `/Patient/${b}/*`],
      [
        'an encounter’s compartment',
        (world) => `/Encounter/${world.one(world.ofB, 'Encounter').id}/Observation`,
      ],
      ['a practitioner’s compartment', ({ clinician }) => `/Practitioner/${clinician}/Encounter?_count=1000`],
      ['a filter', ({ b }) => `/Observation?_filter=subject eq Patient/${b}`],
      [
        'a filter that turns things round',
        ({ a }) => `/Observation?_filter=not (subject eq Patient/${a})&_count=1000`,
      ],
      ['a list of B', (world) => `/Observation?_list=${world.listOfB}`],
      [
        'what is part of something',
        (world) => `/Encounter?part-of:below=${world.one(world.ofB, 'Encounter').id}`,
      ],
      ['an identifier inside a reference', ({ b }) => `/Observation?subject:identifier=${b}`],
      ['an include', () => '/Observation?_include=*&_count=200'],
      ['a reverse include', () => '/Patient?_revinclude=Observation:subject&_revinclude=Provenance:target'],
      [
        'an iterated include',
        () => '/Encounter?_include=*&_include:iterate=*&_revinclude:iterate=Encounter:practitioner',
      ],
      ['history of a type', () => '/Observation/_history?_count=1000'],
      ['history of all', () => '/_history?_count=1000'],
      ['history since', () => '/_history?_since=2020-01-01&_count=1000'],
    ];
    it.each(searches)('[22] [31] no byte of B by %s', async (_name, path) => {
      const world = use();
      const reply = await api.get(path(world));
      expect([200, 400]).toContain(reply.status);
      expectNothingOf(world, reply, world.b, world.one(world.ofB, 'Encounter').id, world.listOfB);
    });

    it('[22] by POST as by GET', async () => {
      const world = use();
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      for (const body of [`patient=${world.b}`, `_id=${world.b}`, ''])
        expectNothingOf(world, await api.send('POST', '/Observation/_search', body, form), world.b);
    });

    it('[22] [24] counts and totals are those of A alone', async () => {
      const world = use();
      for (const type of ['Observation', 'Condition', 'Encounter', 'Claim', 'Patient']) {
        const own = await api.get(`/${type}?_summary=count`);
        const named = await api.get(
          `/${type}?${type === 'Patient' ? '_id' : 'patient'}=${world.a}&_summary=count`,
        );
        expect({ type, total: own.body.total }).toEqual({ type, total: named.body.total });
        expect(own.body.total).toBeGreaterThan(0);
        const foreign = await api.get(
          `/${type}?${type === 'Patient' ? '_id' : 'patient'}=${world.b}&_total=accurate`,
        );
        expect(foreign.body.total).toBe(0);
      }
    });

    it('[23] an Observation about B that has A as its focus or its performer is B’s', async () => {
      const world = use();
      const [focus, performer] = [freshId('focus'), freshId('performer')];
      await world.putOfB(
        observation(focus, world.b, { focus: [{ reference: `Patient/${world.a}` }] }),
        observation(performer, world.b, { performer: [{ reference: `Patient/${world.a}` }] }),
      );
      for (const path of [
        `/Observation/${focus}`,
        `/Observation/${performer}`,
        `/Observation?focus=Patient/${world.a}`,
        `/Observation?performer=Patient/${world.a}`,
        '/Patient?_revinclude=Observation:focus&_revinclude=Observation:performer',
        `/Patient/${world.a}/Observation?_count=1000`,
      ])
        expectNothingOf(world, await api.get(path), focus, performer);
    });

    it('[23] an include brings what the record reaches, and nothing of what it merely names', async () => {
      const world = use();
      const id = freshId('derived');
      const foreign = world.one(world.ofB, 'Observation').id;
      await world.put(observation(id, world.a, { derivedFrom: [{ reference: `Observation/${foreign}` }] }));
      const reply = await api.get(
        `/Observation?_id=${id}&_include=Observation:derived-from&_include=Observation:subject`,
      );
      expect(idsOf(reply).sort()).toEqual([id, world.a].sort());
      await world.request('DELETE', `Observation/${id}`);
      const met = await api.get(
        '/Encounter?_include=Encounter:participant&_include=Encounter:service-provider&_count=5',
      );
      const types = entriesOf(met).map((one) => one.resource.resourceType);
      expect(types).toEqual(expect.arrayContaining(['Practitioner', 'Organization']));
    });

    it('[24] chains and _has cannot ask about B', async () => {
      const world = use();
      const marker = freshId('marker');
      const code = { coding: [{ system: 'http://example.org', code: marker }] };
      await world.putOfB(
        observation(freshId('marked'), world.b, { code, performer: [{ reference: `Patient/${world.a}` }] }),
      );
      for (const path of [
        `/Patient?_has:Observation:performer:code=${marker}`,
        `/Patient?_has:Observation:patient:code=${marker}`,
        `/Practitioner?_has:Encounter:practitioner:patient=${world.b}`,
        `/Organization?_has:Encounter:service-provider:patient=Patient/${world.b}`,
        `/Encounter?patient._id=${world.b}`,
        `/Observation?patient.birthdate=gt1900-01-01&patient._id=${world.b}`,
      ]) {
        const reply = await api.get(path);
        expect({ path, status: reply.status, entry: reply.body.entry }).toEqual({
          path,
          status: 200,
          entry: undefined,
        });
        expect(reply.body.total ?? 0).toBe(0);
      }
    });

    it('[24] a sort by what only B has does not show', async () => {
      const reply = await api.get('/Patient?_sort=family,-birthdate&_total=accurate');
      expect(idsOf(reply)).toEqual([use().a]);
      expect(reply.body.total).toBe(1);
      expect(link(reply, 'next')).toBeUndefined();
    });

    it('[33] a wildcard reaches no further than the record and what that refers to', async () => {
      const world = use();
      const stranger = freshId('stranger');
      await world.put(
        { resourceType: 'Practitioner', id: stranger, name: [{ family: 'Nobody' }] },
        {
          resourceType: 'Basic',
          id: `${stranger}-state`,
          code: { text: 'state of another app' },
          subject: { reference: `Patient/${world.a}` },
        },
        {
          resourceType: 'Task',
          id: `${stranger}-task`,
          status: 'requested',
          intent: 'order',
          for: { reference: `Patient/${world.b}` },
        },
        {
          resourceType: 'Group',
          id: `${stranger}-group`,
          type: 'person',
          actual: true,
          member: [
            { entity: { reference: `Patient/${world.a}` } },
            { entity: { reference: `Patient/${world.b}` } },
          ],
        },
        {
          resourceType: 'Patient',
          id: `${stranger}-twin`,
          link: [{ other: { reference: `Patient/${world.a}` }, type: 'seealso' }],
        },
      );
      expect((await api.get(`/Practitioner/${world.clinician}`)).status).toBe(200);
      expect((await api.get(`/Practitioner/${stranger}`)).status).toBe(404);
      expect((await api.get('/Practitioner?family=Nobody')).body.total).toBe(0);
      expect((await api.get(`/Patient/${stranger}-twin`)).status).toBe(404);
      expect(idsOf(await api.get('/Patient'))).toEqual([world.a]);
      for (const path of [
        `/Basic/${stranger}-state`,
        `/Task/${stranger}-task`,
        `/Group/${stranger}-group`,
        '/AuditEvent',
        '/Subscription',
        '/Task',
        '/Group',
        '/Basic',
      ])
        expect({ path, status: (await api.get(path)).status }).toEqual({ path, status: 403 });
      const named = await world.app('patient/Basic.rs');
      expect((await named.get(`/Basic/${stranger}-state`)).status).toBe(200);
    });

    it('[33] what shared resources refer to is reached as well, and no further', async () => {
      const world = use();
      const id = freshId('hop');
      await world.put(
        { resourceType: 'Organization', id: `${id}-third`, name: 'Third' },
        {
          resourceType: 'Organization',
          id: `${id}-second`,
          name: 'Second',
          partOf: { reference: `Organization/${id}-third` },
        },
        {
          resourceType: 'Location',
          id: `${id}-first`,
          name: 'First',
          managingOrganization: { reference: `Organization/${id}-second` },
        },
        {
          resourceType: 'Encounter',
          id,
          status: 'finished',
          class: { code: 'AMB' },
          subject: { reference: `Patient/${world.a}` },
          location: [{ location: { reference: `Location/${id}-first` } }],
        },
      );
      const statuses = async (): Promise<number[]> => [
        (await api.get(`/Location/${id}-first`)).status,
        (await api.get(`/Organization/${id}-second`)).status,
        (await api.get(`/Organization/${id}-third`)).status,
      ];
      expect(await statuses()).toEqual([200, 200, 404]);
      await world.put({
        resourceType: 'Location',
        id: `${id}-first`,
        name: 'First',
        managingOrganization: { reference: `Organization/${id}-third` },
      });
      expect(await statuses()).toEqual([200, 404, 200]);
      await world.put(observation(freshId('other'), world.b));
      expect(await statuses()).toEqual([200, 404, 200]);
      await world.request('DELETE', `Encounter/${id}`);
      expect(await statuses()).toEqual([404, 404, 404]);
    });

    it('[34] a cursor is worth nothing to anybody else', async () => {
      const world = use();
      const first = await api.get('/Observation?_count=5');
      const next = link(first, 'next')!;
      const position = Buffer.from(new URL(next).searchParams.get('_cursor')!, 'base64url').toString(
        'latin1',
      );
      expect(position).not.toMatch(/\d{5}/);
      expect((await api.get(next)).status).toBe(200);
      const same = await world.app('patient/*.rs');
      expect((await same.get(next)).status).toBe(200);
      const extra = { patient: world.a, fhirUser: `Patient/${world.a}` };
      const others = [
        await world.client({
          scope: 'patient/*.rs',
          extra: { ...extra, patient: world.b, fhirUser: `Patient/${world.b}` },
        }),
        await world.client({ scope: 'patient/*.rs', extra, clientId: 'another-app' }),
        await world.client({ scope: 'patient/*.rs', extra, accountId: 'another-user' }),
        await world.client({ scope: 'patient/*.rs', extra: { ...extra, encounter: 'e' } }),
      ];
      const [later] = [link(await api.get('/Encounter/_history?_count=2'), 'next')!];
      expect((await api.get(later)).status).toBe(200);
      for (const other of others)
        for (const url of [next, later]) {
          const reply = await other.get(url);
          expect(reply.status).toBe(400);
          expectNothingOf(world, reply);
        }
    });
  });
}
