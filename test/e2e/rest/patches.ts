/** JSON Patch and FHIRPath Patch: a patch is an update. https://hl7.org/fhir/R4/http.html#patch */
import { describe, expect, it } from '@jest/globals';
import { freshId, type Api } from '../../support/api.ts';

const JSON_PATCH = { 'content-type': 'application/json-patch+json' };

function operation(type: string, path: string, more: readonly object[] = []): object {
  const part = [{ name: 'type', valueCode: type }, { name: 'path', valueString: path }, ...more];
  return { resourceType: 'Parameters', parameter: [{ name: 'operation', part }] };
}

export function patchContract(api: () => Api): void {
  const stored = async (more: object = {}): Promise<string> => {
    const id = freshId();
    await api().put(`/Patient/${id}`, {
      resourceType: 'Patient',
      id,
      name: [{ family: 'A', given: ['x'] }],
      ...more,
    });
    return `/Patient/${id}`;
  };

  describe('JSON Patch', () => {
    it('makes a new version with the headers of an update', async () => {
      const path = await stored();
      const reply = await api().patch(
        path,
        [{ op: 'replace', path: '/name/0/family', value: 'B' }],
        JSON_PATCH,
      );
      expect([reply.status, reply.headers.get('etag'), reply.body.name[0].family]).toEqual([
        200,
        'W/"2"',
        'B',
      ]);
      expect(reply.headers.get('location')).toContain('/_history/2');
    });

    it('keeps decimals that it does not touch', async () => {
      const id = freshId();
      await api().put(
        `/Observation/${id}`,
        `{"resourceType":"Observation","id":"${id}","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.500}}`,
      );
      const reply = await api().patch(
        `/Observation/${id}`,
        [{ op: 'replace', path: '/status', value: 'amended' }],
        JSON_PATCH,
      );
      expect(reply.text).toContain('"value":1.500');
    });

    it('is atomic, validated, minds If-Match, and never changes the id', async () => {
      const path = await stored();
      const half = [
        { op: 'add', path: '/active', value: true },
        { op: 'test', path: '/name/0/family', value: 'Z' },
      ];
      expect((await api().patch(path, half, JSON_PATCH)).status).toBeGreaterThanOrEqual(400);
      expect(
        (await api().patch(path, [{ op: 'add', path: '/gendre', value: 'male' }], JSON_PATCH)).status,
      ).toBe(400);
      expect(
        (await api().patch(path, [{ op: 'replace', path: '/id', value: 'other' }], JSON_PATCH)).status,
      ).toBe(422);
      expect(
        (
          await api().patch(path, [{ op: 'add', path: '/active', value: true }], {
            ...JSON_PATCH,
            'if-match': 'W/"7"',
          })
        ).status,
      ).toBe(412);
      expect((await api().get(path)).headers.get('etag')).toBe('W/"1"');
    });

    it('answers malformed patches, and 404 where there is nothing', async () => {
      const path = await stored();
      for (const bad of [
        '{',
        '{}',
        '[{"op":"jump","path":"/x"}]',
        '[{"op":"add","path":"x","value":1}]',
        '[{"op":"remove","path":"/nope"}]',
      ]) {
        expect((await api().patch(path, bad, JSON_PATCH)).status).toBe(400);
      }
      expect((await api().patch(`/Patient/${freshId()}`, [], JSON_PATCH)).status).toBe(404);
      expect(
        (await api().patch(path, '<diff/>', { 'content-type': 'application/xml-patch+xml' })).status,
      ).toBe(415);
    });
  });

  describe('FHIRPath Patch', () => {
    it('adds, replaces, inserts, moves and deletes', async () => {
      const path = await stored();
      const send = async (document: object): Promise<void> =>
        expect((await api().patch(path, document)).status).toBe(200);
      await send(
        operation('add', 'Patient', [
          { name: 'name', valueString: 'birthDate' },
          { name: 'value', valueDate: '1970-01-01' },
        ]),
      );
      await send(operation('replace', 'Patient.name[0].family', [{ name: 'value', valueString: 'B' }]));
      await send(
        operation('insert', 'Patient.name[0].given', [
          { name: 'index', valueInteger: 0 },
          { name: 'value', valueString: 'w' },
        ]),
      );
      await send(
        operation('move', 'Patient.name[0].given', [
          { name: 'source', valueInteger: 0 },
          { name: 'destination', valueInteger: 1 },
        ]),
      );
      const read = (await api().get(path)).body;
      expect([read.birthDate, read.name[0].family, read.name[0].given]).toEqual([
        '1970-01-01',
        'B',
        ['x', 'w'],
      ]);
      await send(operation('delete', 'Patient.birthDate'));
      const last = await api().get(path);
      expect([last.body.birthDate, last.headers.get('etag')]).toEqual([undefined, 'W/"6"']);
    });

    it('names what is wrong with an operation', async () => {
      const path = await stored();
      for (const bad of [
        operation('jump', 'Patient'),
        operation('replace', 'Patient.nope.x', [{ name: 'value', valueString: 'B' }]),
        operation('add', '(('),
      ]) {
        const reply = await api().patch(path, bad);
        expect(reply.status).toBeGreaterThanOrEqual(400);
        expect(reply.status).toBeLessThan(500);
      }
    });
  });
}
