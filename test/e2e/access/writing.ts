/** Writing with a token for A: nothing is written outside, and no write can ask whether something of B is there. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/fhir/model/tree.ts';
import { freshId, type Api, type Reply } from '../../support/api.ts';
import {
  AS_PATCH,
  bundle,
  entry,
  expectAlike,
  expectNothingOf,
  foreignOne,
  observation,
  versionOf,
  without,
  type World,
} from './world.ts';

export function writingTests(use: () => World): void {
  describe('writing', () => {
    let api: Api;
    beforeAll(async () => {
      api = await use().app('patient/*.cruds');
    });

    it('[29] A’s own is made, changed, patched and deleted', async () => {
      const { a } = use();
      const made = await api.post('/Observation', without(observation('', a)));
      expect(made.status).toBe(201);
      const { id } = made.body;
      expect((await api.put(`/Observation/${id}`, observation(id, a, { status: 'amended' }))).status).toBe(
        200,
      );
      const patch = [{ op: 'replace', path: '/status', value: 'final' }];
      expect((await api.patch(`/Observation/${id}`, patch, AS_PATCH)).body.status).toBe('final');
      expect((await api.remove(`/Observation/${id}`)).status).toBe(204);
      expect((await api.put(`/Observation/${id}`, observation(id, a))).status).toBe(201);
    });

    it('[29] A’s own resource cannot be handed to B, by no kind of write', async () => {
      const { a, b, put } = use();
      const id = freshId('own');
      await put(observation(id, a));
      const reference = `Patient/${b}`;
      const replies = [
        await api.put(`/Observation/${id}`, observation(id, b)),
        await api.put(`/Observation?_id=${id}`, observation(id, b)),
        await api.patch(
          `/Observation/${id}`,
          [{ op: 'replace', path: '/subject/reference', value: reference }],
          AS_PATCH,
        ),
        await api.patch(
          `/Observation?_id=${id}`,
          [{ op: 'replace', path: '/subject', value: { reference } }],
          AS_PATCH,
        ),
        await api.post('', bundle('transaction', entry('PUT', `Observation/${id}`, {}, observation(id, b)))),
      ];
      expect(replies.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
      expect(await versionOf(use(), 'Observation', id)).toBe(1);
    });

    it('[29] B’s resource cannot be pulled over: it is answered like one that is not there', async () => {
      const { a } = use();
      const foreign = await foreignOne(use());
      const mine = (id: string): JsonObject => observation(id, a);
      await expectAlike(
        use(),
        ['Observation', foreign],
        (id) => api.put(`/Observation/${id}`, mine(id)),
        404,
      );
      await expectAlike(
        use(),
        ['Observation', foreign],
        (id) => api.put(`/Observation/${id}`, mine(id), { 'if-none-match': '*' }),
        404,
      );
      await expectAlike(
        use(),
        ['Observation', foreign],
        (id) => api.put(`/Observation/${id}`, mine(id), { 'if-match': 'W/"1"' }),
        412,
      );
      await expectAlike(
        use(),
        ['Observation', foreign],
        (id) => api.put(`/Observation/${id}`, mine(id), { 'if-match': 'W/"2"' }),
        412,
      );
      await expectAlike(
        use(),
        ['Observation', foreign],
        (id) => api.patch(`/Observation/${id}`, [], AS_PATCH),
        404,
      );
      await expectAlike(
        use(),
        ['Observation', foreign],
        (id) => api.patch(`/Observation/${id}`, [{ op: 'test', path: '/status', value: 'final' }], AS_PATCH),
        404,
      );
      await expectAlike(use(), ['Observation', foreign], (id) => api.remove(`/Observation/${id}`), 204);
      await expectAlike(
        use(),
        ['Observation', foreign],
        (id) => api.remove(`/Observation/${id}`, { 'if-match': 'W/"1"' }),
        412,
      );
      await expectAlike(
        use(),
        ['Patient', use().b],
        (id) => api.put(`/Patient/${id}`, { resourceType: 'Patient', id }),
        404,
      );
      await expectAlike(use(), ['Patient', use().b], (id) => api.patch(`/Patient/${id}`, [], AS_PATCH), 404);
    });

    it('[29] a deleted resource of B cannot be told from none', async () => {
      const { a, request } = use();
      const foreign = await foreignOne(use());
      await request('DELETE', `Observation/${foreign}`);
      await expectAlike(
        use(),
        ['Observation', foreign],
        (id) => api.put(`/Observation/${id}`, observation(id, a)),
        404,
      );
      await expectAlike(use(), ['Observation', foreign], (id) => api.remove(`/Observation/${id}`), 204);
      await expectAlike(
        use(),
        ['Observation', foreign],
        (id) => api.patch(`/Observation/${id}`, [], AS_PATCH),
        404,
      );
    });

    it('[29] a reference to B is like one to nothing', async () => {
      const { a, b } = use();
      const foreign = await foreignOne(use());
      const derived = (id: string): JsonObject =>
        without(observation('', a, { derivedFrom: [{ reference: `Observation/${id}` }] }));
      await expectAlike(use(), ['Observation', foreign], (id) => api.post('/Observation', derived(id)), 422);
      const linked = (id: string): JsonObject => ({
        resourceType: 'Account',
        status: 'active',
        subject: [{ reference: `Patient/${a}` }, { reference: `Patient/${id}` }],
      });
      await expectAlike(use(), ['Patient', b], (id) => api.post('/Account', linked(id)), 422);
      const own = (await api.get(`/Patient/${a}`)).body as JsonObject;
      const twin = (id: string): JsonObject => ({
        ...own,
        link: [{ other: { reference: `Patient/${id}` }, type: 'seealso' }],
      });
      await expectAlike(use(), ['Patient', b], (id) => api.put(`/Patient/${a}`, twin(id)), 422);
      const stranger = freshId('stranger');
      await use().put({ resourceType: 'Practitioner', id: stranger });
      const by = (id: string): JsonObject =>
        without(observation('', a, { performer: [{ reference: `Practitioner/${id}` }] }));
      await expectAlike(use(), ['Practitioner', stranger], (id) => api.post('/Observation', by(id)), 422);
      expect((await api.post('/Observation', by(use().clinician))).status).toBe(201);
    });

    it('[29] a reference that was there before may stay', async () => {
      const { a, put } = use();
      const [id, foreign] = [freshId('own'), freshId('named')];
      await put(observation(foreign, use().b));
      const derivedFrom = [{ reference: `Observation/${foreign}` }];
      await put(observation(id, a, { derivedFrom }));
      expect(
        (await api.put(`/Observation/${id}`, observation(id, a, { derivedFrom, status: 'amended' }))).status,
      ).toBe(200);
    });

    it('[29] who still refers to a resource is not told to those who may not know it', async () => {
      const { a, put } = use();
      const own = freshId('own');
      await put(observation(own, a));
      const foreign = await foreignOne(use(), { derivedFrom: [{ reference: `Observation/${own}` }] });
      const refused = await api.remove(`/Observation/${own}`);
      expect(refused.status).toBe(409);
      expect(refused.text).toContain('another resource');
      expectNothingOf(use(), refused);
      await put(observation(foreign, use().b));
      expect((await api.remove(`/Observation/${own}`)).status).toBe(204);
    });

    it('[29] who may write but not read gets no text back that it did not send', async () => {
      const world = use();
      const id = freshId('own');
      await world.put(observation(id, world.a, { note: [{ text: 'not-for-the-blind' }] }));
      const blind = await world.app('patient/Observation.cu');
      const replies = [
        await blind.patch(
          `/Observation/${id}`,
          [{ op: 'replace', path: '/status', value: 'amended' }],
          AS_PATCH,
        ),
        await blind.patch(`/Observation/${id}`, [], AS_PATCH),
        await blind.post(
          '',
          bundle(
            'transaction',
            entry(
              'PATCH',
              `Observation/${id}`,
              {},
              {
                resourceType: 'Binary',
                contentType: 'application/json-patch+json',
                data: Buffer.from('[]').toString('base64'),
              },
            ),
          ),
          { prefer: 'return=representation' },
        ),
      ];
      for (const reply of replies) {
        expect(reply.status).toBe(200);
        expect(reply.text).not.toContain('not-for-the-blind');
      }
    });

    it('[29] content is kept for A by its security context, for B and for nobody it is not', async () => {
      const { a, b } = use();
      const send = (context?: string): Promise<Reply> =>
        api.send('POST', '/Binary', 'plain words', {
          'content-type': 'text/plain',
          prefer: 'return=minimal',
          ...(context !== undefined && { 'x-security-context': context }),
        });
      expect((await send(`Patient/${a}`)).status).toBe(201);
      expect((await send(`Patient/${b}`)).status).toBe(403);
      expect((await send()).status).toBe(403);
    });

    it('[42] what only the server says cannot be set by a client', async () => {
      const { a } = use();
      const text = JSON.stringify({
        ...without(observation('', a)),
        id: 'chosen-by-the-client',
        meta: { versionId: '99', lastUpdated: '1999-01-01T00:00:00Z', tag: [{ system: 'urn:x', code: 'y' }] },
      });
      const made = await api.post('/Observation', text);
      expect(made.status).toBe(201);
      expect(made.body.id).not.toBe('chosen-by-the-client');
      expect(made.body.meta.versionId).toBe('1');
      expect(made.body.meta.lastUpdated).not.toContain('1999');
      const polluted = text.replace('{', '{"__proto__":{"subject":{"reference":"Patient/x"}},');
      expect((await api.post('/Observation', polluted)).status).toBe(400);
    });
  });
}
