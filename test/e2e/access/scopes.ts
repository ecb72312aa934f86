/** What the scopes of a token say and whose data they open. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html */
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/fhir/model/tree.ts';
import type { Api } from '../../support/api.ts';
import { freshId } from '../../support/api.ts';
import { AS_PATCH, expectNothingOf, idsOf, observation, without, type World } from './world.ts';

const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';
const category = (code: string): JsonObject => ({ category: [{ coding: [{ system: CATEGORY, code }] }] });

export function scopeTests(use: () => World): void {
  describe('scopes', () => {
    let lab: string;
    let vital: string;
    beforeAll(async () => {
      const world = use();
      [lab, vital] = [freshId('lab'), freshId('vital')];
      await world.put(
        observation(lab, world.a, category('laboratory')),
        observation(vital, world.a, category('vital-signs')),
      );
    });

    const filtered = (letters: string): Promise<Api> =>
      use().app(`patient/Observation.${letters}?category=${CATEGORY}|laboratory patient/Patient.rs`);

    it('[32] a filter binds reads, versions, history and searches', async () => {
      const api = await filtered('rs');
      for (const path of ['', '/_history', '/_history/1']) {
        expect((await api.get(`/Observation/${lab}${path}`)).status).toBe(200);
        expect((await api.get(`/Observation/${vital}${path}`)).status).toBe(404);
      }
      const count = async (query: string): Promise<number> =>
        (await api.get(`/Observation?${query}&_summary=count`)).body.total as number;
      expect(await count(`_id=${lab},${vital}`)).toBe(1);
      expect(await count('category=vital-signs')).toBe(0);
      expect(await count('category:not=laboratory')).toBe(0);
      expect(await count('category:missing=true')).toBe(0);
      expect(await count('')).toBe(await count(`category=${CATEGORY}|laboratory`));
      for (const path of [
        `/Patient?_revinclude=Observation:subject&_count=1`,
        '/Observation/_history?_count=1000',
        `/Patient/${use().a}/Observation?_count=1000`,
      ]) {
        const found = idsOf(await api.get(path));
        expect(found).toContain(lab);
        expect(found).not.toContain(vital);
      }
      expect((await api.get('/Patient?_has:Observation:patient:category=vital-signs')).body.total).toBe(0);
      expect((await api.get('/Patient?_has:Observation:patient:category=laboratory')).body.total).toBe(1);
    });

    it('[32] a filter binds writes: what was and what is to be must meet it', async () => {
      const { a, put } = use();
      const api = await filtered('cruds');
      expect(
        (await api.post('/Observation', without(observation('', a, category('vital-signs'))))).status,
      ).toBe(403);
      expect(
        (await api.post('/Observation', without(observation('', a, category('laboratory'))))).status,
      ).toBe(201);
      const [own, other] = [freshId('lab'), freshId('vital')];
      await put(observation(own, a, category('laboratory')), observation(other, a, category('vital-signs')));
      expect(
        (await api.put(`/Observation/${own}`, observation(own, a, category('vital-signs')))).status,
      ).toBe(403);
      const patch = [{ op: 'replace', path: '/category/0/coding/0/code', value: 'vital-signs' }];
      expect((await api.patch(`/Observation/${own}`, patch, AS_PATCH)).status).toBe(403);
      expect(
        (await api.put(`/Observation/${other}`, observation(other, a, category('laboratory')))).status,
      ).toBe(404);
      expect((await api.remove(`/Observation/${other}`)).status).toBe(204);
      expect((await api.remove('/Observation?category=vital-signs')).status).toBe(204);
      const [kept] = await use().store.resources.read([{ type: 'Observation', id: other }]);
      expect(kept?.versionId).toBe(1);
      expect((await api.remove(`/Observation/${own}`)).status).toBe(204);
    });

    it('[32] what may be read but not written so is 403, not 404', async () => {
      const { a, put } = use();
      const id = freshId('vital');
      await put(observation(id, a, category('vital-signs')));
      const api = await use().app(
        `patient/Observation.rs patient/Observation.ud?category=${CATEGORY}|laboratory`,
      );
      expect((await api.put(`/Observation/${id}`, observation(id, a, category('laboratory')))).status).toBe(
        403,
      );
      expect((await api.remove(`/Observation/${id}`)).status).toBe(403);
    });

    it.each([
      '_count=5',
      'nonsense=1',
      'subject:Patient.name=x',
      '_has:Group:member:code=x',
      '_include=*',
      'date=ap2020',
      '_filter=status eq final',
      '_list=x',
      '_has:Observation:patient:code=x',
      'category:in=x',
      'code=',
    ])('[32] a filter that cannot be understood grants nothing: ?%s', async (filter) => {
      const api = await use().app(`patient/Observation.rs?${filter} patient/Patient.rs`);
      expect((await api.get(`/Observation/${lab}`)).status).toBe(403);
      expect((await api.get('/Observation')).status).toBe(403);
      expect((await api.get(`/Patient/${use().a}`)).status).toBe(200);
    });

    it('letters are distinct, and scopes add up', async () => {
      const { a } = use();
      const content = without(observation('', a));
      const status = async (scope: string): Promise<number[]> => {
        const api = await use().app(scope);
        const made = await api.post('/Observation', content);
        return [
          made.status,
          (await api.get(`/Observation/${lab}`)).status,
          (await api.put(`/Observation/${lab}`, observation(lab, a, category('laboratory')))).status,
          (await api.get('/Observation?_count=1')).status,
          (await api.get('/Observation/_history?_count=1')).status,
          (await api.remove('/Observation/nothing-here')).status,
        ];
      };
      expect(await status('patient/Observation.c')).toEqual([201, 403, 403, 403, 403, 403]);
      expect(await status('patient/Observation.r')).toEqual([403, 200, 403, 403, 403, 403]);
      expect(await status('patient/Observation.u')).toEqual([403, 403, 200, 403, 403, 403]);
      expect(await status('patient/Observation.d')).toEqual([403, 403, 403, 403, 403, 204]);
      expect(await status('patient/Observation.s')).toEqual([403, 403, 403, 200, 200, 403]);
      expect(await status('patient/Observation.read')).toEqual([403, 200, 403, 200, 200, 403]);
      expect(await status('patient/Observation.write')).toEqual([201, 403, 200, 403, 403, 204]);
      expect(await status('patient/Observation.r patient/*.s')).toEqual([403, 200, 403, 200, 200, 403]);
      expect(await status('patient/Observation.dus patient/observation.rs nonsense/*')).toEqual([
        403, 403, 403, 403, 403, 403,
      ]);
    });

    it('patient/ without a patient in context gives nothing, and says so', async () => {
      const world = use();
      const { a } = world;
      const api = await world.client({ scope: 'patient/*.cruds', extra: { fhirUser: `Patient/${a}` } });
      for (const path of [`/Patient/${a}`, '/Observation', '/', '/_history']) {
        const reply = await api.get(path);
        expect(reply.status).toBe(403);
        expect(reply.text).toContain('no patient in context');
      }
    });

    it('user/ of a clinician opens the tenant; system/ does so for a client that acts for itself, and for no other', async () => {
      const world = use();
      const see = async (api: Api): Promise<number> => (await api.get(`/Patient/${world.b}`)).status;
      const fhirUser = `Practitioner/${world.clinician}`;
      expect(await see(await world.client({ scope: 'user/*.rs', extra: { fhirUser } }))).toBe(200);
      expect(await see(await world.client({ scope: 'user/Observation.rs', extra: { fhirUser } }))).toBe(403);
      expect(
        await see(await world.client({ scope: 'patient/*.rs', extra: { fhirUser, patient: world.a } })),
      ).toBe(404);
      expect(await see(await world.client({ scope: 'system/*.rs', kind: 'ClientCredentials' }))).toBe(200);
      expect(await see(await world.client({ scope: 'system/*.rs', extra: { fhirUser } }))).toBe(403);
      const both = { fhirUser, patient: world.b };
      expect(
        await see(
          await world.client({ scope: 'user/*.rs patient/*.rs', kind: 'ClientCredentials', extra: both }),
        ),
      ).toBe(403);
      expect(await see(await world.client({ scope: 'user/*.rs' }))).toBe(403);
    });

    it('[37] user/ of a patient opens the own record only, and another patient in context is none', async () => {
      const world = use();
      const own = await world.client({ scope: 'user/*.rs', extra: { fhirUser: `Patient/${world.a}` } });
      expect((await own.get(`/Patient/${world.a}`)).status).toBe(200);
      const reply = await own.get('/Observation?_count=1000');
      expectNothingOf(world, reply);
      expect((await own.get(`/Patient/${world.b}`)).status).toBe(404);
      const stolen = await world.client({
        scope: 'patient/*.rs user/*.rs',
        extra: { fhirUser: `Patient/${world.a}`, patient: world.b },
      });
      expect((await stolen.get(`/Patient/${world.b}`)).status).toBe(404);
      expect((await stolen.get(`/Patient/${world.a}`)).status).toBe(200);
      expectNothingOf(world, await stolen.get('/Observation?_count=1000'));
    });

    it('[37] a proxy loses access when the tie ends', async () => {
      const world = use();
      const id = freshId('proxy');
      const related = (more: JsonObject): JsonObject => ({
        resourceType: 'RelatedPerson',
        id,
        patient: { reference: `Patient/${world.a}` },
        ...more,
      });
      const api = await world.client({
        scope: 'user/*.rs patient/*.rs openid fhirUser',
        extra: { fhirUser: `RelatedPerson/${id}`, patient: world.a },
      });
      const see = async (): Promise<number[]> => [
        (await api.get(`/Patient/${world.a}`)).status,
        (await api.get(`/Patient/${world.b}`)).status,
        (await api.get('/Observation?_count=1')).status,
        (await api.get(`/RelatedPerson/${id}`)).status,
      ];
      const ties: readonly (readonly [JsonObject, boolean])[] = [
        [{}, true],
        [{ active: true, period: { start: '2020', end: '2999' } }, true],
        [{ period: { end: new Date().toISOString().slice(0, 10) } }, true],
        [{ active: false }, false],
        [{ period: { end: '2020-01-01' } }, false],
        [{ period: { start: '2999-01-01' } }, false],
      ];
      expect(await see()).toEqual([403, 403, 403, 403]);
      for (const [more, holds] of ties) {
        await world.put(related(more));
        expect({ more, see: await see() }).toEqual({
          more,
          see: holds ? [200, 404, 200, 200] : [403, 403, 403, 403],
        });
      }
      await world.put(related({}));
      await world.request('DELETE', `RelatedPerson/${id}`);
      expect(await see()).toEqual([403, 403, 403, 403]);
    });

    it('fhirUser lets an app read who its user is, and nobody else', async () => {
      const world = use();
      const extra = { fhirUser: `Practitioner/${world.clinician}`, patient: world.a };
      const other = freshId('colleague');
      await world.put({ resourceType: 'Practitioner', id: other });
      const api = await world.client({ scope: 'openid fhirUser patient/Observation.rs', extra });
      expect((await api.get(`/Practitioner/${world.clinician}`)).status).toBe(200);
      expect((await api.get(`/Practitioner/${other}`)).status).toBe(404);
      expect((await api.get('/Practitioner')).status).toBe(403);
      const mute = await world.client({ scope: 'openid patient/Observation.rs', extra });
      expect((await mute.get(`/Practitioner/${world.clinician}`)).status).toBe(403);
    });
  });
}
