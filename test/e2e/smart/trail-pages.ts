/** Who looked, as the patient, the person themselves and the operator read it on the pages: over a real server with its trail on. docs/adr/0035 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ownPages } from '../../support/front.ts';
import { PASSWORD, type SmartServer, type SmartServerOptions } from '../../support/smart-server.ts';
import { Visitor } from '../../support/visitor.ts';
import * as flow from './flow.ts';
import { addClients } from './security.ts';

const CROWD = 60;

export function trailIsTold(start: (options?: SmartServerOptions) => Promise<SmartServer>): void {
  let server: SmartServer;
  let patient: Visitor;
  let admin: Visitor;
  beforeAll(async () => {
    let origin = '';
    server = await start({ pages: ownPages(() => origin), settings: { AUDIT: 'on' } });
    ({ origin } = server);
    await flow.seed(server);
    await addClients(server);
    const code = { text: 'x' };
    for (const who of ['anna', 'bella'])
      await server.put({
        resourceType: 'Condition',
        id: `ill-${who}`,
        code,
        subject: { reference: `Patient/${who}` },
      });
    patient = await signedIn('patient');
    admin = await signedIn('admin');
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
  const get = async (path: string, token: string, headers: Record<string, string> = {}): Promise<number> =>
    (await fetch(`${server.base}/${path}`, { headers: { authorization: `Bearer ${token}`, ...headers } }))
      .status;
  const plain = (html: string): string =>
    html
      .replace(/<pre[\s\S]*?<\/pre>/g, '')
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ');
  const page = async (visitor: Visitor, path: string): Promise<string> =>
    plain((await visitor.open(server.origin + path)).text);
  /** What was noted is durable when the answer goes out, and is read back some moments later. */
  async function untilTold(read: () => Promise<string>, words: RegExp): Promise<void> {
    let text = '';
    for (let tries = 0; tries < 30; tries++) {
      text = await read();
      if (words.test(text)) return;
      await new Promise((done) => setTimeout(done, 100));
    }
    expect(text).toMatch(words);
  }
  const clinician = (): Promise<{ access_token: string }> =>
    flow.tokensOf(server, { scope: 'launch/patient user/*.rs' }, { username: 'clinician', patient: 'anna' });

  it('tells a patient who looked at what, why and with which app', async () => {
    const { access_token: token } = await clinician();
    expect(await get('Condition/ill-anna', token, { 'x-purpose-of-use': 'TREAT' })).toBe(200);
    await untilTold(
      () => page(patient, '/account/looked/anna'),
      /Dr Silva looked at diagnoses and health problems with Growth chart for treatment/,
    );
  });

  it('tells a patient nothing of another one, of whom one answer told as well', async () => {
    const { access_token: token } = await clinician();
    await server.put({
      resourceType: 'AllergyIntolerance',
      id: 'allergy',
      patient: { reference: 'Patient/bella' },
      code: { text: 'nuts' },
      clinicalStatus: {
        coding: [
          { system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'active' },
        ],
      },
    });
    expect(await get('AllergyIntolerance/allergy', token)).toBe(200);
    expect(await get('Patient', token)).toBe(200);
    const own = await patient.open(`${server.origin}/account/looked/anna`);
    expect(plain(own.text)).toMatch(/Dr Silva looked at .*name, birth date, sex and contact details/);
    expect(plain(own.text)).not.toContain('allergies');
    expect(own.text).not.toContain('bella');
    const { status } = await patient.open(`${server.origin}/account/looked/bella`);
    expect(status).toBe(404);
  });

  it('says when an app was last used, and calls the reader "You"', async () => {
    const scope = 'launch/patient patient/Condition.rs';
    const { access_token: token } = await flow.tokensOf(server, { scope }, { username: 'patient' });
    expect(await get('Condition', token)).toBe(200);
    await untilTold(() => page(patient, '/account'), /Last used today \d\d:\d\d UTC/);
    expect(await page(patient, '/account')).toMatch(
      /You looked at .*diagnoses and health problems.* with Growth chart/,
    );
  });

  it('tells a clinician what was done in their name', async () => {
    const visitor = await signedIn('clinician');
    const text = await page(visitor, '/account');
    expect(text).toMatch(/What was done in your name.*You looked at/);
  });

  it('is searched by an operator by person, patient, app, kind, outcome and time', async () => {
    const { access_token: token } = await flow.tokensOf(
      server,
      {},
      { username: 'clinician', patient: 'anna' },
    );
    expect(await get('Patient/bella', token)).toBe(404);
    const search = (query: string): Promise<string> => page(admin, `/console/access/trail?ask=1&${query}`);
    expect(await search('person=clinician')).toMatch(/Dr Silva looked at/);
    const { text } = await admin.open(
      `${server.origin}/console/access/trail?ask=1&patient=anna&happening=read`,
    );
    const beneath = /<pre[^>]*><code>([\s\S]*?)<\/code>/.exec(text)![1]!.replaceAll('&quot;', '"');
    expect(JSON.parse(beneath)).toMatchObject({
      resourceType: 'AuditEvent',
      action: 'R',
      source: { observer: { display: 'Embergate' } },
    });
    expect(await search(`person=clinician&after=${Buffer.from('["x"').toString('base64url')}`)).toMatch(
      /Dr Silva/,
    );
    expect(await search('patient=anna&happening=read')).toMatch(/Condition\/ill-anna/);
    expect(await search('patient=anna')).not.toContain('AllergyIntolerance/allergy');
    expect(await search('app=public-app&person=patient')).toMatch(/Anna Berg looked at/);
    expect(await search('app=public-app&person=patient')).not.toMatch(/Dr Silva/);
    expect(await search('outcome=refused')).toMatch(/refused/);
    expect(await search('person=clinician&to=2020-01-01T00:00')).toMatch(/Nothing was found/);
    expect(await search('person=nobody-here')).toMatch(/There is no account with the user name nobody-here/);
    expect(await search('happening=sign-in')).toMatch(/signed in/);
  });

  it('writes a search of the trail into the trail, and tells the patient', async () => {
    await page(admin, '/console/access/trail?ask=1&patient=anna');
    expect(await page(patient, '/account/looked/anna')).toMatch(
      /Operator looked at who looked at the record/,
    );
  });

  it('writes what an operator does, and why', async () => {
    const form = await admin.open(`${server.origin}/console/access/users/parent`);
    const to = '/console/access/users/parent';
    await admin.submit(
      form,
      [
        ['deed', 'user-end'],
        ['reason', 'phone was stolen'],
      ],
      to,
    );
    expect(await page(admin, '/console/access/trail?ask=1&happening=administration')).toMatch(
      /Operator changed who may do what: ended everything of the account parent phone was stolen/,
    );
  });

  it('is read a page at a time, to its end, each line once', async () => {
    const { access_token: token } = await clinician();
    for (let at = 0; at < 70; at++) await get(`Condition/nothing-${at}`, token);
    await untilTold(() => page(admin, '/console/access/trail?ask=1&person=clinician'), /nothing-69/);
    let path = '/console/access/trail?ask=1&person=clinician';
    const seen: string[] = [];
    for (let pages = 0; pages < 40; pages++) {
      const { text } = await admin.open(server.origin + path);
      seen.push(...[...text.matchAll(/\((?:Condition\/)(nothing-\d+)\)/g)].map(([, id]) => id!));
      const next = /href="(\/console\/access\/trail\?[^"]*after=[^"]*)"/.exec(text)?.[1];
      if (next === undefined) break;
      path = next.replaceAll('&amp;', '&');
    }
    expect([seen.length, new Set(seen).size]).toEqual([70, 70]);
  });

  it('shows an operator what is worth a look', async () => {
    for (let at = 0; at < CROWD; at++)
      await server.put({ resourceType: 'Patient', id: `crowd-${at}`, name: [{ family: `Crowd ${at}` }] });
    const { access_token: token } = await clinician();
    for (let at = 0; at < CROWD; at++) expect(await get(`Patient/crowd-${at}`, token)).toBe(200);
    const text = await page(admin, '/console/access/unusual');
    expect(text).toMatch(/Dr Silva opened the records of 6\d patients within 10 minutes/);
  });
}
