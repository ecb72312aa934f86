/** transaction. https://hl7.org/fhir/R4/http.html#transaction */
import { describe, expect, it } from '@jest/globals';
import { freshId, type Api, type Reply } from '../../support/api.ts';
import { put, statuses, type Entry } from './entries.ts';

const SYSTEM = 'http://example.org/mrn';
const transaction = (...entry: Entry[]): object => ({ resourceType: 'Bundle', type: 'transaction', entry });
const post = (
  fullUrl: string | undefined,
  resource: { resourceType: string; [name: string]: unknown },
  more: object = {},
): Entry => ({
  fullUrl,
  resource,
  request: { method: 'POST', url: resource.resourceType, ...more },
});
const location = (reply: Reply, i: number): string =>
  reply.body.entry[i].response.location.replace(/\/_history.*/, '');
const observation = (subject: string, more: object = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  subject: { reference: subject },
  ...more,
});

export function transactionContract(api: () => Api): void {
  describe('transaction', () => {
    it('resolves urn:uuid references everywhere, also in circles, extensions, uris and narrative', async () => {
      const [a, b] = [
        'urn:uuid:00000000-0000-4000-8000-00000000000a',
        'urn:uuid:00000000-0000-4000-8000-00000000000b',
      ];
      const reply = await api().post(
        '',
        transaction(
          post(a, {
            resourceType: 'Patient',
            text: {
              status: 'generated',
              div: `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${b}">see</a> <p>${b}</p></div>`,
            },
            extension: [
              { url: 'http://example.org/ref', valueReference: { reference: b } },
              { url: 'http://example.org/uri', valueUri: b },
              { url: 'http://example.org/text', valueString: b },
              { url: 'http://example.org/canonical', valueCanonical: b },
            ],
            link: [{ other: { reference: a }, type: 'seealso' }],
          }),
          post(b, observation(a)),
        ),
      );
      expect(statuses(reply)).toEqual(['201', '201']);
      const [patient, observed] = [location(reply, 0), location(reply, 1)];
      const read = (await api().get(`/${patient}`)).body;
      expect(read.text.div).toContain(`href="${observed}"`);
      expect(read.text.div).toContain(`<p>${b}</p>`);
      expect(read.extension[0].valueReference.reference).toBe(observed);
      expect(read.extension[1].valueUri).toBe(observed);
      expect(read.extension[2].valueString).toBe(b);
      expect(read.extension[3].valueCanonical).toBe(b);
      expect(read.link[0].other.reference).toBe(patient);
      expect((await api().get(`/${observed}`)).body.subject.reference).toBe(patient);
    });

    it('matches references by the full URL only, never by Type/id alone', async () => {
      const id = freshId();
      await api().put(`/Patient/${id}`, { resourceType: 'Patient', id });
      const reply = await api().post(
        '',
        transaction(
          post(`http://a.example/fhir/Patient/${id}`, { resourceType: 'Patient' }),
          post('http://a.example/fhir/Observation/1', observation(`Patient/${id}`)),
          post('http://b.example/fhir/Observation/1', observation(`Patient/${id}`)),
          post(undefined, observation(`Patient/${id}`)),
          post('http://b.example/fhir/Observation/2', observation(`http://other.example/fhir/Patient/${id}`)),
        ),
      );
      const subject = async (i: number): Promise<string> =>
        (await api().get(`/${location(reply, i)}`)).body.subject.reference;
      expect(await subject(1)).toBe(location(reply, 0));
      expect(await subject(2)).toBe(`Patient/${id}`);
      expect(await subject(3)).toBe(`Patient/${id}`);
      expect(await subject(4)).toBe(`http://other.example/fhir/Patient/${id}`);
    });

    it('resolves conditional references, to the store and to its own entries', async () => {
      const mrn = freshId();
      const stored = await api().post('/Patient', {
        resourceType: 'Patient',
        identifier: [{ system: SYSTEM, value: mrn }],
      });
      const own = freshId();
      const reply = await api().post(
        '',
        transaction(
          post(undefined, observation(`Patient?identifier=${SYSTEM}|${mrn}`)),
          post(undefined, { resourceType: 'Patient', identifier: [{ system: SYSTEM, value: own }] }),
          post(undefined, observation(`Patient?identifier=${SYSTEM}|${own}`)),
        ),
      );
      expect((await api().get(`/${location(reply, 0)}`)).body.subject.reference).toBe(
        `Patient/${stored.body.id}`,
      );
      expect((await api().get(`/${location(reply, 2)}`)).body.subject.reference).toBe(location(reply, 1));
      const none = await api().post(
        '',
        transaction(post(undefined, observation(`Patient?identifier=${freshId()}`))),
      );
      expect(none.status).toBe(412);
      expect(none.body.issue[0].diagnostics).toContain('Bundle.entry[0]');
    });

    it('does all or nothing, and names the entry that fails', async () => {
      const id = freshId();
      const reply = await api().post(
        '',
        transaction(
          put({ resourceType: 'Patient', id }),
          post(undefined, observation('Patient/nobody-at-all')),
        ),
      );
      expect(reply.status).toBe(422);
      expect(reply.body.issue[0].diagnostics).toContain('Bundle.entry[1]');
      expect((await api().get(`/Patient/${id}`)).status).toBe(404);
    });

    it('does nothing when the last of many entries is invalid', async () => {
      const ids = Array.from({ length: 50 }, () => freshId());
      const entries = ids.map((id) => put({ resourceType: 'Patient', id }));
      const reply = await api().post(
        '',
        transaction(...entries, put({ resourceType: 'Patient', id: freshId(), gendre: 'male' })),
      );
      expect(reply.status).toBe(400);
      expect(reply.body.issue[0].expression[0]).toBe('Bundle.entry[50].resource');
      expect((await api().get(`/Patient?_id=${ids.join(',')}&_summary=count`)).body.total).toBe(0);
    });

    it('refuses entries about one resource, also when only a condition reveals it', async () => {
      const id = freshId();
      expect(
        (
          await api().post(
            '',
            transaction(
              put({ resourceType: 'Patient', id }),
              put({ resourceType: 'Patient', id, active: true }),
            ),
          )
        ).status,
      ).toBe(400);
      const mrn = freshId();
      await api().put(`/Patient/${id}`, {
        resourceType: 'Patient',
        id,
        identifier: [{ system: SYSTEM, value: mrn }],
      });
      const hidden = await api().post(
        '',
        transaction(put({ resourceType: 'Patient', id, active: true }), {
          request: { method: 'DELETE', url: `Patient?identifier=${SYSTEM}|${mrn}` },
        }),
      );
      expect(hidden.status).toBe(400);
      const fresh = freshId();
      const twin = { resourceType: 'Patient', identifier: [{ system: SYSTEM, value: fresh }] };
      const twins = await api().post(
        '',
        transaction(
          post('urn:uuid:00000000-0000-4000-8000-0000000000c1', twin, {
            ifNoneExist: `identifier=${SYSTEM}|${fresh}`,
          }),
          post('urn:uuid:00000000-0000-4000-8000-0000000000c2', twin, {
            ifNoneExist: `identifier=${SYSTEM}|${fresh}`,
          }),
        ),
      );
      expect(twins.status).toBe(400);
    });

    it('uses what a conditional create finds', async () => {
      const mrn = freshId();
      const stored = await api().post('/Patient', {
        resourceType: 'Patient',
        identifier: [{ system: SYSTEM, value: mrn }],
      });
      const urn = 'urn:uuid:00000000-0000-4000-8000-0000000000d1';
      const reply = await api().post(
        '',
        transaction(
          post(
            urn,
            { resourceType: 'Patient', identifier: [{ system: SYSTEM, value: mrn }] },
            { ifNoneExist: `identifier=${SYSTEM}|${mrn}` },
          ),
          post(undefined, observation(urn)),
        ),
      );
      expect(statuses(reply)).toEqual(['200', '201']);
      expect((await api().get(`/${location(reply, 1)}`)).body.subject.reference).toBe(
        `Patient/${stored.body.id}`,
      );
    });

    it('deletes what refers to each other in one go, and refuses to leave a dangling reference', async () => {
      const [patient, observed] = [freshId(), freshId()];
      await api().post(
        '',
        transaction(
          put({ resourceType: 'Patient', id: patient }),
          put({ ...observation(`Patient/${patient}`), id: observed }),
        ),
      );
      const refused = await api().remove(`/Patient/${patient}`);
      expect(refused.status).toBe(409);
      expect(refused.body.issue[0].diagnostics).toContain(`Observation/${observed}`);
      const both = await api().post(
        '',
        transaction(
          { request: { method: 'DELETE', url: `Patient/${patient}` } },
          { request: { method: 'DELETE', url: `Observation/${observed}` } },
        ),
      );
      expect(statuses(both)).toEqual(['204', '204']);
    });

    it('refuses a delete beside a new reference to the deleted', async () => {
      const patient = freshId();
      await api().put(`/Patient/${patient}`, { resourceType: 'Patient', id: patient });
      const reply = await api().post(
        '',
        transaction(
          { request: { method: 'DELETE', url: `Patient/${patient}` } },
          post(undefined, observation(`Patient/${patient}`)),
        ),
      );
      expect([409, 422]).toContain(reply.status);
      expect((await api().get(`/Patient/${patient}`)).status).toBe(200);
    });

    it('mixes reads, writes and patches, and answers in the order of the entries', async () => {
      const [a, b] = [freshId(), freshId()];
      await api().put(`/Patient/${a}`, { resourceType: 'Patient', id: a });
      const reply = await api().post(
        '',
        transaction(
          { request: { method: 'GET', url: `Patient/${a}` } },
          put({ resourceType: 'Patient', id: b }),
          {
            resource: {
              resourceType: 'Parameters',
              parameter: [
                {
                  name: 'operation',
                  part: [
                    { name: 'type', valueCode: 'add' },
                    { name: 'path', valueString: 'Patient' },
                    { name: 'name', valueString: 'active' },
                    { name: 'value', valueBoolean: true },
                  ],
                },
              ],
            },
            request: { method: 'PATCH', url: `Patient/${a}` },
          },
          { request: { method: 'GET', url: `Patient?_id=${b}` } },
        ),
      );
      expect(statuses(reply)).toEqual(['200', '201', '200', '200']);
      expect(reply.body.entry[0].resource.active).toBe(true);
      expect(reply.body.entry[3].resource.entry).toHaveLength(1);
    });

    it('fails as a whole when a read in it finds nothing or an If-Match is stale', async () => {
      const id = freshId();
      const missing = await api().post(
        '',
        transaction(put({ resourceType: 'Patient', id }), {
          request: { method: 'GET', url: `Patient/${freshId()}` },
        }),
      );
      expect(missing.status).toBe(404);
      expect((await api().get(`/Patient/${id}`)).status).toBe(404);
      const stale = await api().post(
        '',
        transaction(put({ resourceType: 'Patient', id }), {
          resource: { resourceType: 'Patient', id: 'x' },
          request: { method: 'PUT', url: 'Patient/x', ifMatch: 'W/"9"' },
        }),
      );
      expect(stale.status).toBe(412);
      expect((await api().get(`/Patient/${id}`)).status).toBe(404);
    });

    it('takes 5,000 entries', async () => {
      const marker = freshId();
      const urn = (n: number): string => `urn:uuid:00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
      const entries = Array.from({ length: 5000 }, (_, n) =>
        n === 0
          ? post(urn(0), { resourceType: 'Patient', identifier: [{ system: SYSTEM, value: marker }] })
          : post(urn(n), observation(urn(0), { identifier: [{ system: SYSTEM, value: marker }] })),
      );
      const reply = await api().post('', transaction(...entries));
      expect(reply.status).toBe(200);
      expect(reply.body.entry).toHaveLength(5000);
      expect((await api().get(`/Observation?identifier=${SYSTEM}|${marker}&_summary=count`)).body.total).toBe(
        4999,
      );
    }, 60_000);
  });
}
