/** People who stand for several patients. https://hl7.org/fhir/R4/person.html */
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/fhir/model/tree.ts';
import { freshId, type Api } from '../../support/api.ts';
import { proxiesOf } from '../../../src/access/policy/proxies.ts';
import { people } from './people.ts';
import { idsOf, type World } from './world.ts';

export function proxyTests(use: () => World): void {
  const { patientWith } = people(use);

  describe('a person with several children', () => {
    const related = async (patient: string, more: JsonObject = {}): Promise<string> => {
      const id = freshId('related');
      await use().put({
        resourceType: 'RelatedPerson',
        id,
        active: true,
        patient: { reference: `Patient/${patient}` },
        ...more,
      });
      return id;
    };

    it('[37] sees the records of all of them, and not more, as long as each tie holds', async () => {
      const [anna, ben, other] = [await patientWith({}), await patientWith({}), await patientWith({})];
      const [toAnna, toBen] = [await related(anna), await related(ben)];
      await related(other);
      const person = freshId('person');
      const link = [toAnna, toBen].map((id) => ({
        target: { reference: `RelatedPerson/${id}` },
        assurance: 'level3',
      }));
      await use().put({ resourceType: 'Person', id: person, link });
      const api = await use().app('user/*.rs', { extra: { fhirUser: `RelatedPerson/${toAnna}` } });
      const inContext = (patient: string): Promise<Api> =>
        use().app('patient/*.rs', { extra: { patient, fhirUser: `RelatedPerson/${toAnna}` } });
      const seen = async (): Promise<string[]> => idsOf(await api.get('/Patient?_count=1000')).sort();
      expect(await seen()).toEqual([anna, ben].sort());
      expect((await (await inContext(ben)).get(`/Patient/${ben}`)).status).toBe(200);
      expect((await (await inContext(ben)).get(`/Patient/${anna}`)).status).toBe(404);
      expect((await (await inContext(other)).get(`/Patient/${other}`)).status).toBe(403);
      await use().put({
        resourceType: 'RelatedPerson',
        id: toBen,
        period: { end: '2020-01-01' },
        patient: { reference: `Patient/${ben}` },
      });
      expect(await seen()).toEqual([anna]);
      expect((await (await inContext(ben)).get(`/Patient/${ben}`)).status).toBe(403);
      await use().put({
        resourceType: 'RelatedPerson',
        id: toBen,
        active: true,
        patient: { reference: `Patient/${ben}` },
      });
      expect(await seen()).toEqual([anna, ben].sort());
      await use().put({ resourceType: 'Person', id: person, active: false, link });
      expect(await seen()).toEqual([anna]);
      await use().put({
        resourceType: 'RelatedPerson',
        id: toAnna,
        active: false,
        patient: { reference: `Patient/${anna}` },
      });
      expect((await api.get('/Patient?_count=1000')).status).toBe(403);
    });

    it('is not made by a guess, nor by one of those who would profit from it', async () => {
      const [anna, ben] = [await patientWith({}), await patientWith({})];
      const [toAnna, toBen] = [await related(anna), await related(ben)];
      const link = [toAnna, toBen].map((id) => ({
        target: { reference: `RelatedPerson/${id}` },
        assurance: 'level1',
      }));
      await use().put({ resourceType: 'Person', id: freshId('person'), link });
      const api = await use().app('user/*.cruds', { extra: { fhirUser: `RelatedPerson/${toAnna}` } });
      expect(idsOf(await api.get('/Patient'))).toEqual([anna]);
      expect(
        (
          await api.post('/Person', {
            resourceType: 'Person',
            link: [{ target: { reference: `RelatedPerson/${toBen}` } }],
          })
        ).status,
      ).toBe(403);
    });

    it('is listed for the patient, with the time and the state of the tie', async () => {
      const anna = await patientWith({});
      const names = [{ given: ['Lin'], family: 'Chen' }];
      const relationship = [{ coding: [{ code: 'MTH', display: 'mother' }] }];
      const now = await related(anna, { name: names, relationship, period: { start: '2020' } });
      const past = await related(anna, { period: { end: '2021-05' } });
      const future = await related(anna, { period: { start: '2999' } });
      const off = await related(anna, { active: false });
      await related(await patientWith({}));
      const all = await proxiesOf(use().store, anna, Date.now());
      expect(all[0]).toEqual({
        id: now,
        name: 'Lin Chen',
        relationship: 'mother',
        from: '2020',
        isInForce: true,
      });
      expect(Object.fromEntries(all.map(({ id, why }) => [id, why]))).toEqual({
        [now]: undefined,
        [past]: 'ended',
        [future]: 'not yet',
        [off]: 'switched off',
      });
    });
  });
}
