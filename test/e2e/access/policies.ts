/** Policies as an operator stores them: for whom they count, and when. */
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/fhir/model/tree.ts';
import { freshId, type Api } from '../../support/api.ts';
import { people } from './people.ts';
import { idsOf, observation, type World } from './world.ts';

export function policyTests(use: () => World): void {
  const { doctor, store, under, patientWith } = people(use);

  describe('a stored policy', () => {
    it('counts from the next request on, and so does its change, its switching off and its deletion', async () => {
      const { client, clientId } = await doctor();
      const [api, id] = [await client(), freshId('policy')];
      const path = `/Observation/${use().one(use().ofA, 'Observation').id}`;
      const status = async (): Promise<number> => (await api.get(path)).status;
      const only = (type: string, active?: boolean): Promise<string> =>
        store(
          {
            roles: ['practitioner'],
            clients: [clientId],
            ...(active !== undefined && { active }),
            rules: [{ types: [type] }],
          },
          id,
        );
      expect(await status()).toBe(200);
      await only('Encounter');
      expect(await status()).toBe(403);
      await only('Observation');
      expect(await status()).toBe(200);
      await only('Encounter');
      expect(await status()).toBe(403);
      await only('Encounter', false);
      expect(await status()).toBe(200);
      await only('Encounter', true);
      expect(await status()).toBe(403);
      await use().request('DELETE', `Basic/${id}`);
      expect(await status()).toBe(200);
    });

    it('narrows the patient in context too: an app sees the record only where its user may', async () => {
      const { me, clientId } = await doctor();
      await store({
        roles: ['practitioner'],
        clients: [clientId],
        rules: [{ types: ['*'], patients: 'general-practitioner={me}' }],
      });
      const mine = await patientWith({ generalPractitioner: [{ reference: me }] });
      const [own, foreign] = [freshId('obs'), freshId('obs')];
      await use().put(observation(own, mine), observation(foreign, use().b));
      const inContext = (patient: string): Promise<Api> =>
        use().app('patient/*.rs', { clientId, extra: { patient, fhirUser: me } });
      expect((await (await inContext(mine)).get(`/Observation/${own}`)).status).toBe(200);
      expect((await (await inContext(use().b)).get(`/Observation/${foreign}`)).status).toBe(404);
      expect(idsOf(await (await inContext(use().b)).get('/Observation'))).toEqual([]);
    });

    it('follows what it asks about: a patient who gets another general practitioner is gone at the next request', async () => {
      const { me, client } = await under({ types: ['*'], patients: 'general-practitioner={me}' });
      const id = await patientWith({ generalPractitioner: [{ reference: me }] });
      const lab = freshId('obs');
      await use().put(observation(lab, id));
      const api = await client();
      expect((await api.get(`/Observation/${lab}`)).status).toBe(200);
      await use().put({
        resourceType: 'Patient',
        id,
        generalPractitioner: [{ reference: `Practitioner/${use().clinician}` }],
      });
      expect((await api.get(`/Observation/${lab}`)).status).toBe(404);
      await use().put({ resourceType: 'Patient', id, generalPractitioner: [{ reference: me }] });
      expect((await api.get(`/Observation/${lab}`)).status).toBe(200);
    });

    it('takes chains and _has over several steps', async () => {
      const { me, client } = await under(
        { types: ['Observation'], criteria: 'patient.general-practitioner={me}' },
        { types: ['Patient'], criteria: `_has:Observation:patient:encounter.participant={me}` },
      );
      const chained = await patientWith({ generalPractitioner: [{ reference: me }] });
      const [seen, lab] = [await patientWith({}), freshId('obs')];
      const [visit, second] = [freshId('visit'), freshId('obs')];
      const encounter = {
        resourceType: 'Encounter',
        id: visit,
        status: 'finished',
        class: { code: 'AMB' },
        subject: { reference: `Patient/${seen}` },
        participant: [{ individual: { reference: me } }],
      };
      await use().put(
        encounter,
        observation(lab, chained),
        observation(second, seen, { encounter: { reference: `Encounter/${visit}` } }),
      );
      const api = await client();
      expect(idsOf(await api.get('/Observation'))).toEqual([lab]);
      expect(idsOf(await api.get('/Patient'))).toEqual([seen]);
      expect((await api.get(`/Observation/${second}`)).status).toBe(404);
      expect((await api.get(`/Patient/${chained}`)).status).toBe(404);
    });

    it('gives nothing where a placeholder stands for nothing, not even by :not', async () => {
      const { client } = await under(
        { types: ['Encounter'], criteria: '_filter=not (location eq {my-locations})' },
        { types: ['Observation'], criteria: '_filter=not (performer eq {my-organizations})' },
        { types: ['Condition'], patients: '_id:not={my-patient}' },
      );
      const api = await client();
      for (const type of ['Encounter', 'Observation', 'Condition'])
        expect({ type, ids: idsOf(await api.get(`/${type}`)) }).toEqual({ type, ids: [] });
    });

    it('adds to others of the same role, and what one hides stays hidden whichever allows', async () => {
      const { client, clientId } = await under({ types: ['Patient'], hidden: ['Patient.birthDate'] });
      await store({
        roles: ['practitioner'],
        clients: [clientId],
        rules: [{ types: ['Patient', 'Encounter'] }],
      });
      const id = await patientWith({ birthDate: '1970-01-01' });
      const api = await client();
      expect((await api.get('/Encounter?_count=1')).status).toBe(200);
      expect((await api.get(`/Patient/${id}`)).text).not.toContain('1970-01-01');
      expect((await api.get('/Patient?birthdate=1970-01-01', { prefer: 'handling=strict' })).status).toBe(
        400,
      );
    });

    it('is for a whole role when it says no more, and the built-in one is gone with it', async () => {
      const { client } = await doctor();
      const api = await client();
      const id = await store({ roles: ['practitioner'], rules: [{ types: ['Encounter'] }] });
      try {
        expect((await api.get('/Observation?_count=1')).status).toBe(403);
        expect((await api.get('/Encounter?_count=1')).status).toBe(200);
        expect((await (await use().app('patient/*.rs')).get('/Observation?_count=1')).status).toBe(200);
      } finally {
        await use().request('DELETE', `Basic/${id}`);
      }
      expect((await api.get('/Observation?_count=1')).status).toBe(200);
    });

    it('for those of an organization leaves nothing to who works there no more: leaving never gives more', async () => {
      const [{ me, client, clientId }, role, org] = [await doctor(), freshId('role'), freshId('org')];
      const api = await client();
      await use().put({ resourceType: 'Organization', id: org, active: true, name: 'Works' });
      const work = (more: JsonObject): Promise<void> =>
        use().put({
          resourceType: 'PractitionerRole',
          id: role,
          practitioner: { reference: me },
          organization: { reference: `Organization/${org}` },
          code: [{ coding: [{ system: 'urn:work', code: 'nurse' }] }],
          ...more,
        });
      await store({
        roles: ['practitioner'],
        clients: [clientId],
        organizations: [`Organization/${org}`],
        work: ['urn:work|nurse'],
        rules: [{ types: ['Encounter'] }],
      });
      const all = await store({
        roles: ['practitioner'],
        organizations: [`Organization/${org}`],
        rules: [{ types: ['Encounter'] }],
      });
      try {
        const status = async (): Promise<number> => (await api.get('/Encounter?_count=1')).status;
        expect(await status()).toBe(403);
        await work({ active: true });
        expect(await status()).toBe(200);
        await work({ active: false });
        expect(await status()).toBe(403);
        await work({ period: { end: '2020' } });
        expect(await status()).toBe(403);
        await work({ period: { start: '2020' } });
        expect(await status()).toBe(200);
      } finally {
        await use().request('DELETE', `Basic/${all}`);
      }
    });

    it('is for one user when it names one, and for nobody else', async () => {
      const [one, other] = [await doctor(), await doctor()];
      await store({ roles: ['practitioner'], users: [one.me], rules: [{ types: ['Encounter'] }] });
      expect((await (await one.client()).get('/Observation?_count=1')).status).toBe(403);
      expect((await (await other.client()).get('/Observation?_count=1')).status).toBe(200);
    });

    it('never gives more than the scopes of the token', async () => {
      const { client } = await under({ types: ['*'] });
      const api = await client('user/Encounter.r');
      expect((await api.get('/Encounter?_count=1')).status).toBe(403);
      expect((await api.get('/Observation?_count=1')).status).toBe(403);
    });

    it('tells whoever it refuses that it was the policy', async () => {
      const { client } = await under({ types: ['Encounter'], actions: ['read'] });
      const reply = await (await client()).get('/Observation?_count=1');
      expect(reply.body.issue[0].diagnostics).toMatch(
        /policies for the role practitioner do not let you search Observation/,
      );
    });
  });
}
