/**
 * What a policy hides inside of resources that may be seen, by every way of reading and searching: neither shown nor to be asked about. Each test is one
 * way in which it could come out.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/fhir/model/tree.ts';
import { freshId, type Api, type Reply } from '../../support/api.ts';
import { policyResource } from '../../support/policy.ts';
import { CLIENT, expectHidden, fresh, patient, PHONE, startMasked } from './masked.ts';
import { bundle, entry, idsOf, observation, type World } from './world.ts';

export function hiddenTests(use: () => World): void {
  describe('what a policy hides', () => {
    let api: Api;
    let [id, other, lab]: string[] = [];
    beforeAll(async () => {
      ({ id, other, lab, api } = await startMasked(use()));
    });

    it('is left out of a read, with the narrative, and the rest is there, marked as a part', async () => {
      const reply = await api.get(`/Patient/${id}`);
      expect(reply.status).toBe(200);
      expectHidden(reply);
      expect(reply.body).toMatchObject({ name: [{ family: 'Maskelyne' }], contact: [{ gender: 'female' }] });
      expect(reply.body).not.toHaveProperty('text');
      expect(reply.text).toContain('SUBSETTED');
    });

    it('looks the same whether there was anything to hide or not', async () => {
      const [one, none] = [await api.get(`/Patient/${id}`), await api.get(`/Patient/${other}`)];
      const names = (reply: Reply): string[] =>
        Object.keys(reply.body as object).filter((name) => name !== 'contact');
      expect(names(one)).toEqual(names(none));
    });

    it('is left out of versions and histories', async () => {
      const made = await fresh(use());
      await use().put(patient(made, { gender: 'male' }));
      for (const path of [
        `/Patient/${made}/_history/1`,
        `/Patient/${made}/_history`,
        '/Patient/_history?_count=50',
        '/_history?_count=50',
      ]) {
        const reply = await api.get(path);
        expect(reply.status).toBe(200);
        expectHidden(reply);
      }
    });

    it('is left out of searches, by GET and POST, of a type, of everything and of a compartment', async () => {
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      const replies = [
        await api.get(`/Patient?_id=${id}`),
        await api.get(`/Observation?_id=${lab}`),
        await api.get(`?_type=Patient,Observation&_id=${id},${lab}`),
        await api.send('POST', '/Patient/_search', `_id=${id}`, form),
        await api.get(`/Patient/${id}/Observation`),
      ];
      for (const reply of replies) {
        expect({ status: reply.status, found: idsOf(reply).length > 0 }).toEqual({
          status: 200,
          found: true,
        });
        expectHidden(reply);
      }
    });

    it('is left out of what is included, either way', async () => {
      for (const path of [
        `/Observation?_id=${lab}&_include=Observation:subject`,
        `/Patient?_id=${id}&_revinclude=Observation:subject`,
      ]) {
        const reply = await api.get(path);
        expect(idsOf(reply).sort()).toEqual([id, lab].sort());
        expectHidden(reply);
      }
    });

    it('is left out of contained resources and of Bundles that are stored', async () => {
      const [holder, parcel] = [freshId('holder'), freshId('parcel')];
      const inner = { ...patient('p'), contact: [] as JsonObject[] };
      const { contact: _none, ...contained } = inner;
      await use().put(
        { ...observation(holder, id!), contained: [contained], focus: [{ reference: '#p' }] },
        { resourceType: 'Bundle', id: parcel, type: 'collection', entry: [{ resource: patient('inside') }] },
      );
      for (const path of [`/Observation/${holder}`, `/Bundle/${parcel}`, `/Bundle?_id=${parcel}`]) {
        const reply = await api.get(path);
        expect(reply.status).toBe(200);
        expect(reply.text).toContain('Maskelyne');
        expectHidden(reply);
      }
    });

    it('is not asked about through contained resources, nor shown as one', async () => {
      const holder = freshId('holder');
      const { contact: _none, ...contained } = patient('p');
      const subject = { reference: '#p' };
      await use().put({ ...observation(holder, id!), contained: [contained], subject });
      const phone = encodeURIComponent(PHONE);
      const asked = [
        `/Patient?phone=${phone}&_contained=true`,
        `/Patient?phone=${phone}&_contained=both&_containedType=contained`,
        `/Observation?subject:Patient.phone=${phone}`,
        `/Patient?_sort=phone&_contained=true`,
      ];
      for (const path of asked)
        expect({ path, status: (await api.get(path, { prefer: 'handling=strict' })).status }).toEqual({
          path,
          status: 400,
        });
      for (const how of ['_contained=true', '_contained=true&_containedType=contained']) {
        const reply = await api.get(`/Patient?family=Maskelyne&${how}`);
        expect(reply.status).toBe(200);
        expect(reply.text).toContain('Maskelyne');
        expectHidden(reply);
      }
    });

    it('is left out of XML, and of a batch', async () => {
      expectHidden(await api.get(`/Patient/${id}?_format=xml`));
      const reply = await api.post(
        '',
        bundle('batch', entry('GET', `Patient/${id}`), entry('GET', `Observation?_id=${lab}`)),
      );
      expect(reply.text).toContain('Maskelyne');
      expectHidden(reply);
    });

    it('cannot be chosen by _elements, nor comes with _summary', async () => {
      for (const how of [
        '_elements=telecom,contact,text,value',
        '_summary=true',
        '_summary=data',
        '_summary=text',
      ]) {
        for (const path of [
          `/Patient/${id}?${how}`,
          `/Patient?_id=${id}&${how}`,
          `/Observation?_id=${lab}&${how}`,
        ])
          expectHidden(await api.get(path));
      }
    });

    it.each([
      ['search', `/Patient?telecom=${encodeURIComponent(PHONE)}`],
      ['search', `/Patient?phone=${encodeURIComponent(PHONE)}`],
      ['search', '/Patient?email=a@example.org'],
      ['search', '/Observation?value-quantity=7331'],
      ['composite search', '/Observation?code-value-quantity=http://loinc.org|8867-4$7331'],
      ['combined search', '/Observation?combo-value-quantity=7331'],
      ['missing', '/Patient?telecom:missing=false'],
      ['missing', '/Observation?value-quantity:missing=false'],
      ['narrative', `/Patient?_text=${encodeURIComponent(PHONE)}`],
      ['sort', '/Patient?_sort=telecom'],
      ['sort', '/Observation?_sort=-value-quantity'],
      ['chain', `/Observation?subject:Patient.phone=${encodeURIComponent(PHONE)}`],
      ['chain', `/Observation?patient.telecom=${encodeURIComponent(PHONE)}`],
      ['_has', '/Patient?_has:Observation:patient:value-quantity=7331'],
      ['_filter', `/Patient?_filter=${encodeURIComponent(`telecom eq "${PHONE}"`)}`],
      ['_filter', `/Observation?_filter=${encodeURIComponent('value-quantity gt 1')}`],
      ['include chain', '/Observation?_filter=patient.phone%20eq%20"1"'],
    ])('cannot be asked about by %s: %s is refused like what is unknown', async (_way, path) => {
      const unknown = await api.get(path.replace(/[?=:].*/, '?no-such-parameter=1'), {
        prefer: 'handling=strict',
      });
      const reply = await api.get(path, { prefer: 'handling=strict' });
      expect({ path, status: reply.status }).toEqual({ path, status: 400 });
      expect(unknown.status).toBe(400);
      // And leniently it is left out: what hidden values say must not choose among the results.
      const lenient = await api.get(`${path}&_id=${id},${other},${lab}&_total=accurate`, {
        prefer: 'handling=lenient',
      });
      const none = await api.get(
        `${path.replaceAll(/555|7331/g, '999')}&_id=${id},${other},${lab}&_total=accurate`,
        {
          prefer: 'handling=lenient',
        },
      );
      expect([lenient.status, lenient.body.total]).toEqual([none.status, none.body.total]);
      // While one from whom nothing is hidden may ask.
      const plain = await use().app('user/*.cruds', {
        extra: { fhirUser: `Practitioner/${use().clinician}` },
      });
      expect((await plain.get(path, { prefer: 'handling=strict' })).status).toBe(200);
    });

    it('cannot be asked about by the filter of a scope', async () => {
      const filtered = await use().app(`user/Patient.rs?phone=${encodeURIComponent(PHONE)}`, {
        clientId: CLIENT,
        extra: { fhirUser: `Practitioner/${use().clinician}` },
      });
      expect((await filtered.get(`/Patient/${id}`)).status).toBe(403);
    });

    it('by which a compartment is told is not asked about by that compartment', async () => {
      const client = freshId('client');
      await use().put(
        policyResource(freshId('policy'), {
          roles: ['practitioner'],
          clients: [client],
          rules: [{ types: ['*'], hidden: ['Observation.subject'] }],
        }),
      );
      const blind = await use().app('user/*.cruds', {
        clientId: client,
        extra: { fhirUser: `Practitioner/${use().clinician}` },
      });
      expect((await blind.get(`/Observation/${lab}`)).text).not.toContain(id);
      const asked = [
        `/Patient/${id}/Observation`,
        `/Observation?patient=${id}`,
        `/Observation?subject=Patient/${id}`,
        `/Patient?_has:Observation:patient:_id=${lab}`,
        `/Patient?_id=${id}&_revinclude=Observation:subject`,
        `/Observation?_id=${lab}&_include=Observation:patient`,
      ];
      for (const path of asked)
        expect({ path, status: (await blind.get(path, { prefer: 'handling=strict' })).status }).toEqual({
          path,
          status: 400,
        });
      const everything = await blind.get(`/Patient/${id}/*?_count=1000`);
      expect(idsOf(everything)).not.toContain(lab);
      const included = await blind.get(`/Patient?_id=${id}&_revinclude=*`);
      expect(idsOf(included)).not.toContain(lab);
    });
  });
}
