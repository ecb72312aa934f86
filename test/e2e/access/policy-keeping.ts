/** Who keeps policies, and that none ever opens by mistake. */
import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { freshId } from '../../support/api.ts';
import { policyResource, type ShortPolicy } from '../../support/policy.ts';
import { people } from './people.ts';
import { brokenPolicy, operator } from './seats.ts';
import { AS_PATCH, bundle, entry, idsOf, without, type World } from './world.ts';

export function policyKeepingTests(use: () => World): void {
  const { doctor, store, under } = people(use);

  describe('[42] a policy', () => {
    it('is there for operators and services only: nobody else reads, finds, makes, changes or removes one', async () => {
      const world = use();
      const id = await store({ roles: ['patient'], clients: ['nobody'], rules: [{ types: ['*'] }] });
      const clinician = await world.app('user/*.cruds', {
        extra: { fhirUser: `Practitioner/${world.clinician}` },
      });
      const patient = await world.app('patient/*.cruds patient/Basic.cruds user/Basic.cruds');
      const tree = policyResource(id, {
        roles: ['practitioner'],
        clients: ['nobody'],
        rules: [{ types: ['*'] }],
      });
      for (const api of [clinician, patient]) {
        expect((await api.get(`/Basic/${id}`)).status).toBe(404);
        expect((await api.get(`/Basic/${id}/_history/1`)).status).toBe(404);
        expect((await api.get(`/Basic/${id}/_history`)).status).toBe(404);
        expect(idsOf(await api.get('/Basic?_count=1000'))).not.toContain(id);
        expect((await api.put(`/Basic/${id}`, tree)).status).toBe(404);
        expect((await api.post('/Basic', without(tree))).status).toBe(403);
        await api.remove(`/Basic/${id}`);
        const transaction = bundle('transaction', entry('POST', 'Basic', {}, without(tree)));
        expect((await api.post('', transaction)).status).toBe(403);
      }
      expect((await world.store.resources.read([{ type: 'Basic', id }]))[0]?.versionId).toBe(1);
      const op = await operator(world);
      expect((await op.get(`/Basic/${id}`)).status).toBe(200);
      expect((await op.post('/Basic', without(tree))).status).toBe(201);
      expect((await op.put(`/Basic/${id}`, tree)).status).toBe(200);
      expect((await op.post('/Basic', { resourceType: 'Basic', code: { text: 'a note' } })).status).toBe(403);
      const service = await world.client({ scope: 'system/*.cruds', kind: 'ClientCredentials' });
      expect((await service.remove(`/Basic/${id}`)).status).toBe(204);
    });

    it('cannot come of another Basic by a later change', async () => {
      const world = use();
      const clinician = await world.app('user/*.cruds', {
        extra: { fhirUser: `Practitioner/${world.clinician}` },
      });
      const made = await clinician.post('/Basic', { resourceType: 'Basic', code: { text: 'a note' } });
      expect(made.status).toBe(201);
      const { id } = made.body as { id: string };
      const tree = policyResource(id, { roles: ['practitioner'], rules: [{ types: ['*'] }] });
      expect((await clinician.put(`/Basic/${id}`, tree)).status).toBe(403);
      const patch = ['code', 'extension'].map((name) => ({ op: 'add', path: `/${name}`, value: tree[name] }));
      expect((await clinician.patch(`/Basic/${id}`, patch, AS_PATCH)).status).toBe(403);
    });

    it('that cannot be understood is not stored, and each fault is told', async () => {
      const op = await operator(use());
      const wrong: readonly [string, ShortPolicy][] = [
        ['not a resource type', { roles: ['practitioner'], rules: [{ types: ['Observations'] }] }],
        [
          'give one of create',
          { roles: ['practitioner'], rules: [{ types: ['Observation'], actions: ['look'] }] },
        ],
        [
          'not a search parameter',
          { roles: ['practitioner'], rules: [{ types: ['Observation'], criteria: 'colour=red' }] },
        ],
        [
          'is none of',
          { roles: ['practitioner'], rules: [{ types: ['Observation'], criteria: 'performer={you}' }] },
        ],
        [
          'how results come',
          { roles: ['practitioner'], rules: [{ types: ['Observation'], criteria: '_count=1' }] },
        ],
        [
          'how results come',
          {
            roles: ['practitioner'],
            rules: [{ types: ['Observation'], criteria: '_include=Observation:subject' }],
          },
        ],
        [
          'measures from now',
          { roles: ['practitioner'], rules: [{ types: ['Observation'], criteria: 'date=ap2020' }] },
        ],
        ['patients:', { roles: ['practitioner'], rules: [{ types: ['*'], patients: 'code=1' }] }],
        [
          'not an element',
          { roles: ['practitioner'], rules: [{ types: ['Patient'], hidden: ['Patient.phone'] }] },
        ],
        [
          'not an element',
          { roles: ['practitioner'], rules: [{ types: ['Patient'], hidden: ['Patient.id'] }] },
        ],
        [
          'does not name',
          { roles: ['practitioner'], rules: [{ types: ['Patient'], hidden: ['Observation.value'] }] },
        ],
        [
          'not FHIRPath',
          {
            roles: ['practitioner'],
            rules: [{ types: ['Patient'], constraints: [{ expression: 'a +', human: 'x' }] }],
          },
        ],
        ['names no role', { roles: [], clients: ['x'], rules: [{ types: ['Patient'] }] }],
        ['has no rule', { roles: ['practitioner'], rules: [] }],
        [
          'no reference to one',
          { roles: ['practitioner'], users: ['Group/1'], rules: [{ types: ['Patient'] }] },
        ],
        ['purpose', { roles: ['practitioner'], rules: [{ types: ['Patient'], purposes: ['FUN'] }] }],
      ];
      for (const [text, policy] of wrong) {
        const reply = await op.post('/Basic', without(policyResource('x', policy)));
        expect({ text, status: reply.status }).toEqual({ text, status: 400 });
        expect(JSON.stringify(reply.body)).toContain(text);
      }
    });

    it('that is there and cannot be understood leaves nothing to those whom it is for, whatever else is stored for them', async () => {
      const { client, clientId } = await under({ types: ['*'] });
      const api = await client('user/*.cruds fhirUser');
      expect((await api.get('/Observation?_count=1')).status).toBe(200);
      const id = await brokenPolicy(use(), { clients: [clientId] });
      for (const path of [
        '/Observation?_count=1',
        `/Patient/${use().a}`,
        '/Encounter?_count=1',
        '?_type=Patient',
      ]) {
        const reply = await api.get(path);
        expect({ path, status: reply.status }).toEqual({ path, status: 403 });
        expect(reply.body.issue[0].diagnostics).toMatch(/cannot be understood/);
      }
      await use().request('DELETE', `Basic/${id}`);
      expect((await api.get('/Observation?_count=1')).status).toBe(200);
    });

    it('that another process has written is noticed within a second or so', async () => {
      const { client, clientId } = await doctor();
      const api = await client();
      expect((await api.get('/Observation?_count=1')).status).toBe(200);
      // Past the record: this thread is not told.
      const tree = policyResource(freshId('policy'), {
        roles: ['practitioner'],
        clients: [clientId],
        rules: [{ types: ['Encounter'] }],
      });
      await use().putQuietly(tree);
      await sleep(1100);
      expect((await api.get('/Observation?_count=1')).status).toBe(403);
    });
  });
}
