/**
 * What a policy hides, by every way of writing: it cannot be asked about by a condition, a test or a value, and is neither blanked nor overwritten.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/fhir/model/tree.ts';
import { freshId, type Api, type Reply } from '../../support/api.ts';
import { expectHidden, fresh, FRIEND, patient, PHONE, seen, startMasked, stored } from './masked.ts';
import { AS_PATCH, bundle, entriesOf, entry, observation, type World } from './world.ts';

export function hiddenWritingTests(use: () => World): void {
  describe('what a policy hides, in writes', () => {
    let api: Api;
    let [id, lab]: string[] = [];
    beforeAll(async () => {
      ({ id, lab, api } = await startMasked(use()));
    });

    it('cannot be asked about by a condition: create, update, patch and delete by one are refused', async () => {
      const criteria = `telecom=${encodeURIComponent(PHONE)}`;
      const { id: _id, ...body } = seen('x');
      const patch = [{ op: 'replace', path: '/gender', value: 'male' }];
      const replies = [
        await api.post('/Patient', body, { 'if-none-exist': criteria }),
        await api.put(`/Patient?${criteria}`, body),
        await api.patch(`/Patient?${criteria}`, patch, AS_PATCH),
        await api.remove(`/Patient?${criteria}`),
        await api.post('', bundle('transaction', entry('POST', 'Patient', { ifNoneExist: criteria }, body))),
        await api.post(
          '',
          bundle(
            'transaction',
            entry(
              'POST',
              'Observation',
              {},
              { ...observation('', ''), subject: { reference: `Patient?${criteria}` } },
            ),
          ),
        ),
      ];
      expect(replies.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400]);
      replies.forEach(expectHidden);
    });

    it('cannot be asked about by the test operations of a patch: they see what a read shows', async () => {
      const ask = (value: string): Promise<Reply> =>
        api.patch(`/Patient/${id}`, [{ op: 'test', path: '/telecom/0/value', value }], AS_PATCH);
      const [right, wrong] = [await ask(PHONE), await ask('1')];
      expect(right.status).toBe(wrong.status);
      expect(right.status).toBeGreaterThanOrEqual(400);
      expect(right.text.replaceAll(PHONE, '1')).toBe(wrong.text);
      const narrative = await api.patch(
        `/Patient/${id}`,
        [{ op: 'test', path: '/text/status', value: 'generated' }],
        AS_PATCH,
      );
      expect(narrative.status).toBe(right.status);
      const copied = await api.patch(
        `/Patient/${id}`,
        [{ op: 'copy', from: '/telecom/0/value', path: '/name/0/text' }],
        AS_PATCH,
      );
      expect(copied.status).toBeGreaterThanOrEqual(400);
      expect((await stored(use(), id!))['name']).toEqual([{ family: 'Maskelyne' }]);
    });

    it('stays as it is under a PUT and a PATCH of what is shown', async () => {
      const made = await fresh(use());
      const put = await api.put(`/Patient/${made}`, seen(made, { gender: 'male' }));
      expect(put.status).toBe(200);
      expectHidden(put);
      expect(await stored(use(), made)).toMatchObject({
        gender: 'male',
        telecom: [{ value: PHONE }],
        contact: [{ name: { family: FRIEND } }],
      });
      const patched = await api.patch(
        `/Patient/${made}`,
        [{ op: 'replace', path: '/gender', value: 'other' }],
        AS_PATCH,
      );
      expect(patched.status).toBe(200);
      expectHidden(patched);
      const after = await stored(use(), made);
      expect(after).toMatchObject({ gender: 'other', telecom: [{ value: PHONE }] });
      expect(JSON.stringify(after['meta'])).not.toContain('SUBSETTED');
    });

    it('is not blanked by sending back exactly what was read, which changes nothing', async () => {
      const made = await fresh(use(), { text: undefined as never });
      const { body } = await api.get(`/Patient/${made}`);
      const put = await api.put(`/Patient/${made}`, body as JsonObject);
      expect([put.status, put.body.meta.versionId]).toEqual([200, '1']);
      expect(await stored(use(), made)).toMatchObject({ telecom: [{ value: PHONE }] });
    });

    it('cannot be set, and whether the value was the right one is not told', async () => {
      const made = await fresh(use());
      const put = (value: string): Promise<Reply> =>
        api.put(`/Patient/${made}`, seen(made, { telecom: [{ system: 'phone', value }] }));
      const [right, wrong] = [await put(PHONE), await put('1')];
      expect([right.status, right.text.replaceAll(PHONE, '1')]).toEqual([403, wrong.text]);
      const { id: _id, ...body } = seen('x', { telecom: [{ value: '1' }] });
      expect((await api.post('/Patient', body)).status).toBe(403);
      const added = await api.patch(
        `/Patient/${made}`,
        [{ op: 'add', path: '/telecom', value: [] }],
        AS_PATCH,
      );
      expect(added.status).toBeGreaterThanOrEqual(400);
      expect(await stored(use(), made)).toMatchObject({ telecom: [{ value: PHONE }] });
    });

    it('an element of which a part is hidden cannot be changed, whether there is such a part or not', async () => {
      const organization = { display: 'Works' };
      const [made, bare] = [
        await fresh(use()),
        await fresh(use(), { contact: [{ gender: 'female', organization }] }),
      ];
      const change = (of: string): Promise<Reply> =>
        api.put(`/Patient/${of}`, seen(of, { contact: [{ gender: 'male', organization }] }));
      const [one, none] = [await change(made), await change(bare)];
      expect([one.status, one.text]).toEqual([403, none.text]);
      expect(await stored(use(), made)).toMatchObject({ contact: [{ name: { family: FRIEND } }] });
    });

    it('inside of a contained resource is not blanked', async () => {
      const made = freshId('holder');
      const { contact: _c, ...contained } = patient('p');
      await use().put({ ...observation(made, id!), contained: [contained], focus: [{ reference: '#p' }] });
      const { body } = await api.get(`/Observation/${made}`);
      const put = await api.put(`/Observation/${made}`, { ...(body as JsonObject), status: 'amended' });
      expect(put.status).toBe(200);
      expectHidden(put);
      expect(await stored(use(), made, 'Observation')).toMatchObject({
        status: 'amended',
        contained: [{ telecom: [{ value: PHONE }] }],
      });
      const without = await api.put(`/Observation/${made}`, observation(made, id!));
      expect(without.status).toBe(403);
    });

    it('is not told by $validate of what is stored', async () => {
      expectHidden(await api.get(`/Patient/${id}/$validate`));
      const reply = await api.get(`/Observation/${lab}/$validate`);
      expect(reply.status).toBe(200);
      expectHidden(reply);
    });

    it('is not told by the answer to a write, whatever representation is asked for', async () => {
      const made = await fresh(use());
      for (const wanted of ['representation', 'OperationOutcome', 'minimal'])
        expectHidden(
          await api.put(`/Patient/${made}`, seen(made, { active: wanted !== 'minimal' }), {
            prefer: `return=${wanted}`,
          }),
        );
      const reply = await api.post(
        '',
        bundle('transaction', entry('PUT', `Patient/${made}`, {}, seen(made, { gender: 'other' }))),
        { prefer: 'return=representation' },
      );
      expect(reply.status).toBe(200);
      expect(entriesOf(reply)[0]!.resource).toMatchObject({ gender: 'other' });
      expectHidden(reply);
    });
  });
}
