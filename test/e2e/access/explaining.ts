/** explainAccess says what a request then meets, and names the rule. */
import { describe, expect, it } from '@jest/globals';
import type { Grantee } from '../../../src/access/grantee.ts';
import {
  accountGrantee,
  clientGrantee,
  explainAccess,
  type Explanation,
} from '../../../src/rest/explain-access.ts';
import { parseScopes } from '../../../src/access/scopes.ts';
import { freshId } from '../../support/api.ts';
import { people } from './people.ts';
import { brokenPolicy } from './seats.ts';
import { observation, type World } from './world.ts';

export function explainingTests(use: () => World): void {
  const { doctor, under, patientWith } = people(use);
  const ask = async (
    grantee: Grantee,
    url: string,
    { method = 'GET', purpose, reveals }: { method?: string; purpose?: string; reveals?: boolean } = {},
  ): Promise<Explanation> => {
    const record = (await use().composition.record('default'))!;
    return explainAccess(record, grantee, method, url, {
      base: use().base,
      ...(purpose !== undefined && { purpose }),
      ...(reveals !== undefined && { reveals }),
    });
  };
  const bearing = (clientId: string, fhirUser: string, scopeText = 'user/*.cruds'): Grantee => ({
    ...accountGrantee({ id: 'account', fhirUser }, scopeText),
    clientId,
    scopes: parseScopes(scopeText).filter((one) => one.kind === 'resource'),
  });

  describe('an explanation', () => {
    it('agrees with the answer to the request, over methods and addresses', async () => {
      const { me, clientId, client } = await under(
        {
          types: ['*'],
          actions: ['read', 'search'],
          patients: 'general-practitioner={me}',
          name: 'my patients',
        },
        { types: ['Observation'], actions: ['create'], purposes: ['TREAT'] },
      );
      const mine = await patientWith({ generalPractitioner: [{ reference: me }] });
      const [lab, foreign] = [freshId('obs'), freshId('obs')];
      await use().put(observation(lab, mine), observation(foreign, use().b));
      const scope = 'user/Observation.cruds user/Patient.rs';
      const api = await client(scope);
      const urls = [
        `Observation/${lab}`,
        `/Observation/${foreign}`,
        `Observation?patient=${mine}`,
        'Observation/_history',
        `Observation/${lab}/_history/1`,
        `Patient/${mine}`,
        'Encounter?_count=1',
        'Practitioner/1',
        `Observation/${freshId('none')}`,
        'Observations/1',
      ];
      for (const url of urls) {
        const told = await ask(bearing(clientId, me, scope), url);
        const { status } = await api.get(`/${url.replace(/^\//, '')}`);
        expect({ url, allowed: told.allowed, decision: told.decision.length > 10 }).toEqual({
          url,
          allowed: status === 200,
          decision: true,
        });
      }
      for (const [method, url] of [
        ['DELETE', `Observation/${lab}`],
        ['POST', 'Observation'],
        ['PUT', `Observation/${lab}`],
      ] as const)
        expect((await ask(bearing(clientId, me, scope), url, { method })).allowed).toBe(false);
      expect(
        (await ask(bearing(clientId, me, scope), 'Observation', { method: 'POST', purpose: 'TREAT' }))
          .allowed,
      ).toBe(true);
    });

    it('names the rule that says so, and where it stands', async () => {
      const { me, clientId } = await under({
        types: ['Encounter'],
        name: 'visits',
        hidden: ['Encounter.reasonCode'],
      });
      const allowed = await ask(bearing(clientId, me), `${use().base}/Encounter?status=finished`);
      expect(allowed).toMatchObject({
        allowed: true,
        role: 'practitioner',
        hidden: ['Encounter.reasonCode'],
      });
      const sources = allowed.rules.map(
        ({ says, source }) => `${says} ${source.replace(/policy-[^/]+/, 'ID')}`,
      );
      expect(sources).toEqual([
        'allows scope of the token',
        'allows Basic/ID/_history/1',
        'limits Basic/ID/_history/1',
      ]);
      const refused = await ask(bearing(clientId, me), 'Observation');
      expect(refused.decision).toMatch(
        /policies for the role practitioner do not let you search Observation/,
      );
      expect(refused.rules.find(({ source }) => source.startsWith('Basic/'))?.says).toBe('refuses');
      expect((await ask(bearing(clientId, me), 'Encounter?reason-code=1')).decision).toMatch(
        /reason-code looks at what is hidden/,
      );
      const scope = await ask(bearing(clientId, me, 'user/Patient.rs'), 'Encounter');
      expect([scope.allowed, scope.decision]).toEqual([
        false,
        expect.stringMatching(/takes a scope such as user\/Encounter.s/),
      ]);
    });

    it('tells what is wrong with a broken policy, and of the built-in ones where none is stored', async () => {
      const { me, clientId } = await doctor();
      const plain = await ask(bearing(clientId, me), 'Observation');
      expect(plain).toMatchObject({
        allowed: true,
        wouldFilter: false,
        scope: 'every Observation of the tenant',
      });
      expect(plain.rules.map(({ source }) => source)).toContain('built-in');
      await brokenPolicy(use(), { clients: [clientId] });
      const told = await ask(bearing(clientId, me), 'Observation');
      expect(told.allowed).toBe(false);
      expect(JSON.stringify(told.rules)).toMatch(/no-such-parameter/);
      const service = await ask(clientGrantee('some-service', 'system/Patient.rs'), 'Patient');
      expect(service).toMatchObject({ allowed: true, role: 'service' });
    });

    it('tells a bearer no more than a request would, and an operator whether it exists', async () => {
      const patient = bearing('app', `Patient/${use().a}`);
      const foreign = use().one(use().ofB, 'Observation').id;
      const [there, none] = [
        await ask(patient, `Observation/${foreign}`),
        await ask(patient, 'Observation/no-such-one'),
      ];
      expect(there.decision.replace(foreign, 'no-such-one')).toBe(none.decision);
      expect({ ...there, decision: '' }).toEqual({ ...none, decision: '' });
      expect((await ask(patient, `Observation/${foreign}`, { reveals: true })).decision).toMatch(
        /exists and lies outside/,
      );
    });
  });
}
