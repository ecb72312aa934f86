/** Who may act for a patient, and the end of it: on the pages of the patient, felt at the proxy's next request. https://hl7.org/fhir/R4/relatedperson.html */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ownPages } from '../../support/front.ts';
import { PASSWORD, startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { Visitor } from '../../support/visitor.ts';
import * as flow from './flow.ts';
import { addClients } from './security.ts';

describe('who may act for a patient', () => {
  let server: SmartServer;
  beforeAll(async () => {
    let origin = '';
    server = await startSmartServer({ pages: ownPages(() => origin) });
    ({ origin } = server);
    await flow.seed(server);
    await addClients(server);
    await server.account({ username: 'kim', name: 'Kim Dahl', role: 'patient', fhirUser: 'Patient/kid' });
    // A contact in the record whom no one can sign in as.
    const patient = { reference: 'Patient/kid' };
    await server.put({
      resourceType: 'RelatedPerson',
      id: 'aunt',
      active: true,
      patient,
      name: [{ text: 'Aunt Dahl' }],
    });
  });
  afterAll(() => server.stop());

  async function signedIn(username: string): Promise<Visitor> {
    const visitor = new Visitor();
    const form = await visitor.open(`${server.origin}/account`);
    await visitor.submit(form, [
      ['username', username],
      ['password', PASSWORD],
    ]);
    return visitor;
  }
  const status = async (path: string, token: string): Promise<readonly number[]> => {
    const one = async (): Promise<number> =>
      (await fetch(`${server.base}/${path}`, { headers: { authorization: `Bearer ${token}` } })).status;
    return [await one(), await one()];
  };

  it('is seen by the patient, who ends it, with the reason, at the proxy’s next request', async () => {
    const scope = 'launch/patient patient/Patient.rs user/Patient.rs offline_access';
    const tokens = await flow.tokensOf(server, { scope }, { username: 'parent' });
    expect(await status('Patient/kid', tokens.access_token)).toEqual([200, 200]);
    const patient = await signedIn('kim');
    const page = await patient.open(`${server.origin}/account`);
    expect(page.text).toContain('Mum Dahl');
    expect(page.text).not.toContain('Aunt Dahl');
    // What the proxy let in is the patient's to see and to stop as well.
    expect(page.text).toContain('Let in by');
    const end = '/account/people/mum/end';
    const form = await patient.open(server.origin + end);
    const done = await patient.submit(form, [['reason', 'I am grown up']], end);
    expect(done.text).toContain('can no longer act here');
    expect(done.text).not.toContain('/account/people/mum/end');
    expect((await status('Patient/kid', tokens.access_token)).includes(200)).toBe(false);
    expect((await flow.refresh(server, tokens.refresh_token)).body.error).toBe('invalid_grant');
    const parent = await signedIn('parent');
    expect((await parent.open(`${server.origin}/account`)).text).not.toContain('Kim');
  });

  it('cannot be ended by someone whose record it is not', async () => {
    await server.put({
      resourceType: 'RelatedPerson',
      id: 'mum',
      active: true,
      patient: { reference: 'Patient/kid' },
    });
    for (const username of ['patient', 'clinician', 'admin']) {
      const visitor = await signedIn(username);
      const { status: code } = await visitor.open(`${server.origin}/account/people/mum/end`);
      expect([username, code]).toEqual([username, 404]);
    }
  });
});
