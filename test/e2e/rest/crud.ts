/** read, vread, create, update, delete, history and their headers, held against https://hl7.org/fhir/R4/http.html. */
import { describe, expect, it } from '@jest/globals';
import { freshId, type Api } from '../../support/api.ts';

export function crudContract(api: () => Api): void {
  describe('create', () => {
    it('answers 201 with Location, ETag, Last-Modified and the representation', async () => {
      const made = await api().post('/Patient', { resourceType: 'Patient', id: 'ignored', active: true });
      expect(made.status).toBe(201);
      expect(made.headers.get('etag')).toBe('W/"1"');
      expect(made.headers.get('location')).toBe(
        `${api().base.replace('127.0.0.1', 'localhost')}/Patient/${made.body.id}/_history/1`,
      );
      expect(Date.parse(made.headers.get('last-modified')!)).not.toBeNaN();
      expect(made.body.id).not.toBe('ignored');
      expect(made.body.meta.versionId).toBe('1');
      expect(made.body.meta.lastUpdated).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    });

    it.each([
      ['return=minimal', ''],
      ['return=OperationOutcome', 'OperationOutcome'],
      ['return=representation', 'Patient'],
    ])('honours Prefer: %s', async (prefer, type) => {
      const made = await api().post('/Patient', { resourceType: 'Patient' }, { prefer });
      expect(made.status).toBe(201);
      expect(made.headers.get('location')).toContain('/_history/1');
      expect(made.body?.resourceType ?? '').toBe(type);
    });

    it('keeps decimals, property order, escapes and unknown extensions byte for byte', async () => {
      const sent =
        '{"status":"final","resourceType":"Observation","extension":[{"url":"http://example.org/x","valueDecimal":1.50}],' +
        '"code":{"text":"é\\n\\"q\\""},"valueQuantity":{"value":1e2,"unit":"kg"},"component":[{"code":{"text":"c"},"valueQuantity":{"value":0.00000000000000000001000}}]}';
      const made = await api().post('/Observation', sent);
      expect(made.status).toBe(201);
      const read = await api().get(`/Observation/${made.body.id}`);
      const ours = new RegExp(`"id":"${made.body.id}","meta":\\{"versionId":"1","lastUpdated":"[^"]+"\\},`);
      expect(read.text.replace(ours, '')).toBe(sent);
    });

    it('keeps what the client says in meta beside ours', async () => {
      const tag = [{ system: 'http://example.org/tags', code: 'a' }];
      const made = await api().post('/Patient', {
        resourceType: 'Patient',
        meta: { versionId: '77', lastUpdated: '1999-01-01T00:00:00Z', tag },
      });
      expect(made.body.meta).toEqual({ versionId: '1', lastUpdated: made.body.meta.lastUpdated, tag });
      expect(made.body.meta.lastUpdated).not.toContain('1999');
    });
  });

  describe('read', () => {
    it('gives 404 for what never was and 410 for what was deleted', async () => {
      const id = freshId();
      expect((await api().get(`/Patient/${id}`)).status).toBe(404);
      await api().put(`/Patient/${id}`, { resourceType: 'Patient', id });
      expect((await api().remove(`/Patient/${id}`)).status).toBe(204);
      const gone = await api().get(`/Patient/${id}`);
      expect(gone.status).toBe(410);
      expect(gone.body.issue[0].code).toBe('deleted');
    });

    it('answers 304 to If-None-Match and If-Modified-Since', async () => {
      const made = await api().post('/Patient', { resourceType: 'Patient' });
      const path = `/Patient/${made.body.id}`;
      const same = await api().get(path, { 'if-none-match': 'W/"1"' });
      expect([same.status, same.text, same.headers.get('etag')]).toEqual([304, '', 'W/"1"']);
      expect((await api().get(path, { 'if-none-match': 'W/"2"' })).status).toBe(200);
      expect(
        (await api().get(path, { 'if-modified-since': new Date(Date.now() + 5000).toUTCString() })).status,
      ).toBe(304);
      expect((await api().get(path, { 'if-modified-since': new Date(0).toUTCString() })).status).toBe(200);
    });

    it('answers HEAD with the headers of GET and no body', async () => {
      const made = await api().post('/Patient', { resourceType: 'Patient' });
      const [head, get] = [
        await api().send('HEAD', `/Patient/${made.body.id}`),
        await api().get(`/Patient/${made.body.id}`),
      ];
      expect([head.status, head.text]).toEqual([200, '']);
      expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(get.text)));
      expect(head.headers.get('etag')).toBe(get.headers.get('etag'));
    });

    it('gives each version, and 404 for one that is not there', async () => {
      const made = await api().post('/Patient', { resourceType: 'Patient', gender: 'male' });
      const path = `/Patient/${made.body.id}`;
      await api().put(path, { resourceType: 'Patient', id: made.body.id, gender: 'female' });
      await api().remove(path);
      expect((await api().get(`${path}/_history/1`)).body.gender).toBe('male');
      expect((await api().get(`${path}/_history/2`)).body.gender).toBe('female');
      expect((await api().get(`${path}/_history/3`)).status).toBe(410);
      expect((await api().get(`${path}/_history/4`)).status).toBe(404);
      expect((await api().get(`${path}/_history/x`)).status).toBe(404);
    });
  });

  describe('update', () => {
    it('creates under the client id with 201, then updates with 200', async () => {
      const id = freshId();
      const first = await api().put(`/Patient/${id}`, { resourceType: 'Patient', id });
      expect([first.status, first.headers.get('etag')]).toEqual([201, 'W/"1"']);
      const second = await api().put(`/Patient/${id}`, { resourceType: 'Patient', id, active: true });
      expect([second.status, second.headers.get('etag'), second.body.meta.versionId]).toEqual([
        200,
        'W/"2"',
        '2',
      ]);
    });

    it('makes no new version when nothing changes', async () => {
      const id = freshId();
      const sent = `{"resourceType":"Observation","id":"${id}","status":"final","code":{"text":"x"},"valueQuantity":{"value":2.0}}`;
      await api().put(`/Observation/${id}`, sent);
      expect((await api().put(`/Observation/${id}`, sent)).headers.get('etag')).toBe('W/"1"');
      expect((await api().put(`/Observation/${id}`, sent.replace('2.0', '2.00'))).headers.get('etag')).toBe(
        'W/"2"',
      );
    });

    it('takes If-Match and answers 412 to a stale one', async () => {
      const id = freshId();
      const path = `/Patient/${id}`;
      const body = { resourceType: 'Patient', id };
      expect((await api().put(path, body, { 'if-match': 'W/"1"' })).status).toBe(412);
      expect((await api().put(path, body, { 'if-match': '*' })).status).toBe(412);
      await api().put(path, body);
      expect((await api().put(path, { ...body, active: true }, { 'if-match': 'W/"1"' })).status).toBe(200);
      expect((await api().put(path, { ...body, active: false }, { 'if-match': 'W/"1"' })).status).toBe(412);
      expect((await api().remove(path, { 'if-match': 'W/"1"' })).status).toBe(412);
      expect((await api().remove(path, { 'if-match': '"2"' })).status).toBe(204);
    });

    it('brings a deleted resource back as a new version with 201', async () => {
      const id = freshId();
      await api().put(`/Patient/${id}`, { resourceType: 'Patient', id });
      await api().remove(`/Patient/${id}`);
      const again = await api().put(`/Patient/${id}`, { resourceType: 'Patient', id });
      expect([again.status, again.headers.get('etag')]).toEqual([201, 'W/"3"']);
    });
  });

  describe('delete', () => {
    it('is idempotent', async () => {
      const id = freshId();
      expect((await api().remove(`/Patient/${id}`)).status).toBe(204);
      await api().put(`/Patient/${id}`, { resourceType: 'Patient', id });
      const first = await api().remove(`/Patient/${id}`);
      expect([first.status, first.headers.get('etag')]).toEqual([204, 'W/"2"']);
      expect((await api().remove(`/Patient/${id}`)).headers.get('etag')).toBe('W/"2"');
    });
  });

  describe('history', () => {
    it('tells method, url, status and etag of each version, newest first', async () => {
      const id = freshId();
      const path = `/Patient/${id}`;
      await api().put(path, { resourceType: 'Patient', id });
      await api().patch(path, [{ op: 'add', path: '/active', value: true }], {
        'content-type': 'application/json-patch+json',
      });
      await api().remove(path);
      await api().put(path, { resourceType: 'Patient', id });
      const history = await api().get(`${path}/_history`);
      expect(history.body.type).toBe('history');
      const rows = history.body.entry.map(
        (one: { request: { method: string; url: string }; response: { status: string; etag: string } }) => [
          one.request.method,
          one.request.url,
          one.response.status.slice(0, 3),
          one.response.etag,
        ],
      );
      expect(rows).toEqual([
        ['PUT', `Patient/${id}`, '201', 'W/"4"'],
        ['DELETE', `Patient/${id}`, '204', 'W/"3"'],
        ['PATCH', `Patient/${id}`, '200', 'W/"2"'],
        ['PUT', `Patient/${id}`, '201', 'W/"1"'],
      ]);
      expect(history.body.entry[1].resource).toBeUndefined();
    });

    it('pages through every version once', async () => {
      const id = freshId();
      for (let n = 1; n <= 7; n++)
        await api().put(`/Basic/${id}`, { resourceType: 'Basic', id, code: { text: String(n) } });
      const seen: string[] = [];
      let url: string | undefined = `/Basic/${id}/_history?_count=3`;
      while (url) {
        const page = await api().get(url);
        seen.push(...page.body.entry.map((one: { response: { etag: string } }) => one.response.etag));
        url = page.body.link.find((one: { relation: string }) => one.relation === 'next')?.url;
      }
      expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1].map((n) => `W/"${n}"`));
    });

    it('filters by _since and _at, at type and system level too', async () => {
      const id = freshId();
      const first = await api().put(`/Basic/${id}`, { resourceType: 'Basic', id, code: { text: '1' } });
      await new Promise((resolve) => setTimeout(resolve, 15));
      const second = await api().put(`/Basic/${id}`, { resourceType: 'Basic', id, code: { text: '2' } });
      const [early, late] = [first.body.meta.lastUpdated, second.body.meta.lastUpdated];
      const etags = async (query: string): Promise<string[]> =>
        ((await api().get(query)).body.entry ?? [])
          .filter((one: { fullUrl: string }) => one.fullUrl.endsWith(id))
          .map((one: { response: { etag: string } }) => one.response.etag);
      expect(await etags(`/Basic/${id}/_history?_since=${late}`)).toEqual(['W/"2"']);
      expect(await etags(`/Basic/${id}/_history?_at=${early}`)).toEqual(['W/"1"']);
      expect(await etags(`/Basic/_history?_since=${early}`)).toEqual(['W/"2"', 'W/"1"']);
      expect(await etags(`/_history?_since=${late}`)).toEqual(['W/"2"']);
    });

    it('is 404 for a resource that never was, and refuses what it does not know', async () => {
      expect((await api().get(`/Patient/${freshId()}/_history`)).status).toBe(404);
      expect((await api().get('/Patient/_history?_sinse=2020')).status).toBe(400);
      expect((await api().get('/Patient/_history?_since=yesterday')).status).toBe(400);
    });
  });
}
