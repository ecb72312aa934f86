/** Formats, encodings, headers, and bad input: each a clear 4xx and nothing stored. https://hl7.org/fhir/R4/http.html#mime-type */
import { gzipSync } from 'node:zlib';
import { request } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { FHIR_JSON, freshId, type Api } from '../../support/api.ts';

export function formatContract(api: () => Api): void {
  describe('formats', () => {
    it('speaks XML both ways', async () => {
      const xml =
        '<Patient xmlns="http://hl7.org/fhir"><active value="true"/><name><family value="Ä&amp;B"/></name></Patient>';
      const made = await api().post('/Patient', xml, {
        'content-type': 'application/fhir+xml',
        accept: 'application/fhir+xml',
      });
      expect([made.status, made.headers.get('content-type')]).toEqual([
        201,
        'application/fhir+xml; charset=utf-8',
      ]);
      expect(made.text).toContain('<family value="Ä&amp;B"/>');
      const id = made.headers.get('location')!.split('/').at(-3)!;
      expect((await api().get(`/Patient/${id}`)).body.name[0].family).toBe('Ä&B');
      expect((await api().get(`/Patient/${id}?_format=xml`)).text).toContain(
        '<Patient xmlns="http://hl7.org/fhir">',
      );
      expect((await api().get(`/Patient?_id=${id}&_format=application/fhir%2Bxml`)).text).toContain(
        '<Bundle',
      );
    });

    it('pretty-prints on demand', async () => {
      const made = await api().post('/Patient', { resourceType: 'Patient' });
      expect((await api().get(`/Patient/${made.body.id}?_pretty=true`)).text).toContain('\n  "id"');
    });

    it.each([
      [undefined, 'application/fhir+json; charset=utf-8'],
      ['*/*', 'application/fhir+json; charset=utf-8'],
      ['application/json', 'application/json; charset=utf-8'],
      ['text/html,application/xml;q=0.9,*/*;q=0.8', 'application/xml; charset=utf-8'],
      ['application/fhir+xml;q=0.5, application/fhir+json', 'application/fhir+json; charset=utf-8'],
    ])('Accept %s gives %s', async (accept, type) => {
      const reply = await api().get('/metadata', accept === undefined ? {} : { accept });
      expect([reply.status, reply.headers.get('content-type')]).toEqual([200, type]);
    });

    it('answers 406 and 415 with what would be right', async () => {
      const unacceptable = await api().get('/metadata', { accept: 'text/turtle' });
      expect([unacceptable.status, unacceptable.body.issue[0].diagnostics]).toEqual([
        406,
        expect.stringContaining('application/fhir+json'),
      ]);
      const unsupported = await api().post('/Patient', 'name=x', { 'content-type': 'text/plain' });
      expect([unsupported.status, unsupported.body.issue[0].diagnostics]).toEqual([
        415,
        expect.stringContaining('application/fhir+json'),
      ]);
      expect((await api().get('/metadata?_format=turtle')).status).toBe(406);
      expect(
        (await api().post('/Patient', '{}', { 'content-type': 'application/fhir+json; charset=latin1' }))
          .status,
      ).toBe(415);
    });

    it('takes and gives compressed bodies', async () => {
      const body = gzipSync(JSON.stringify({ resourceType: 'Patient', name: [{ family: 'Zip' }] }));
      const made = await api().send('POST', '/Patient', body, {
        'content-type': FHIR_JSON,
        'content-encoding': 'gzip',
      });
      expect([made.status, made.body.name[0].family]).toEqual([201, 'Zip']);
      for (const encoding of ['gzip', 'br']) {
        const reply = await api().get('/metadata', { 'accept-encoding': encoding });
        expect([reply.headers.get('content-encoding'), reply.body.resourceType]).toEqual([
          encoding,
          'CapabilityStatement',
        ]);
      }
      const broken = await api().send('POST', '/Patient', Buffer.from('nonsense'), {
        'content-type': FHIR_JSON,
        'content-encoding': 'gzip',
      });
      expect(broken.status).toBe(400);
    });

    it('echoes a request id, and answers browsers of other origins', async () => {
      expect((await api().get('/metadata', { 'x-request-id': 'abc-123' })).headers.get('x-request-id')).toBe(
        'abc-123',
      );
      expect((await api().get('/metadata')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      const cors = await api().get('/metadata', { origin: 'https://app.example' });
      expect(cors.headers.get('access-control-allow-origin')).toBe('https://app.example');
      expect(cors.headers.get('access-control-expose-headers')).toContain('ETag');
      const preflight = await api().send('OPTIONS', '/Patient', undefined, {
        origin: 'https://app.example',
        'access-control-request-method': 'PUT',
      });
      expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([
        204,
        expect.stringContaining('PUT'),
      ]);
    });

    it('claims what it does in all three modes', async () => {
      expect((await api().get('/metadata')).body.resourceType).toBe('CapabilityStatement');
      expect((await api().get('/metadata?mode=normative')).body.resourceType).toBe('CapabilityStatement');
      expect((await api().get('/metadata?mode=terminology')).body.resourceType).toBe(
        'TerminologyCapabilities',
      );
      expect((await api().get('/metadata?mode=x')).status).toBe(400);
    });
  });

  describe('Binary', () => {
    it('takes content as it is and gives it back so, or as a resource on demand', async () => {
      const bytes = Buffer.from([0, 255, 1, 254]);
      const made = await api().send('POST', '/Binary', bytes, { 'content-type': 'image/png' });
      expect(made.status).toBe(201);
      const id = made.headers.get('location')!.split('/').at(-3)!;
      const raw = await fetch(`${api().base}/Binary/${id}`);
      expect([raw.status, raw.headers.get('content-type'), raw.headers.get('content-disposition')]).toEqual([
        200,
        'image/png',
        'attachment',
      ]);
      expect(Buffer.from(await raw.arrayBuffer())).toEqual(bytes);
      const resource = await api().get(`/Binary/${id}`, { accept: FHIR_JSON });
      expect(resource.body).toMatchObject({
        resourceType: 'Binary',
        contentType: 'image/png',
        data: bytes.toString('base64'),
      });
      const put = await api().send('PUT', `/Binary/${id}`, Buffer.from('plain'), {
        'content-type': 'text/plain',
      });
      expect(put.status).toBe(200);
      expect((await api().get(`/Binary/${id}`)).text).toBe('plain');
      expect((await api().get(`/Binary/${freshId()}`)).body.resourceType).toBe('OperationOutcome');
    });
  });

  it('answers 404 with an outcome where there is no tenant', async () => {
    const reply = await api().get(`${api().base.replace('/fhir', '/t/nowhere/fhir')}/Patient`);
    expect([reply.status, reply.body.resourceType]).toEqual([404, 'OperationOutcome']);
  });

  describe('bad input', () => {
    const deep = (depth: number): string =>
      `{"resourceType":"Basic","extension":${'[{"extension":'.repeat(depth)}[]${'}]'.repeat(depth)}}`;
    it.each([
      ['truncated JSON', '{"resourceType":"Patient","name":[{"fam', /line 1/],
      ['a duplicate key', '{"resourceType":"Patient","active":true,"active":false}', /active/],
      ['depth 10,000', deep(10_000), /depth|nest|deep/i],
      ['__proto__', '{"resourceType":"Patient","__proto__":{"active":true}}', /__proto__/],
      [
        'the wrong resourceType',
        '{"resourceType":"Observation","status":"final","code":{"text":"x"}}',
        /Observation.*Patient/,
      ],
      ['an unknown resourceType', '{"resourceType":"Patiend"}', /Patient/],
      ['no resourceType', '{"active":true}', /resourceType/],
      ['an array', '[]', /object/],
      ['a NUL escape', '{"resourceType":"Patient","name":[{"family":"a\\u0000b"}]}', /NUL|U\+0000|control/i],
      ['a lone surrogate', '{"resourceType":"Patient","name":[{"family":"\\ud800"}]}', /surrogate/i],
      ['an unknown element', '{"resourceType":"Patient","gendre":"male"}', /gender/],
      ['a bad date', '{"resourceType":"Patient","birthDate":"2024-02-30"}', /birthDate|2024-02-30/],
      ['a string for an array', '{"resourceType":"Patient","name":"x"}', /array|list/i],
      [
        'an absurd number',
        '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1e999999}}',
        /./,
      ],
    ])('%s', async (_name, body, message) => {
      const reply = await api().post('/Patient', body);
      expect(reply.status).toBe(400);
      expect(reply.body.resourceType).toBe('OperationOutcome');
      expect(reply.body.issue[0].diagnostics).toMatch(message);
      expect(reply.text).not.toMatch(/at .*\.ts:|node_modules/);
    });

    it('refuses bytes that are not UTF-8', async () => {
      const body = Buffer.concat([
        Buffer.from('{"resourceType":"Patient","name":[{"family":"'),
        Buffer.from([0xff, 0xfe]),
        Buffer.from('"}]}'),
      ]);
      expect((await api().send('POST', '/Patient', body, { 'content-type': FHIR_JSON })).status).toBe(400);
    });

    it('refuses an id that differs, is missing or is illegal', async () => {
      expect((await api().put('/Patient/a', { resourceType: 'Patient', id: 'b' })).status).toBe(400);
      expect((await api().put('/Patient/a', { resourceType: 'Patient' })).status).toBe(400);
      for (const id of ['a_b', 'x'.repeat(65), 'a b', '..%2f..']) {
        expect(
          (await api().put(`/Patient/${encodeURIComponent(id)}`, { resourceType: 'Patient', id })).status,
        ).toBe(400);
      }
      expect((await api().get('/Patient/%ff')).status).toBe(400);
    });

    it('refuses a body of 200 MB with 413 while it is still being sent', async () => {
      const status = await sendLarge(new URL(api().base), 200 * 1024 * 1024);
      expect(status).toBe(413);
    }, 60_000);

    it('refuses a small body that unpacks to a very large one', async () => {
      const bomb = gzipSync(Buffer.alloc(150 * 1024 * 1024, 0x20));
      const reply = await api().send('POST', '/Patient', bomb, {
        'content-type': FHIR_JSON,
        'content-encoding': 'gzip',
      });
      expect([reply.status, reply.body.issue[0].code]).toEqual([413, 'too-long']);
    });

    it('refuses a body of nothing but brackets, which would fill the memory', async () => {
      const reply = await api().post(
        '/Basic',
        `{"resourceType":"Basic","extension":[${'[],'.repeat(5_000_000)}[]]}`,
      );
      expect([reply.status, reply.body.issue[0].code]).toEqual([413, 'too-long']);
    }, 30_000);

    it('names near types, paths and parameters', async () => {
      const type = await api().get('/Patiens');
      expect([type.status, type.body.issue[0].diagnostics]).toEqual([
        404,
        expect.stringContaining('Patient'),
      ]);
      const parameter = await api().get('/Patient?nmae=x');
      expect([parameter.status, parameter.body.issue[0].diagnostics]).toEqual([
        400,
        expect.stringContaining('name'),
      ]);
      expect((await api().get('/Patient/a/b/c/d')).status).toBe(404);
      const method = await api().send('DELETE', '/metadata');
      expect([method.status, method.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    });

    it('refuses what a store could take for a command', async () => {
      for (const query of ['name[$ne]=x', 'name=%00', '_id=$ne', 'name=%2F.*%2F', "name=a'b--"]) {
        const reply = await api().get(`/Patient?${query}`);
        expect([200, 400]).toContain(reply.status);
        expect(reply.body.entry ?? []).toEqual([]);
      }
    });

    it('leaves nothing behind', async () => {
      const id = freshId();
      await api().put(`/Patient/${id}`, `{"resourceType":"Patient","id":"${id}","nonsense":1}`);
      expect((await api().get(`/Patient/${id}`)).status).toBe(404);
      expect((await api().get(`/Patient/${id}/_history`)).status).toBe(404);
    });
  });
}

function sendLarge(base: URL, size: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const chunk = Buffer.alloc(65_536, 0x20);
    const sending = request(
      {
        host: base.hostname,
        port: base.port,
        path: `${base.pathname}/Patient`,
        method: 'POST',
        headers: { 'content-type': FHIR_JSON },
      },
      (response) => {
        response.resume();
        resolve(response.statusCode!);
        sending.destroy();
      },
    );
    sending.on('error', reject);
    let sent = 0;
    const write = (): void => {
      while (sent < size && !sending.destroyed) {
        sent += chunk.length;
        if (!sending.write(chunk)) return void sending.once('drain', write);
      }
      if (!sending.destroyed) sending.end();
    };
    write();
  });
}
