/** Launches over a real socket: EHR and standalone, the tokens and what goes out beside them. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { valuesOf, Visitor } from '../../support/visitor.ts';
import * as flow from './flow.ts';
import { addClients } from './security.ts';

describe('launches', () => {
  let server: SmartServer;
  let people: flow.People;
  beforeAll(async () => {
    server = await startSmartServer();
    people = await flow.seed(server);
    await addClients(server);
  });
  afterAll(() => server.stop());

  const status = async (path: string, token: string): Promise<number> =>
    (await fetch(`${server.base}/${path}`, { headers: { authorization: `Bearer ${token}` } })).status;
  const scopesOf = (tokens: { scope: string }): string[] => tokens.scope.split(' ').sort();

  describe('standalone', () => {
    it('a clinician chooses among the patients', async () => {
      const tokens = await flow.tokensOf(server, {}, { patient: 'bella' });
      expect(tokens).toMatchObject({
        token_type: 'Bearer',
        expires_in: 3600,
        patient: 'bella',
        need_patient_banner: true,
      });
      expect(scopesOf(tokens)).toEqual(['fhirUser', 'launch/patient', 'openid', 'patient/*.rs']);
      expect(tokens.refresh_token).toBeUndefined();
      expect(await status('Patient/bella', tokens.access_token)).toBe(200);
      expect(await status('Patient/anna', tokens.access_token)).toBe(404);
    });

    it('finds a patient by name and birth date, and shows the recent ones first', async () => {
      const visitor = new Visitor();
      await flow.authorize(server, {}, { patient: 'kid' }, visitor);
      const page = await visitor.open(flow.authorization(server, {}).url);
      expect(valuesOf(page.text, 'patient')[0]).toBe('kid');
      const byName = await visitor.submit(page, [['name', 'bel cru']], '/search');
      expect(valuesOf(byName.text, 'patient')).toEqual(['bella']);
      const byDate = await visitor.submit(page, [['name', '1980-02-03']], '/search');
      expect(valuesOf(byDate.text, 'patient')).toEqual(['anna']);
      const nobody = await visitor.submit(page, [['name', 'zz']], '/search');
      expect(valuesOf(nobody.text, 'patient')).toEqual([]);
    });

    it('a patient has their own record and is not asked', async () => {
      const tokens = await flow.tokensOf(server, {}, { username: 'patient' });
      expect(tokens.patient).toBe('anna');
      expect(decodeJwt(tokens.id_token)).toMatchObject({
        fhirUser: `${server.base}/Patient/anna`,
        sub: people.patient,
      });
    });

    it('a parent has the record of the child', async () => {
      const tokens = await flow.tokensOf(server, {}, { username: 'parent' });
      expect(tokens.patient).toBe('kid');
      expect(await status('Patient/kid', tokens.access_token)).toBe(200);
      expect(await status('Patient/anna', tokens.access_token)).toBe(404);
    });

    it('who has no record is told so', async () => {
      const visitor = new Visitor();
      const end = await flow.walk(visitor, await visitor.open(flow.authorization(server, {}).url), {
        username: 'admin',
      });
      expect(end.status).toBe(403);
      expect(end.text).toContain('not linked to a patient record');
    });

    it('an encounter is chosen, or none', async () => {
      const scope = 'launch/encounter launch/patient patient/Encounter.rs';
      expect(await flow.tokensOf(server, { scope })).toMatchObject({ patient: 'anna', encounter: 'visit' });
      const none = await flow.tokensOf(server, { scope }, { encounter: '' });
      expect(none.encounter).toBeUndefined();
      const noVisits = await flow.tokensOf(server, { scope }, { patient: 'bella' });
      expect(noVisits).toMatchObject({ patient: 'bella' });
    });

    it('patient scopes bring a patient into context without launch/patient', async () => {
      expect((await flow.tokensOf(server, { scope: 'patient/Observation.rs' })).patient).toBe('anna');
    });

    it('user scopes alone need no patient', async () => {
      const tokens = await flow.tokensOf(server, { scope: 'user/Patient.rs openid fhirUser' });
      expect(tokens.patient).toBeUndefined();
      expect(await status('Patient/bella', tokens.access_token)).toBe(200);
    });

    it('version 1 scopes are asked and answered as such', async () => {
      const tokens = await flow.tokensOf(server, {
        scope: 'launch/patient patient/Patient.read patient/Observation.write profile openid',
      });
      expect(scopesOf(tokens)).toEqual([
        'launch/patient',
        'openid',
        'patient/Observation.write',
        'patient/Patient.read',
        'profile',
      ]);
      expect(decodeJwt(tokens.id_token)).toMatchObject({
        profile: `${server.base}/Practitioner/doc`,
        name: 'Dr Silva',
      });
      expect(await status('Patient/anna', tokens.access_token)).toBe(200);
    });

    it('what is not known is left out, and what is not R4', async () => {
      const tokens = await flow.tokensOf(server, {
        scope: 'launch/patient patient/Patient.rs email patient/ProcedureRequest.read __x',
      });
      expect(scopesOf(tokens)).toEqual(['launch/patient', 'patient/Patient.rs']);
    });
  });

  describe('EHR', () => {
    const context = {
      patient: 'anna',
      encounter: 'visit',
      intent: 'reconcile',
      need_patient_banner: false,
      fhirContext: [{ reference: 'ImagingStudy/1' }],
    };

    it('brings patient, encounter, intent, banner, style and more, and again on refresh', async () => {
      const launch = await flow.launchOf(server, { accountId: people.clinician, context });
      const tokens = await flow.tokensOf(server, {
        launch,
        scope: 'launch patient/Observation.rs offline_access',
      });
      expect(tokens).toMatchObject(context);
      const style = await fetch(tokens.smart_style_url);
      expect(style.headers.get('access-control-allow-origin')).toBe('*');
      expect(await style.json()).toHaveProperty('color_background');
      const again = await flow.refresh(server, tokens.refresh_token);
      expect(again.body).toMatchObject(context);
      expect(again.headers.get('cache-control')).toContain('no-store');
      expect(again.headers.get('pragma')).toBe('no-cache');
    });

    it('two tabs with two patients at once', async () => {
      const visitor = new Visitor();
      const tab = async (patient: string) => {
        const launch = await flow.launchOf(server, { accountId: people.clinician, context: { patient } });
        return flow.authorize(
          server,
          { launch, scope: 'launch patient/Patient.rs offline_access' },
          {},
          visitor,
        );
      };
      const first = (await flow.redeem(server, await tab('anna'))).body;
      const second = (await flow.redeem(server, await tab('bella'))).body;
      expect([first.patient, second.patient]).toEqual(['anna', 'bella']);
      expect(await status('Patient/anna', first.access_token)).toBe(200);
      expect(await status('Patient/bella', first.access_token)).toBe(404);
      expect((await flow.refresh(server, first.refresh_token)).body.patient).toBe('anna');
      expect((await flow.refresh(server, second.refresh_token)).body.patient).toBe('bella');
    });

    it('several apps opened at the same moment in one browser', async () => {
      const visitor = new Visitor();
      await flow.authorize(server, {}, {}, visitor);
      const open = async (patient: string): Promise<string | null> => {
        const launch = await flow.launchOf(server, {
          accountId: people.clinician,
          context: { patient },
          skipConsent: true,
        });
        const prepared = flow.authorization(server, { launch, scope: 'launch patient/Patient.rs' });
        const end = await visitor.open(prepared.url);
        const code = new URL(end.headers.get('location') ?? 'none:').searchParams.get('code');
        return code === null
          ? null
          : (await flow.redeem(server, { code, verifier: prepared.verifier })).body.patient;
      };
      const patients = ['anna', 'bella', 'kid', 'anna', 'bella', 'kid'];
      expect(await Promise.all(patients.map(open))).toEqual(patients);
    });

    it('an app that the operator trusts is not asked about, in an EHR launch alone', async () => {
      await server.client({ ...flow.PUBLIC_APP, client_id: 'trusted', skip_consent: true });
      const visitor = new Visitor();
      await flow.authorize(server, {}, {}, visitor);
      const launch = await flow.launchOf(server, {
        clientId: 'trusted',
        accountId: people.clinician,
        context,
      });
      const request = { clientId: 'trusted', launch, scope: 'launch patient/*.rs offline_access' };
      const prepared = flow.authorization(server, request);
      const end = await visitor.open(prepared.url);
      const code = new URL(end.headers.get('location')!).searchParams.get('code')!;
      const tokens = await flow.redeem(server, { code, verifier: prepared.verifier }, 'trusted');
      expect(tokens.body).toMatchObject({
        patient: 'anna',
        scope: expect.stringContaining('offline_access'),
      });
      const alone = await visitor.open(
        flow.authorization(server, { clientId: 'trusted', scope: 'user/Patient.rs' }).url,
      );
      expect(alone.text).toContain('name="decision"');
    });

    it('a launch of the demo signs its user in and goes through at once, over the session of another', async () => {
      const visitor = new Visitor();
      await flow.authorize(server, {}, { username: 'patient' }, visitor);
      for (const [accountId, patient] of [
        [people.clinician, 'bella'],
        [people.parent, 'kid'],
      ] as const) {
        const launch = await flow.launchOf(server, {
          accountId,
          context: { patient },
          signIn: true,
          skipConsent: true,
        });
        const prepared = flow.authorization(server, { launch, scope: 'launch patient/*.rs openid fhirUser' });
        const end = await visitor.open(prepared.url);
        const code = new URL(end.headers.get('location')!).searchParams.get('code')!;
        const { body } = await flow.redeem(server, { code, verifier: prepared.verifier });
        expect(body.patient).toBe(patient);
        expect(decodeJwt(body.id_token).sub).toBe(accountId);
      }
    });

    it('a launch without a patient lets the user choose one', async () => {
      const launch = await flow.launchOf(server, { accountId: people.clinician, context: {} });
      const tokens = await flow.tokensOf(
        server,
        { launch, scope: 'launch patient/*.rs' },
        { patient: 'kid' },
      );
      expect(tokens.patient).toBe('kid');
    });
  });

  describe('agreeing', () => {
    it('what is unticked is not granted', async () => {
      const scope = 'launch/patient patient/Patient.rs patient/Observation.rs patient/Condition.rs';
      const tokens = await flow.tokensOf(server, { scope }, { tick: ['patient/Patient.rs'] });
      expect(scopesOf(tokens)).toEqual(['launch/patient', 'patient/Patient.rs']);
      expect(await status('Observation?patient=anna', tokens.access_token)).toBe(403);
    });

    it('a kind of observations in place of all, and it stays so on refresh', async () => {
      const scope = 'launch/patient patient/Observation.rs offline_access';
      const visitor = new Visitor();
      const prepared = flow.authorization(server, { scope });
      let page = await visitor.open(prepared.url);
      while (!page.text.includes('name="decision"'))
        page = page.text.includes('name="password"')
          ? await visitor.submit(page, [
              ['username', 'clinician'],
              ['password', 'correct horse battery'],
            ])
          : await visitor.submit(page, [['patient', 'anna']]);
      const laboratory = valuesOf(page.text, 'scope').find((value) => /laboratory/.test(value))!;
      const end = await visitor.submit(page, [
        ['scope', laboratory],
        ['duration', '90-days'],
        ['decision', 'allow'],
      ]);
      const code = new URL(end.headers.get('location')!).searchParams.get('code')!;
      const tokens = (await flow.redeem(server, { code, verifier: prepared.verifier })).body;
      expect(scopesOf(tokens)).toEqual(['launch/patient', 'offline_access', laboratory].sort());
      const again = await flow.refresh(server, tokens.refresh_token);
      expect(again.body.scope.split(' ')).toContain(laboratory);
      expect(again.body.scope.split(' ')).not.toContain('patient/Observation.rs');
    });

    it('everything unticked is asked again, and No goes back as access_denied', async () => {
      const visitor = new Visitor();
      const prepared = flow.authorization(server, { scope: 'launch/patient patient/Patient.rs' });
      const page = await flow
        .walk(visitor, await visitor.open(prepared.url), { tick: [] })
        .catch((error: Error) => error);
      expect(page).not.toBeInstanceOf(Error);
      expect((page as { text: string }).text).toContain('Tick at least one');
      const denied = await flow.walk(visitor, await visitor.open(prepared.url), { deny: true });
      const to = new URL(denied.headers.get('location')!);
      expect(to.searchParams.get('error')).toBe('access_denied');
      expect(to.searchParams.get('state')).toBe(prepared.state);
    });

    it.each([
      ['90-days', 90],
      ['year', 365],
      ['until-stopped', 365],
    ])('a refresh token lasts as chosen: %s', async (duration, days) => {
      const { refresh_token: token } = await flow.tokensOf(
        server,
        { scope: 'launch/patient patient/*.rs offline_access' },
        { duration },
      );
      const seen = await flow.post(`${server.origin}/oidc/introspect`, { token }, await ownBearer());
      const left = (seen.body.exp * 1000 - Date.now()) / 86_400_000;
      expect(left).toBeGreaterThan(days - 0.01);
      expect(left).toBeLessThanOrEqual(days);
    });

    it('this once: no refresh token, and the app can see that from the scope', async () => {
      const tokens = await flow.tokensOf(
        server,
        { scope: 'launch/patient patient/*.rs offline_access' },
        { duration: 'visit' },
      );
      expect(tokens.refresh_token).toBeUndefined();
      expect(tokens.scope).not.toContain('offline_access');
    });

    it('online access lasts as long as the session', async () => {
      const tokens = await flow.tokensOf(server, { scope: 'launch/patient patient/*.rs online_access' });
      expect(tokens.scope).toContain('online_access');
      const again = await flow.refresh(server, tokens.refresh_token);
      expect(again.body).toMatchObject({ patient: 'anna', scope: expect.stringContaining('online_access') });
    });

    const ownBearer = async (): Promise<Record<string, string>> => {
      const tokens = await flow.tokensOf(server, { scope: 'launch/patient patient/Patient.rs' });
      return { authorization: `Bearer ${tokens.access_token}` };
    };
  });

  it('everything survives a restart: session, tokens, a launch under way', async () => {
    const visitor = new Visitor();
    const at = await flow.authorize(
      server,
      { scope: 'launch/patient patient/*.rs offline_access openid' },
      {},
      visitor,
    );
    const tokens = (await flow.redeem(server, at)).body;
    const next = flow.authorization(server, {});
    const page = await visitor.open(next.url);
    const before = await (await fetch(`${server.origin}/oidc/jwks`)).json();
    await server.restart();
    expect(await (await fetch(`${server.origin}/oidc/jwks`)).json()).toEqual(before);
    expect(await status('Patient/anna', tokens.access_token)).toBe(200);
    expect((await flow.refresh(server, tokens.refresh_token)).body.patient).toBe('anna');
    const end = await flow.walk(visitor, page, { patient: 'bella' });
    const code = new URL(end.headers.get('location')!).searchParams.get('code')!;
    expect((await flow.redeem(server, { code, verifier: next.verifier })).body.patient).toBe('bella');
  });
});
