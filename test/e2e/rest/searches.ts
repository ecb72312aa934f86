/** Search over HTTP: bundles, links, paging, handling. What each parameter means is held by test/conformance/search. https://hl7.org/fhir/R4/search.html */
import { describe, expect, it } from '@jest/globals';
import { freshId, type Api } from '../../support/api.ts';

interface SearchEntry {
  resource: { id: string; resourceType: string };
  search: { mode: string };
}

export function searchContract(api: () => Api): void {
  const SYSTEM = 'http://example.org/search';
  const seed = async (count: number): Promise<{ marker: string; patient: string }> => {
    const [marker, patient] = [freshId(), freshId()];
    const observations = Array.from({ length: count }, (_, n) => ({
      resource: {
        resourceType: 'Observation',
        id: `${marker}-${n}`,
        status: 'final',
        identifier: [{ system: SYSTEM, value: marker }],
        code: { coding: [{ system: 'http://loinc.org', code: n % 2 ? '8302-2' : '29463-7' }] },
        subject: { reference: `Patient/${patient}` },
        effectiveDateTime: `2024-01-${String(n + 1).padStart(2, '0')}`,
      },
      request: { method: 'PUT', url: `Observation/${marker}-${n}` },
    }));
    const person = {
      resource: { resourceType: 'Patient', id: patient },
      request: { method: 'PUT', url: `Patient/${patient}` },
    };
    const reply = await api().post('', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [person, ...observations],
    });
    expect(reply.status).toBe(200);
    return { marker, patient };
  };

  const pages = async (path: string): Promise<string[][]> => {
    const all: string[][] = [];
    let url: string | undefined = path;
    while (url) {
      const page = await api().get(url);
      expect(page.status).toBe(200);
      all.push((page.body.entry ?? []).map((one: SearchEntry) => one.resource.id));
      url = page.body.link.find((one: { relation: string }) => one.relation === 'next')?.url;
    }
    return all;
  };

  it('answers a searchset with self link, fullUrl and mode', async () => {
    const { marker, patient } = await seed(3);
    const reply = await api().get(`/Observation?patient=${patient}&code=http://loinc.org|8302-2`);
    expect(reply.body).toMatchObject({ resourceType: 'Bundle', type: 'searchset', total: 1 });
    expect(reply.body.entry).toEqual([
      {
        fullUrl: expect.stringMatching(`/fhir/Observation/${marker}-1$`),
        resource: expect.objectContaining({ id: `${marker}-1` }),
        search: { mode: 'match' },
      },
    ]);
    const self = reply.body.link.find((one: { relation: string }) => one.relation === 'self').url;
    expect(decodeURIComponent(self)).toContain(
      `/fhir/Observation?patient=${patient}&code=http://loinc.org|8302-2`,
    );
  });

  it('pages through all matches once, newest first, and by any sort', async () => {
    const { marker } = await seed(10);
    const all = await pages(`/Observation?identifier=${SYSTEM}|${marker}&_count=4`);
    expect(all.map((page) => page.length)).toEqual([4, 4, 2]);
    expect(new Set(all.flat()).size).toBe(10);
    const byDate = (await pages(`/Observation?identifier=${SYSTEM}|${marker}&_count=3&_sort=date`)).flat();
    expect(byDate).toEqual(Array.from({ length: 10 }, (_, n) => `${marker}-${n}`));
    const newest = (await pages(`/Observation?identifier=${SYSTEM}|${marker}&_count=3&_sort=-date`)).flat();
    expect(newest).toEqual([...byDate].reverse());
  });

  it('keeps pages stable while others write', async () => {
    const { marker, patient } = await seed(10);
    const first = await api().get(`/Observation?identifier=${SYSTEM}|${marker}&_count=5`);
    const seen = first.body.entry.map((one: SearchEntry) => one.resource.id);
    const changed = {
      ...first.body.entry[0].resource,
      status: 'amended',
      subject: { reference: `Patient/${patient}` },
    };
    await api().put(`/Observation/${changed.id}`, changed);
    await api().put(`/Observation/${marker}-0`, { ...changed, id: `${marker}-0` });
    await api().post('/Observation', { ...changed, id: undefined });
    const next = first.body.link.find((one: { relation: string }) => one.relation === 'next').url;
    seen.push(...(await pages(next)).flat());
    expect([...seen].sort()).toEqual(Array.from({ length: 10 }, (_, n) => `${marker}-${n}`).sort());
  });

  const linkOf = (page: { body: { link: { relation: string; url: string }[] } }, relation: string) =>
    page.body.link.find((one) => one.relation === relation)?.url;
  const idsOf = (page: { body: { entry?: SearchEntry[] } }): string[] =>
    (page.body.entry ?? []).map((one) => one.resource.id);

  it('leads to the last page and back, without what was written meanwhile', async () => {
    const { marker } = await seed(10);
    for (const sort of ['', '&_sort=date', '&_sort=-date', '&_sort=-_lastUpdated,_id']) {
      const path = `/Observation?identifier=${SYSTEM}|${marker}&_count=4&_total=accurate${sort}`;
      const forwards = await pages(path);
      const first = await api().get(path);
      expect([linkOf(first, 'previous'), linkOf(first, 'first')]).toEqual([undefined, undefined]);
      const { id: _, ...like } = first.body.entry[0].resource;
      const added = await api().post('/Observation', like);
      const back: string[][] = [];
      for (
        let url = linkOf(first, 'last');
        url !== undefined;
        url = linkOf(await api().get(url), 'previous')
      ) {
        const page = await api().get(url);
        expect(page.body.total).toBe(10);
        back.unshift(idsOf(page));
      }
      expect(back).toEqual(forwards);
      const last = await api().get(linkOf(first, 'last')!);
      expect([linkOf(last, 'next'), linkOf(last, 'last')]).toEqual([undefined, undefined]);
      const second = await api().get(linkOf(first, 'next')!);
      expect(idsOf(await api().get(linkOf(second, 'previous')!))).toEqual(forwards[0]);
      await api().send('DELETE', `/Observation/${added.body.id}`);
    }
  });

  it('keeps every order stable while resources are changed, added and deleted', async () => {
    const { marker, patient } = await seed(12);
    const ids = Array.from({ length: 12 }, (_, n) => `${marker}-${n}`);
    const others: string[] = [];
    const change = async (n: number, day: number): Promise<void> => {
      const { body } = await api().get(`/Observation/${marker}-${n}`);
      const reply = await api().put(`/Observation/${body.id}`, {
        ...body,
        effectiveDateTime: `20${day}-01-01`,
        status: 'amended',
      });
      expect(reply.status).toBe(200);
    };
    for (const sort of ['date', '-date', '_lastUpdated', '-_lastUpdated', '-status,date']) {
      const path = `/Observation?identifier=${SYSTEM}|${marker}&_count=3&_sort=${sort}&_total=accurate`;
      const wanted = (await pages(path)).flat();
      expect([...wanted].sort()).toEqual([...ids].sort());
      const seen: string[] = [];
      const back: string[] = [];
      const first = await api().get(path);
      let page = first;
      for (let turn = 0; ; turn++) {
        seen.push(...idsOf(page));
        expect(page.body.total).toBe(12);
        // One that was shown, one that was not, to the far end and to the near one; and a new one.
        await change(Number(seen[0]!.split('-').at(-1)), 50 + turn);
        const unseen = wanted.filter((id) => !seen.includes(id));
        for (const [i, id] of [unseen.at(-1), unseen[1]].entries())
          if (id) await change(Number(id.split('-').at(-1)), i === 0 ? 10 : 90);
        const { id: _, ...like } = first.body.entry[0].resource;
        const added = await api().post('/Observation', {
          ...like,
          subject: { reference: `Patient/${patient}` },
        });
        others.push(added.body.id);
        const next = linkOf(page, 'next');
        if (next === undefined) break;
        page = await api().get(next);
      }
      expect(seen).toEqual(wanted);
      for (let url = linkOf(first, 'last'); url !== undefined;) {
        const one = await api().get(url);
        back.unshift(...idsOf(one));
        url = linkOf(one, 'previous');
      }
      expect(back).toEqual(wanted);
      for (const id of others.splice(0)) await api().send('DELETE', `/Observation/${id}`);
    }
  });

  it('gives contained resources themselves, each under the name of its container', async () => {
    const marker = `c${Date.now()}`;
    const made = await api().post('/MedicationRequest', {
      resourceType: 'MedicationRequest',
      status: 'active',
      intent: 'order',
      subject: { display: 'somebody' },
      medicationReference: { reference: '#m' },
      // Every contained resource has to be referred to (dom-3).
      supportingInformation: [{ reference: '#n' }],
      contained: [
        { resourceType: 'Medication', id: 'm', code: { text: marker }, status: 'active' },
        { resourceType: 'Medication', id: 'n', code: { text: marker }, status: 'inactive' },
      ],
    });
    expect(made.status).toBe(201);
    const path = `/Medication?code:text=${marker}&status=active&_contained=true`;
    const container = await api().get(path);
    expect(idsOf(container)).toEqual([made.body.id]);
    const inner = await api().get(`${path}&_containedType=contained&_score=true`);
    expect(inner.body.entry).toEqual([
      {
        fullUrl: expect.stringMatching(`/fhir/MedicationRequest/${made.body.id}#m$`),
        resource: expect.objectContaining({ resourceType: 'Medication', id: 'm' }),
        search: { mode: 'match', score: 1 },
      },
    ]);
    expect(idsOf(await api().get(`/MedicationRequest?medication.code:text=${marker}`))).toEqual([
      made.body.id,
    ]);
  });

  it('finds words of whole resources from the first search by _content on, and scores them', async () => {
    const marker = `word${Date.now()}`;
    const note = (text: string) => ({
      resourceType: 'Condition',
      subject: { display: 'somebody' },
      note: [{ text }],
    });
    const one = await api().post('/Condition', note(`${marker} once`));
    const often = await api().post('/Condition', note(`${marker} ${marker} ${marker}`));
    let found = await api().get(`/Condition?_content=${marker}s`);
    // On a busy machine the index may take longer than a search waits.
    for (let tries = 0; found.status === 400 && tries < 5; tries++)
      found = await api().get(`/Condition?_content=${marker}s`);
    expect(found.status).toBe(200);
    const scores = new Map(
      found.body.entry.map((entry: { resource: { id: string }; search: { score: number } }) => [
        entry.resource.id,
        entry.search.score,
      ]),
    );
    expect([...scores.keys()].sort()).toEqual([one.body.id, often.body.id].sort());
    expect(scores.get(often.body.id)).toBeGreaterThan(scores.get(one.body.id) as number);
    const later = await api().post('/Condition', note(`late ${marker}`));
    expect(idsOf(await api().get(`/Condition?_content=late AND ${marker}`))).toEqual([later.body.id]);
  }, 180_000);

  it('serves named queries by their name, and tells what they are', async () => {
    const { patient } = await seed(1);
    const reply = await api().get(`/Condition?_query=active-problems&patient=${patient}`);
    expect([reply.status, reply.body.total]).toEqual([200, 0]);
    expect(linkOf(reply, 'self')).toContain('_query=active-problems');
    const refused = await api().get(`/Condition?_query=problems&patient=${patient}`);
    expect(refused.status).toBe(400);
    expect(refused.body.issue[0].diagnostics).toContain('Condition?_query=active-problems');
    const { body } = await api().get('/OperationDefinition/embergate-active-problems');
    expect(body).toMatchObject({ kind: 'query', code: 'active-problems', resource: ['Condition'] });
    const statement = await api().get('/metadata');
    const conditions = statement.body.rest[0].resource.find(
      (one: { type: string }) => one.type === 'Condition',
    );
    expect(conditions.operation).toContainEqual({ name: 'active-problems', definition: body.url });
  });

  it('takes a cursor for nothing but its own question', async () => {
    const { marker } = await seed(4);
    const first = await api().get(`/Observation?identifier=${SYSTEM}|${marker}&_count=2`);
    const next: string = first.body.link.find((one: { relation: string }) => one.relation === 'next').url;
    expect((await api().get(next.replace('_count=2', '_count=3'))).status).toBe(400);
    expect((await api().get(`${next}x`)).status).toBe(400);
    expect((await api().get('/Observation?_cursor=abc')).status).toBe(400);
  });

  it('searches by POST, in a compartment, and over the whole system', async () => {
    const { marker, patient } = await seed(3);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const posted = await api().post(
      '/Observation/_search?_count=2',
      `identifier=${encodeURIComponent(`${SYSTEM}|${marker}`)}`,
      form,
    );
    expect([posted.status, posted.body.entry.length]).toEqual([200, 2]);
    expect((await api().get(`/Patient/${patient}/Observation?code=8302-2`)).body.entry).toHaveLength(1);
    expect((await api().get(`/Patient/${patient}/*`)).body.entry.length).toBeGreaterThanOrEqual(4);
    const system = await api().get(`?_type=Patient,Observation&_id=${patient},${marker}-0`);
    expect(system.body.entry.map((one: SearchEntry) => one.resource.resourceType).sort()).toEqual([
      'Observation',
      'Patient',
    ]);
  });

  it('counts', async () => {
    const { marker } = await seed(5);
    const query = `/Observation?identifier=${SYSTEM}|${marker}`;
    for (const more of ['&_summary=count', '&_count=0']) {
      const reply = await api().get(query + more);
      expect([reply.body.total, reply.body.entry]).toEqual([5, undefined]);
    }
    expect((await api().get(`${query}&_count=2&_total=accurate`)).body.total).toBe(5);
  });

  describe('handling', () => {
    it('is strict unless lenient is preferred', async () => {
      const { marker } = await seed(1);
      const query = `/Observation?identifier=${SYSTEM}|${marker}&nonsense=1`;
      expect((await api().get(query)).status).toBe(400);
      const lenient = await api().get(query, { prefer: 'handling=lenient' });
      expect(lenient.status).toBe(200);
      expect(lenient.body.entry.map((one: SearchEntry) => one.search.mode)).toEqual(['match', 'outcome']);
      const self = lenient.body.link.find((one: { relation: string }) => one.relation === 'self').url;
      expect(self).not.toContain('nonsense');
    });

    it('reports every fault of a query', async () => {
      const reply = await api().get('/Observation?date=abc&value-quantity=x&code:nope=1');
      expect(reply.status).toBe(400);
      expect(reply.body.issue.length).toBe(3);
    });

    it('returns elements on demand, marked as a part', async () => {
      const { marker } = await seed(1);
      const reply = await api().get(`/Observation?identifier=${SYSTEM}|${marker}&_elements=code`);
      const { resource } = reply.body.entry[0];
      expect(resource.code).toBeDefined();
      expect(resource.effectiveDateTime).toBeUndefined();
      expect(resource.meta.tag).toContainEqual(expect.objectContaining({ code: 'SUBSETTED' }));
    });
  });
}
