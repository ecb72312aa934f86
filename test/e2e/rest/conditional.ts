/** Conditional create, update, patch and delete, and races on them. https://hl7.org/fhir/R4/http.html#ccreate */
import { describe, expect, it } from '@jest/globals';
import { freshId, type Api } from '../../support/api.ts';

const SYSTEM = 'http://example.org/mrn';
const patient = (value: string, more: object = {}): object => ({
  resourceType: 'Patient',
  identifier: [{ system: SYSTEM, value }],
  ...more,
});
const by = (value: string): string => `identifier=${SYSTEM}|${value}`;

export function conditionalContract(api: () => Api): void {
  it('creates on no match, finds one match, refuses several', async () => {
    const mrn = freshId();
    const first = await api().post('/Patient', patient(mrn), { 'if-none-exist': by(mrn) });
    expect(first.status).toBe(201);
    const second = await api().post('/Patient', patient(mrn), { 'if-none-exist': by(mrn) });
    expect([second.status, second.body.id]).toEqual([200, first.body.id]);
    await api().post('/Patient', patient(mrn));
    expect((await api().post('/Patient', patient(mrn), { 'if-none-exist': by(mrn) })).status).toBe(412);
  });

  it('updates one match, creates on none, minds the id', async () => {
    const mrn = freshId();
    const made = await api().put(`/Patient?${by(mrn)}`, patient(mrn));
    expect(made.status).toBe(201);
    const { id } = made.body;
    const changed = await api().put(`/Patient?${by(mrn)}`, patient(mrn, { active: true }));
    expect([changed.status, changed.body.id, changed.body.meta.versionId]).toEqual([200, id, '2']);
    expect((await api().put(`/Patient?${by(mrn)}`, patient(mrn, { id: 'other' }))).status).toBe(400);
    const own = freshId();
    const fresh = await api().put(`/Patient?${by(own)}`, patient(own, { id: own }));
    expect([fresh.status, fresh.body.id]).toEqual([201, own]);
    await api().post('/Patient', patient(mrn));
    expect((await api().put(`/Patient?${by(mrn)}`, patient(mrn))).status).toBe(412);
  });

  it('patches one match and deletes all matches', async () => {
    const mrn = freshId();
    const json = { 'content-type': 'application/json-patch+json' };
    const op = [{ op: 'add', path: '/active', value: true }];
    expect((await api().patch(`/Patient?${by(mrn)}`, op, json)).status).toBe(404);
    const one = await api().post('/Patient', patient(mrn));
    expect((await api().patch(`/Patient?${by(mrn)}`, op, json)).body.active).toBe(true);
    const two = await api().post('/Patient', patient(mrn));
    expect((await api().patch(`/Patient?${by(mrn)}`, op, json)).status).toBe(412);
    expect((await api().remove(`/Patient?${by(mrn)}`)).status).toBe(204);
    expect((await api().get(`/Patient/${one.body.id}`)).status).toBe(410);
    expect((await api().get(`/Patient/${two.body.id}`)).status).toBe(410);
    expect((await api().remove(`/Patient?${by(mrn)}`)).status).toBe(204);
  });

  it('refuses a condition that selects nothing in particular', async () => {
    expect((await api().remove('/Patient')).status).toBe(412);
    expect((await api().remove('/Patient?nam=x')).status).toBe(400);
    expect((await api().post('/Patient', patient('x'), { 'if-none-exist': 'nonsense=1' })).status).toBe(400);
  });

  describe('races', () => {
    it('of 100 conditional creates make one resource', async () => {
      const mrn = freshId();
      const replies = await Promise.all(
        Array.from({ length: 100 }, () => api().post('/Patient', patient(mrn), { 'if-none-exist': by(mrn) })),
      );
      expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(replies.filter(({ status }) => status === 200)).toHaveLength(99);
      expect((await api().get(`/Patient?${by(mrn)}&_summary=count`)).body.total).toBe(1);
    });

    it('of 100 conditional updates make one resource', async () => {
      const mrn = freshId();
      const replies = await Promise.all(
        Array.from({ length: 100 }, (_, n) =>
          api().put(`/Patient?${by(mrn)}`, patient(mrn, { multipleBirthInteger: n })),
        ),
      );
      expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(new Set(replies.map(({ body }) => body.id)).size).toBe(1);
    });

    it('of 100 updates with one If-Match have one winner', async () => {
      const made = await api().post('/Patient', patient(freshId()));
      const { id } = made.body;
      const replies = await Promise.all(
        Array.from({ length: 100 }, (_, n) =>
          api().put(
            `/Patient/${id}`,
            { resourceType: 'Patient', id, multipleBirthInteger: n },
            { 'if-match': 'W/"1"' },
          ),
        ),
      );
      const statuses = replies.map(({ status }) => status).sort();
      expect(statuses.filter((one) => one === 200)).toHaveLength(1);
      expect(statuses.filter((one) => one === 412)).toHaveLength(99);
    });

    it('of plain updates stand in history in the order of their versions', async () => {
      const id = freshId();
      await Promise.all(
        Array.from({ length: 30 }, (_, n) =>
          api().put(`/Patient/${id}`, { resourceType: 'Patient', id, multipleBirthInteger: n }),
        ),
      );
      const history = await api().get(`/Patient/${id}/_history?_count=100`);
      const etags = history.body.entry.map((one: { response: { etag: string } }) => one.response.etag);
      expect(etags).toEqual(Array.from({ length: 30 }, (_, n) => `W/"${30 - n}"`));
      const times = history.body.entry.map(
        (one: { response: { lastModified: string } }) => one.response.lastModified,
      );
      expect(times).toEqual([...times].sort().reverse());
    });
  });
}
