/** Launches over a real socket: EHR and standalone, the tokens and what goes out beside them. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { launchOf, PUBLIC_APP, refresh, seed, tokensOf, type People } from './flow.ts';

describe('launches', () => {
  let server: SmartServer;
  let people: People;
  beforeAll(async () => {
    server = await startSmartServer();
    people = await seed(server);
    await server.client(PUBLIC_APP);
  });
  afterAll(() => server.stop());

  it('standalone: the clinician chooses a patient', async () => {
    const tokens = await tokensOf(server, {}, { patient: 'bella' });
    expect(tokens).toMatchObject({ token_type: 'Bearer', patient: 'bella', need_patient_banner: true });
    expect(tokens.scope.split(' ').sort()).toEqual(['fhirUser', 'launch/patient', 'openid', 'patient/*.rs']);
    expect(tokens.refresh_token).toBeUndefined();
  });

  it('EHR: the launch brings patient, encounter and intent', async () => {
    const context = { patient: 'anna', encounter: 'visit', intent: 'reconcile', need_patient_banner: false };
    const launch = await launchOf(server, { accountId: people.clinician, context });
    const tokens = await tokensOf(server, { launch, scope: 'launch patient/Observation.rs offline_access' });
    expect(tokens).toMatchObject(context);
    expect(tokens.scope).toContain('offline_access');
    const again = await refresh(server, tokens.refresh_token);
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject(context);
    expect(again.body.refresh_token).not.toBe(tokens.refresh_token);
  });
});
