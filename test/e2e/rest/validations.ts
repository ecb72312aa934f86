/** `$validate` at every level. https://hl7.org/fhir/R4/resource-operation-validate.html */
import { describe, expect, it } from '@jest/globals';
import { freshId, type Api, type Reply } from '../../support/api.ts';

const OBSERVATION = { resourceType: 'Observation', status: 'final', code: { text: 'x' } };
interface Located {
  readonly diagnostics: string;
  readonly extension?: readonly { readonly valueInteger: number }[];
}

const BAD = { ...OBSERVATION, status: 'finished' };

/** severity and first expression of each issue, without the hint to give a narrative */
const issues = ({ body }: Reply): (readonly [string, string | undefined])[] =>
  (body.issue as { severity: string; expression?: string[]; diagnostics: string }[])
    .filter(({ diagnostics }) => !diagnostics.startsWith('dom-6'))
    .map(({ severity, expression }) => [severity, expression?.[0]] as const);

export function validateContract(api: () => Api): void {
  describe('$validate', () => {
    it('answers 200 with what is wrong, and stores nothing', async () => {
      for (const path of ['/$validate', '/Observation/$validate']) {
        const reply = await api().post(path, BAD);
        expect([reply.status, issues(reply)]).toEqual([200, [['error', 'Observation.status']]]);
        expect(issues(await api().post(path, OBSERVATION))).toEqual([]);
      }
      expect((await api().get('/Observation?status=finished&_summary=count')).body.total).toBe(0);
    });

    it('takes the resource, mode and profiles as Parameters', async () => {
      const bodyWeight = 'http://hl7.org/fhir/StructureDefinition/bodyweight';
      const parameter = [
        { name: 'resource', resource: OBSERVATION },
        { name: 'profile', valueUri: bodyWeight },
      ];
      const reply = await api().post('/Observation/$validate', { resourceType: 'Parameters', parameter });
      expect(reply.status).toBe(200);
      expect(reply.text).toContain(bodyWeight);
      expect(issues(reply).length).toBeGreaterThan(2);
      const byUrl = await api().post(`/Observation/$validate?profile=${bodyWeight}`, OBSERVATION);
      expect(issues(byUrl)).toEqual(issues(reply));
    });

    it('tells line and column of the text that was sent, in $validate and on write, in bundles too', async () => {
      const pad = { resourceType: 'Basic', code: { text: '"finished"' } };
      const bundle = (type: string, method: string): object => ({
        resourceType: 'Bundle',
        type,
        entry: [pad, BAD].map((resource) => ({
          resource,
          request: { method, url: resource.resourceType },
        })),
      });
      const parameters = { resourceType: 'Parameters', parameter: [{ name: 'resource', resource: BAD }] };
      for (const [path, body] of [
        ['/Observation/$validate', BAD],
        ['/Observation/$validate', parameters],
        ['/$validate', bundle('transaction', 'POST')],
        ['/Observation', BAD],
        ['/', bundle('transaction', 'POST')],
        ['/', bundle('batch', 'POST')],
      ] as const) {
        const { body: answer } = await api().post(path, body);
        const outcome = (answer['entry'] as { response: { outcome: object } }[] | undefined)?.[1]?.response
          .outcome;
        const told = ((outcome ?? answer) as { issue: Located[] }).issue.find(({ diagnostics }) =>
          diagnostics.includes('finished'),
        );
        const [line, column] = told?.extension?.map(({ valueInteger }) => valueInteger) ?? [];
        expect([path, line]).toEqual([path, 1]);
        expect(JSON.stringify(body).slice(column! - 1)).toMatch(/^"finished","code":{"text":"x"/);
      }
    });

    it('takes mode=create and mode=profile, and stores nothing', async () => {
      const bodyWeight = 'http://hl7.org/fhir/StructureDefinition/bodyweight';
      expect(issues(await api().post('/Observation/$validate?mode=create', BAD))).toEqual([
        ['error', 'Observation.status'],
      ]);
      const reply = await api().post(
        `/Observation/$validate?mode=profile&profile=${bodyWeight}`,
        OBSERVATION,
      );
      expect(reply.text).toContain(bodyWeight);
      const unknown = await api().post('/Observation/$validate?profile=http://e/none', OBSERVATION);
      expect(unknown.text).toContain('embergate package add');
      expect(issues(unknown)).toContainEqual(['error', 'Observation.meta.profile']);
    });

    it('looks at what is stored', async () => {
      const id = freshId('kept');
      await api().put(`/Observation/${id}`, { ...OBSERVATION, id });
      const reply = await api().get(`/Observation/${id}/$validate`);
      expect([reply.status, issues(reply)]).toEqual([200, []]);
      expect((await api().get(`/Observation/${id}x/$validate`)).status).toBe(404);
      const other = await api().post(`/Observation/${id}/$validate?mode=update`, {
        ...OBSERVATION,
        id: 'other',
      });
      expect(issues(other)).toEqual([['error', 'Observation.id']]);
    });

    it('says whether a delete would leave something behind', async () => {
      const [patient, id] = [freshId('patient'), freshId('about')];
      await api().put(`/Patient/${patient}`, { resourceType: 'Patient', id: patient });
      expect(issues(await api().get(`/Patient/${patient}/$validate?mode=delete`))).toEqual([
        ['information', undefined],
      ]);
      const subject = { reference: `Patient/${patient}` };
      await api().put(`/Observation/${id}`, { ...OBSERVATION, id, subject });
      const reply = await api().get(`/Patient/${patient}/$validate?mode=delete`);
      expect(reply.text).toContain(`Observation/${id}`);
      expect(issues(reply)[0]![0]).toBe('error');
    });

    it.each([
      ['no resource', '/$validate', { resourceType: 'Parameters' }, 400],
      ['another type', '/Patient/$validate', OBSERVATION, 400],
      ['an unknown type', '/Patent/$validate', OBSERVATION, 404],
      ['an unknown mode', '/$validate?mode=guess', OBSERVATION, 400],
      ['a delete of nothing in particular', '/$validate?mode=delete', OBSERVATION, 400],
      ['broken JSON', '/$validate', '{"resourceType":', 400],
    ] as const)('refuses %s', async (_, path, body, status) => {
      const reply = await api().post(path, body);
      expect([reply.status, reply.body.resourceType]).toEqual([status, 'OperationOutcome']);
    });

    it('tells of structure as a write would', async () => {
      const reply = await api().post('/$validate', { ...OBSERVATION, mood: 1 });
      expect([reply.status, issues(reply)]).toEqual([200, [['error', 'Observation']]]);
    });
  });
}
