/** Idempotency-Key: what is sent twice is done once. https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header */
import { describe, expect, it } from '@jest/globals';
import { freshId, type Api, type Reply } from '../../support/api.ts';

const key = (): Record<string, string> => ({ 'idempotency-key': `"${freshId('key')}"` });
const isAgain = ({ headers }: Reply): boolean => headers.get('idempotency-replayed') === 'true';
const patient = (more: object = {}): object => ({ resourceType: 'Patient', ...more });

function bundle(type: string, name: string): object {
  return {
    resourceType: 'Bundle',
    type,
    entry: [
      { resource: patient({ name: [{ family: name }] }), request: { method: 'POST', url: 'Patient' } },
      { resource: patient({ name: [{ family: name }] }), request: { method: 'POST', url: 'Patient' } },
    ],
  };
}

export function onceContract(api: () => Api): void {
  const count = async (family: string): Promise<number> =>
    (await api().get(`/Patient?family=${family}&_summary=count`)).body.total as number;

  describe('create', () => {
    it('is answered again as it was, and makes nothing anew', async () => {
      const [headers, family] = [key(), freshId('Once')];
      const first = await api().post('/Patient', patient({ name: [{ family }] }), headers);
      const second = await api().post('/Patient', patient({ name: [{ family }] }), headers);
      expect([first.status, second.status]).toEqual([201, 201]);
      expect([isAgain(first), isAgain(second)]).toEqual([false, true]);
      expect(second.text).toBe(first.text);
      for (const name of ['location', 'etag', 'last-modified'])
        expect(second.headers.get(name)).toBe(first.headers.get(name));
      expect(await count(family)).toBe(1);
    });

    it('is answered with the version that it made, whatever became of the resource', async () => {
      const headers = key();
      const made = await api().post('/Patient', patient({ active: true }), headers);
      await api().put(`/Patient/${made.body.id}`, patient({ id: made.body.id, active: false }));
      expect((await api().post('/Patient', patient({ active: true }), headers)).text).toBe(made.text);
      await api().remove(`/Patient/${made.body.id}`);
      expect((await api().post('/Patient', patient({ active: true }), headers)).text).toBe(made.text);
    });

    it('of racers is done once, and all get its answer', async () => {
      const [headers, family] = [key(), freshId('Race')];
      const all = await Promise.all(
        Array.from({ length: 20 }, () => api().post('/Patient', patient({ name: [{ family }] }), headers)),
      );
      expect(new Set(all.map(({ status }) => status))).toEqual(new Set([201]));
      expect(new Set(all.map(({ body }) => body.id as string)).size).toBe(1);
      expect(all.filter((one) => !isAgain(one))).toHaveLength(1);
      expect(await count(family)).toBe(1);
    });

    it('with the key of another request is refused, and does nothing', async () => {
      const [headers, family] = [key(), freshId('Other')];
      await api().post('/Patient', patient(), headers);
      const other = await api().post('/Patient', patient({ name: [{ family }] }), headers);
      expect(other).toMatchObject({ status: 422, body: { resourceType: 'OperationOutcome' } });
      expect(other.body.issue[0].diagnostics).toContain('Idempotency-Key');
      const conditional = await api().post('/Patient', patient(), {
        ...headers,
        'if-none-exist': `family=${family}`,
      });
      expect(conditional.status).toBe(422);
      expect(await count(family)).toBe(0);
    });

    it('that was refused is judged anew', async () => {
      const headers = key();
      expect((await api().post('/Patient', '{"resourceType":"Patient","x":1}', headers)).status).toBe(400);
      expect((await api().post('/Patient', patient(), headers)).status).toBe(201);
    });

    it.each(['', '"', 'ä', 'x'.repeat(256), '"a"b"'])('refuses the key %p', async (bad) => {
      const sent = await api()
        .post('/Patient', patient(), { 'idempotency-key': bad })
        .catch(() => undefined);
      // Some of them no client can send.
      if (sent) expect(sent.status).toBe(400);
    });

    it('takes a key with or without quotes for the same', async () => {
      const one = freshId('bare');
      const made = await api().post('/Patient', patient(), { 'idempotency-key': one });
      const again = await api().post('/Patient', patient(), { 'idempotency-key': `"${one}"` });
      expect(again.body.id).toBe(made.body.id);
    });
  });

  describe('patch, update and delete', () => {
    it('are done once', async () => {
      const { id } = (await api().post('/Patient', patient({ multipleBirthInteger: 1 }))).body;
      const patch = [{ op: 'replace', path: '/multipleBirthInteger', value: 2 }];
      const headers = { ...key(), 'content-type': 'application/json-patch+json', 'if-match': 'W/"1"' };
      const first = await api().patch(`/Patient/${id}`, patch, headers);
      const second = await api().patch(`/Patient/${id}`, patch, headers);
      expect([first.status, second.status]).toEqual([200, 200]);
      expect([second.text, isAgain(second)]).toEqual([first.text, true]);
      const removal = key();
      for (let i = 0; i < 2; i++)
        expect((await api().remove(`/Patient/${id}`, removal)).headers.get('etag')).toBe('W/"3"');
    });
  });

  describe('transaction', () => {
    it('is answered again as it was', async () => {
      const [headers, family] = [key(), freshId('Whole')];
      const first = await api().post('/', bundle('transaction', family), headers);
      const second = await api().post('/', bundle('transaction', family), headers);
      expect([first.status, second.status, isAgain(second)]).toEqual([200, 200, true]);
      const entries = ({ body }: Reply): object[] => body.entry as object[];
      expect(entries(second)).toEqual(entries(first));
      expect(await count(family)).toBe(2);
    });
  });

  describe('batch', () => {
    it('does each entry once', async () => {
      const [headers, family] = [key(), freshId('Batch')];
      const first = await api().post('/', bundle('batch', family), headers);
      const second = await api().post('/', bundle('batch', family), headers);
      expect(second.body.entry).toEqual(first.body.entry);
      expect(await count(family)).toBe(2);
    });

    it('with the key of another one does nothing', async () => {
      const [headers, family] = [key(), freshId('Stray')];
      await api().post('/', bundle('batch', freshId('First')), headers);
      expect((await api().post('/', bundle('batch', family), headers)).status).toBe(422);
      expect(await count(family)).toBe(0);
    });
  });
}
