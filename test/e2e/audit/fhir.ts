/** Every FHIR interaction leaves its event, and those who may read the trail find it, and nobody else. https://profiles.ihe.net/ITI/BALP/ */
import type { AuditEvent, Bundle } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import { parseJson } from '../../../src/fhir/model/json.ts';
import type { JsonObject, ResourceTree } from '../../../src/fhir/model/tree.ts';
import { validate } from '../../../src/fhir/validation/validator.ts';
import { addAccount } from '../../../src/smart/accounts.ts';
import { freshId, type Api } from '../../support/api.ts';
import { startGuarded, type Guarded } from '../../support/guarded.ts';

const A = freshId('pat');
const B = freshId('pat');
const patient = (id: string, family: string): JsonObject => ({
  resourceType: 'Patient',
  id,
  name: [{ family }],
});
const observation = (of: string): JsonObject => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'weight' },
  subject: { reference: `Patient/${of}` },
});
const CLINICIAN = { extra: { fhirUser: 'Practitioner/doc' }, clientId: 'chart' };

export function auditTests(environment: () => Record<string, string>): void {
  describe('the audit trail over FHIR', () => {
    let guarded: Guarded;
    let clinician: Api;
    let operator: Api;
    let service: Api;
    let ofA: Api;

    beforeAll(async () => {
      guarded = await startGuarded(environment());
      clinician = await guarded.client({ scope: 'user/*.cruds', ...CLINICIAN });
      service = await guarded.client({
        scope: 'system/AuditEvent.rs',
        kind: 'ClientCredentials',
        clientId: 'siem',
      });
      ofA = await guarded.client({
        scope: 'patient/*.cruds patient/AuditEvent.rs',
        clientId: 'phone',
        extra: { patient: A, fhirUser: `Patient/${A}` },
      });
      const account = {
        username: 'op',
        name: 'Op',
        password: 'correct horse battery',
        role: 'operator',
      } as const;
      const { id } = await addAccount(guarded.store.tokens, account, Date.now());
      operator = await guarded.client({ scope: 'user/AuditEvent.rs', accountId: id, clientId: 'console' });
      await guarded.load({
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [patient(A, 'Ames'), patient(B, 'Burke'), { resourceType: 'Practitioner', id: 'doc' }].map(
          (resource) => ({
            resource,
            request: {
              method: 'PUT',
              url: `${resource['resourceType'] as string}/${resource['id'] as string}`,
            },
          }),
        ),
      });
    }, 60_000);
    afterAll(() => guarded?.stop());

    const found = async (query: string, who = operator): Promise<AuditEvent[]> => {
      const reply = await who.get(`/AuditEvent?${query}`);
      expect([reply.status, reply.text.slice(0, 300)]).toEqual([200, expect.anything()]);
      return (reply.body as Bundle).entry?.map(({ resource }) => resource as AuditEvent) ?? [];
    };
    /** The newest event of a request that is sent with an id of its own. */
    const eventOf = async (
      send: (headers: Record<string, string>) => Promise<unknown>,
    ): Promise<AuditEvent[]> => {
      const id = freshId('req');
      await send({ 'x-request-id': id });
      const all = await found('_count=50');
      return all.filter(({ entity }) => entity?.some(({ what }) => what?.identifier?.value === id));
    };
    const names = ({ entity = [] }: AuditEvent): string[] =>
      entity.flatMap(({ what }) => what?.reference ?? []);
    const askers = ({ agent }: AuditEvent): string[] => agent.flatMap(({ who }) => who?.reference ?? []);
    const codes = ({ subtype = [] }: AuditEvent): string[] => subtype.map(({ code }) => code!);

    it('has who, what, when and outcome of a read, in the shape of BALP', async () => {
      const [event, ...more] = await eventOf((headers) => clinician.get(`/Patient/${A}`, headers));
      expect(more).toEqual([]);
      expect(event).toMatchObject({
        meta: {
          profile: ['https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead'],
        },
        type: { code: 'rest' },
        action: 'R',
        outcome: '0',
        source: { observer: { identifier: { value: guarded.base } } },
      });
      expect(codes(event!)).toContain('read');
      expect(names(event!)).toEqual([`Patient/${A}`, `Patient/${A}/_history/1`]);
      const user = event!.agent.find(({ requestor }) => requestor);
      expect(user).toMatchObject({ who: { reference: 'Practitioner/doc' }, altId: 'account' });
      expect(event!.agent.some(({ altId }) => altId === 'chart')).toBe(true);
      expect(Math.abs(Date.parse(event!.recorded) - Date.now())).toBeLessThan(60_000);
    });

    it('has every interaction: vread, history, search with its query, create, update, patch, delete', async () => {
      const made = await clinician.post('/Observation', observation(A));
      const id = made.body.id as string;
      const at = `/Observation/${id}`;
      const rows: readonly (readonly [string, (h: Record<string, string>) => Promise<unknown>, string])[] = [
        ['vread', (h) => clinician.get(`${at}/_history/1`, h), `${at.slice(1)}/_history/1`],
        ['history', (h) => clinician.get(`${at}/_history`, h), `${at.slice(1)}/_history/1`],
        ['search', (h) => clinician.get(`/Observation?patient=${A}`, h), `${at.slice(1)}/_history/1`],
        ['search', (h) => clinician.get(`/Patient/${A}/Observation`, h), `${at.slice(1)}/_history/1`],
        ['create', (h) => clinician.post('/Observation', observation(A), h), `Patient/${A}`],
        [
          'update',
          (h) => clinician.put(at, { ...observation(A), id, status: 'amended' }, h),
          `${at.slice(1)}/_history/2`,
        ],
        [
          'patch',
          (h) =>
            clinician.patch(at, [{ op: 'replace', path: '/status', value: 'corrected' }], {
              ...h,
              'content-type': 'application/json-patch+json',
            }),
          `${at.slice(1)}/_history/3`,
        ],
        ['delete', (h) => clinician.remove(at, h), `${at.slice(1)}/_history/4`],
      ];
      for (const [code, send, named] of rows) {
        const [event, ...more] = await eventOf(send);
        expect([code, more.length, event?.outcome]).toEqual([code, 0, '0']);
        expect(codes(event!)).toContain(code);
        expect(names(event!)).toEqual(expect.arrayContaining([named, `Patient/${A}`]));
      }
      const [search] = await eventOf((h) => clinician.get(`/Observation?patient=${A}&status=final`, h));
      const query = search!.entity!.find((one) => one.query)!.query!;
      expect(Buffer.from(query, 'base64').toString()).toBe(`Observation?patient=${A}&status=final`);
    });

    it('[46] has what was refused, with the reason: no token, no scope, hidden, missing, malformed', async () => {
      const weak = await guarded.client({ scope: 'user/Encounter.rs', ...CLINICIAN });
      const stranger = guarded.as('no-such-token');
      const rows: readonly (readonly [string, (h: Record<string, string>) => Promise<unknown>, RegExp])[] = [
        ['401', (h) => stranger.get(`/Patient/${A}`, h), /^401 /],
        ['403', (h) => weak.get(`/Patient/${A}`, h), /^403 /],
        ['hidden', (h) => ofA.get(`/Patient/${B}`, h), /^404 /],
        ['missing', (h) => clinician.get('/Patient/none', h), /^404 /],
        ['malformed', (h) => clinician.post('/Patient', '{', h), /^400 /],
      ];
      for (const [name, send, reason] of rows) {
        const [event, ...more] = await eventOf(send);
        expect([name, more.length, event?.outcome]).toEqual([name, 0, '4']);
        expect(event!.outcomeDesc).toMatch(reason);
      }
      const [hidden] = await eventOf((h) => ofA.get(`/Patient/${B}`, h));
      expect(names(hidden!)).toContain(`Patient/${B}`);
      expect((await found(`patient=${B}&outcome=4`)).length).toBeGreaterThan(0);
    });

    it('has each entry of a batch, and of a transaction what was written and read', async () => {
      const entry = (method: string, url: string, resource?: JsonObject) => ({
        request: { method, url },
        ...(resource && { resource }),
      });
      const bundle = (type: string, ...entries: object[]) => ({
        resourceType: 'Bundle',
        type,
        entry: entries,
      });
      const batch = await eventOf((h) =>
        clinician.post('', bundle('batch', entry('GET', `Patient/${A}`), entry('GET', 'Patient/none')), h),
      );
      expect(batch.map(({ outcome }) => outcome).sort()).toEqual(['0', '4']);
      const all = await eventOf((h) =>
        clinician.post(
          '',
          bundle(
            'transaction',
            entry('POST', 'Observation', observation(A)),
            entry('POST', 'Observation', observation(A)),
            entry('POST', 'Observation', observation(B)),
            entry('GET', `Patient/${B}`),
          ),
          h,
        ),
      );
      expect(
        all
          .flatMap(codes)
          .filter((code) => code === 'create' || code === 'read')
          .sort(),
      ).toEqual(['create', 'create', 'create', 'create', 'read', 'read'].sort());
      for (const one of all)
        expect(names(one).filter((name) => /^Patient\/[^/]+$/.test(name))).toHaveLength(1);
      const bad = bundle('transaction', entry('DELETE', 'Observation/none'), entry('GET', 'Patient/none'));
      const [refused] = await eventOf((h) => clinician.post('', bad, h));
      expect(refused!.outcome).toBe('4');
    });

    it('names everything that a large answer held, in events of bounded size', async () => {
      const many = Array.from({ length: 130 }, () => ({
        resource: observation(B),
        request: { method: 'POST', url: 'Observation' },
      }));
      await guarded.load({ resourceType: 'Bundle', type: 'transaction', entry: many });
      const events = await eventOf((h) => clinician.get(`/Observation?patient=${B}&_count=200`, h));
      const named = events.flatMap(names).filter((name) => name.startsWith('Observation/'));
      expect(new Set(named).size).toBeGreaterThanOrEqual(130);
      for (const one of events) expect(names(one).length).toBeLessThanOrEqual(101);
    });

    it('is valid R4', async () => {
      const definitions = await loadDefinitions({ packages: '' });
      const all = await found('_count=200');
      expect(all.length).toBeGreaterThan(20);
      for (const event of all) {
        const tree = parseJson(JSON.stringify({ ...event, meta: { ...event.meta, profile: undefined } }));
        const errors = validate(definitions, tree as ResourceTree, {}).filter(
          ({ severity }) => severity === 'error',
        );
        expect({ event, errors }).toEqual({ event, errors: [] });
      }
    });

    it('keeps the rules of BALP: one requestor, who, the way of the data, the patient once', async () => {
      for (const event of await found('_count=200')) {
        const { agent, meta, entity = [], action } = event;
        expect(agent.filter(({ requestor }) => requestor)).toHaveLength(1);
        for (const one of agent)
          expect(one.who?.reference ?? one.who?.identifier ?? one.who?.display).toBeDefined();
        const types = agent.flatMap(({ type }) => type?.coding?.map(({ code }) => code) ?? []);
        if (action === 'R') expect(types.slice(0, 2)).toEqual(['110152', '110153']);
        if (action === 'C' || action === 'U') expect(types.slice(0, 2)).toEqual(['110153', '110152']);
        if (action === 'D') expect(types.slice(0, 2)).toEqual(['110150', 'custodian']);
        const [profile] = meta?.profile ?? [];
        const patients = entity.filter(({ role }) => role?.code === '1');
        const queries = entity.filter(({ query }) => query !== undefined);
        const data = entity.filter(({ role }) => role?.code === '4');
        if (profile?.includes('.Patient')) expect(patients).toHaveLength(1);
        if (profile?.endsWith('Query')) expect(queries).toHaveLength(1);
        else if (profile) expect(data).toHaveLength(1);
        expect(entity.filter(({ type }) => type?.code === 'XrequestId')).toHaveLength(1);
      }
    });

    it('is searched by patient, agent, entity, date, action, outcome, type, subtype, page by page', async () => {
      const every = await found('_count=500');
      const rows: readonly (readonly [string, (event: AuditEvent) => boolean])[] = [
        [`patient=${A}`, (one) => [...names(one), ...askers(one)].includes(`Patient/${A}`)],
        [
          'agent=Practitioner/doc',
          ({ agent }) => agent.some(({ who }) => who?.reference === 'Practitioner/doc'),
        ],
        ['altid=phone', ({ agent }) => agent.some(({ altId }) => altId === 'phone')],
        [`entity=Patient/${B}`, (one) => names(one).includes(`Patient/${B}`)],
        ['action=D', ({ action }) => action === 'D'],
        ['outcome=4', ({ outcome }) => outcome === '4'],
        ['subtype=patch', (one) => codes(one).includes('patch')],
        ['type=rest', ({ type }) => type.code === 'rest'],
      ];
      for (const [query, is] of rows) {
        const ids = (await found(`${query}&_count=500`)).map(({ id }) => id!);
        const wanted = every.filter(is).map(({ id }) => id!);
        expect(wanted.length).toBeGreaterThan(0);
        expect({ query, missing: wanted.filter((id) => !ids.includes(id)) }).toEqual({ query, missing: [] });
        // Searches of the trail are themselves in the trail: what is newer than the first look may come in besides.
        const known = new Set(every.map(({ id }) => id!));
        expect(ids.filter((id) => known.has(id) && !wanted.includes(id))).toEqual([]);
      }
      const middle = every[Math.floor(every.length / 2)]!.recorded;
      const later = (await found(`date=ge${middle}&_count=500`)).map(({ recorded }) => recorded);
      expect(later.every((recorded) => recorded >= middle)).toBe(true);
      const seen: string[] = [];
      for (let url: string | undefined = `/AuditEvent?patient=${A}&_count=3`; url !== undefined;) {
        const { body } = await operator.get(url);
        const bundle = body as Bundle;
        seen.push(...(bundle.entry ?? []).map(({ resource }) => resource!.id!));
        url = bundle.link?.find(({ relation }) => relation === 'next')?.url;
        expect(bundle.link?.some(({ relation }) => relation === 'last')).toBe(false);
      }
      const wanted = every.filter((one) => names(one).includes(`Patient/${A}`)).map(({ id }) => id!);
      expect(wanted.filter((id) => !seen.includes(id))).toEqual([]);
      expect(new Set(seen).size).toBe(seen.length);
      const counted = await operator.get(`/AuditEvent?patient=${A}&_summary=count`);
      expect(counted.body.total).toBeGreaterThanOrEqual(wanted.length);
    });

    it('is read by id, newest first, and cannot be written', async () => {
      const [newest, next] = await found('_count=2');
      expect(newest!.recorded >= next!.recorded).toBe(true);
      const reply = await operator.get(`/AuditEvent/${next!.id}`);
      expect([reply.status, reply.body]).toEqual([200, next]);
      expect((await operator.get(`/AuditEvent/${next!.id}x`)).status).toBe(404);
      expect((await operator.get('/AuditEvent?_sort=_id')).status).toBe(400);
      const writer = await guarded.client({ scope: 'system/*.cruds', kind: 'ClientCredentials' });
      for (const refused of [
        await writer.put(`/AuditEvent/${next!.id}`, next),
        await writer.remove(`/AuditEvent/${next!.id}`),
      ])
        expect(refused.status).toBeGreaterThanOrEqual(200);
      expect((await operator.get(`/AuditEvent/${next!.id}`)).body).toEqual(next);
    });

    it('[42] an AuditEvent of a client stays its own: not with our ids, nor as observed by us', async () => {
      const writer = await guarded.client({ scope: 'system/*.cruds', kind: 'ClientCredentials' });
      const [ours] = await found('_count=1');
      const foreign = {
        ...ours,
        id: undefined,
        meta: undefined,
        entity: undefined,
        agent: [{ requestor: true }],
        source: { observer: { display: 'another system' } },
      };
      const made = await writer.post('/AuditEvent', foreign);
      expect(made.status).toBe(201);
      expect((await service.get(`/AuditEvent/${made.body.id as string}`)).status).toBe(200);
      const forged = [
        await writer.post('/AuditEvent', { ...foreign, source: ours!.source }),
        await writer.put('/AuditEvent/audit.1.commits.1.0', { ...foreign, id: 'audit.1.commits.1.0' }),
      ];
      for (const { status } of forged) expect([400, 422]).toContain(status);
    });

    it('is shown to operators, services and patients (theirs), and to nobody else', async () => {
      expect((await found('_count=5', service)).length).toBe(5);
      const theirs = await found('_count=100', ofA);
      expect(theirs.length).toBeGreaterThan(3);
      const text = JSON.stringify(theirs);
      expect(text).toContain(`Patient/${A}`);
      expect(text).not.toContain(B);
      expect(await found(`patient=${B}`, ofA)).toEqual([]);
      const [ofB] = await found(`patient=${B}&_count=1`);
      expect((await ofA.get(`/AuditEvent/${ofB!.id}`)).status).toBe(404);
      const wild = await guarded.client({
        scope: 'patient/*.cruds',
        extra: { patient: A, fhirUser: `Patient/${A}` },
      });
      expect((await wild.get('/AuditEvent')).status).toBe(403);
      const seen = await found('_count=100', clinician);
      expect(seen.filter(({ id }) => id!.startsWith('audit.'))).toEqual([]);
    });

    it('tells a patient of a search that met others, too, without a word of them', async () => {
      const id = freshId('req');
      await clinician.get('/Patient?name=Ames,Burke', { 'x-request-id': id });
      const events = (await found('_count=20', ofA)).filter((one) => JSON.stringify(one).includes(id));
      expect(events).toHaveLength(1);
      expect(JSON.stringify(events)).not.toContain(B);
      expect(JSON.stringify(events)).not.toContain('Burke');
      expect(events[0]!.entity!.some(({ query }) => query !== undefined)).toBe(false);
    });
  });
}
