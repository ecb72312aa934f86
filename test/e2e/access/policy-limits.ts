/** What policies demand of writes and of requests. */
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/fhir/model/tree.ts';
import { freshId } from '../../support/api.ts';
import { people } from './people.ts';
import { AS_PATCH, bundle, entry, observation, without, type World } from './world.ts';

export function policyLimitTests(use: () => World): void {
  const { doctor, under, patientWith } = people(use);

  describe('limits of writes', () => {
    it('a read-only element cannot be changed, set or removed; the rest can', async () => {
      const { client } = await under({
        types: ['Patient'],
        readOnly: ['Patient.identifier', 'Patient.deceased'],
      });
      const identifier = [{ system: 'urn:x', value: '1' }];
      const id = await patientWith({ identifier, gender: 'male' });
      const api = await client();
      const put = async (more: JsonObject): Promise<number> =>
        (await api.put(`/Patient/${id}`, { resourceType: 'Patient', id, ...more })).status;
      expect(await put({ identifier, gender: 'female' })).toBe(200);
      expect(await put({ identifier: [{ system: 'urn:x', value: '2' }] })).toBe(403);
      expect(await put({ gender: 'female' })).toBe(403);
      expect(await put({ identifier, deceasedBoolean: true })).toBe(403);
      expect(await put({ identifier, deceasedDateTime: '2020' })).toBe(403);
      const patch = async (one: object): Promise<number> =>
        (await api.patch(`/Patient/${id}`, [one], AS_PATCH)).status;
      expect(await patch({ op: 'remove', path: '/identifier' })).toBe(403);
      expect(await patch({ op: 'add', path: '/identifier/-', value: { value: '2' } })).toBe(403);
      expect(await patch({ op: 'replace', path: '/gender', value: 'other' })).toBe(200);
      expect((await api.post('/Patient', { resourceType: 'Patient', identifier })).status).toBe(403);
      expect((await api.post('/Patient', { resourceType: 'Patient' })).status).toBe(201);
      const entries = bundle(
        'transaction',
        entry('PUT', `Patient/${id}`, {}, { resourceType: 'Patient', id }),
      );
      expect((await api.post('', entries)).status).toBe(403);
    });

    it('a constraint holds of the old and the new value, by every way of writing', async () => {
      const human = 'a final Observation can only be amended';
      const { client, me } = await under(
        {
          types: ['Observation'],
          actions: ['update', 'delete'],
          constraints: [{ expression: "%old.status != 'final' or status = 'amended'", human }],
        },
        { types: ['Observation', 'Patient'], actions: ['create', 'read', 'search'] },
        {
          types: ['Observation'],
          actions: ['create'],
          constraints: [{ expression: 'performer.reference = %me', human: 'name yourself as the performer' }],
        },
        { types: ['Practitioner'], actions: ['read'] },
      );
      const id = freshId('obs');
      await use().put(observation(id, use().a, { status: 'final' }));
      const api = await client();
      const put = async (status: string): Promise<number> =>
        (await api.put(`/Observation/${id}`, observation(id, use().a, { status }))).status;
      const refused = await api.put(`/Observation/${id}`, observation(id, use().a, { status: 'cancelled' }));
      expect([refused.status, refused.body.issue[0].diagnostics]).toEqual([
        403,
        expect.stringContaining(human),
      ]);
      expect(
        (
          await api.patch(
            `/Observation/${id}`,
            [{ op: 'replace', path: '/status', value: 'cancelled' }],
            AS_PATCH,
          )
        ).status,
      ).toBe(403);
      expect(
        (await api.put(`/Observation?_id=${id}`, observation(id, use().a, { status: 'cancelled' }))).status,
      ).toBe(403);
      expect((await api.remove(`/Observation/${id}`)).status).toBe(403);
      expect((await api.remove(`/Observation?_id=${id}`)).status).toBe(403);
      expect((await api.post('', bundle('transaction', entry('DELETE', `Observation/${id}`)))).status).toBe(
        403,
      );
      expect(await put('amended')).toBe(200);
      expect(await put('cancelled')).toBe(200);
      expect((await api.remove(`/Observation/${id}`)).status).toBe(204);
      const fresh = (more: JsonObject): Promise<number> =>
        api.post('/Observation', without(observation('', use().a, more))).then(({ status }) => status);
      expect(await fresh({})).toBe(403);
      expect(await fresh({ performer: [{ reference: me }] })).toBe(201);
    });

    it('a constraint that finds nothing, or cannot be judged, does not hold', async () => {
      for (const expression of [
        '{}',
        'component.first().value',
        "'yes'",
        'name.given.single()',
        "memberOf('urn:no-such')",
      ]) {
        const { client } = await under({ types: ['Patient'], constraints: [{ expression, human: 'never' }] });
        const body = { resourceType: 'Patient', name: [{ given: ['A', 'B'] }] };
        expect({ expression, status: (await (await client()).post('/Patient', body)).status }).toEqual({
          expression,
          status: 403,
        });
      }
    });
  });

  describe('a purpose of use', () => {
    const asking = (purpose: string): Record<string, string> => ({ 'x-purpose-of-use': purpose });

    it('opens what a rule asks it for, and only that', async () => {
      const { client } = await under(
        { types: ['Encounter'] },
        { types: ['Observation'], purposes: ['TREAT', 'ETREAT'] },
      );
      const api = await client();
      const status = async (purpose?: string): Promise<number> =>
        (await api.get('/Observation?_count=1', purpose === undefined ? {} : asking(purpose))).status;
      const without = await api.get('/Observation?_count=1');
      expect([without.status, without.body.issue[0].diagnostics]).toEqual([
        403,
        expect.stringMatching(/X-Purpose-Of-Use with one of TREAT, ETREAT/),
      ]);
      expect(await status('TREAT')).toBe(200);
      expect(await status('ETREAT')).toBe(200);
      expect(await status('HRESCH')).toBe(403);
      expect(await status('http://terminology.hl7.org/CodeSystem/v3-ActReason|TREAT')).toBe(200);
      expect((await api.get('/Encounter?_count=1')).status).toBe(200);
    });

    it('counts for every entry of a Bundle, and for every page', async () => {
      const { client } = await under({ types: ['Observation'], purposes: ['TREAT'] });
      const api = await client();
      const page = await api.get('/Observation?_count=1', asking('TREAT'));
      const next = (page.body as { link: { relation: string; url: string }[] }).link.find(
        (one) => one.relation === 'next',
      )!;
      const path = next.url.slice(api.base.length);
      expect((await api.get(path, asking('TREAT'))).status).toBe(200);
      expect((await api.get(path)).status).toBe(403);
      const batch = await api.post(
        '',
        bundle('batch', entry('GET', 'Observation?_count=1')),
        asking('TREAT'),
      );
      expect(batch.text).toContain('"200 OK"');
    });

    it('that is none is refused, whatever the policies', async () => {
      const { client } = await doctor();
      for (const purpose of ['FUN', 'treat', 'TREAT, ETREAT'])
        expect((await (await client()).get('/Observation?_count=1', asking(purpose))).status).toBe(400);
    });
  });
}
