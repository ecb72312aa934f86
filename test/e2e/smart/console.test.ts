/** What an operator does in the console, as it is felt at the very next request, on either of two threads; and who is kept out of it. docs/adr/0035 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ownPages } from '../../support/front.ts';
import { PASSWORD, startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { Visitor, type Visit } from '../../support/visitor.ts';
import * as flow from './flow.ts';
import { addClients } from './security.ts';

describe('the console', () => {
  let server: SmartServer;
  let admin: Visitor;
  beforeAll(async () => {
    let origin = '';
    server = await startSmartServer({ pages: ownPages(() => origin) });
    ({ origin } = server);
    await flow.seed(server);
    await addClients(server);
    const code = { text: 'x' };
    await server.put({ resourceType: 'Condition', id: 'ill', code, subject: { reference: 'Patient/anna' } });
    admin = await signedIn('admin');
  });
  afterAll(() => server.stop());

  async function signedIn(username: string, password = PASSWORD, path = '/console'): Promise<Visitor> {
    const visitor = new Visitor();
    const form = await visitor.open(server.origin + path);
    await visitor.submit(form, [
      ['username', username],
      ['password', password],
    ]);
    return visitor;
  }
  const status = async (path: string, token: string): Promise<readonly number[]> => {
    const one = async (): Promise<number> =>
      (await fetch(`${server.base}/${path}`, { headers: { authorization: `Bearer ${token}` } })).status;
    return [await one(), await one()];
  };
  const change = async (
    path: string,
    deed: string,
    more: readonly (readonly [string, string])[] = [],
    visitor = admin,
  ): Promise<Visit> => {
    const page = await visitor.open(`${server.origin}/console/access/${path}`);
    return visitor.submit(page, [['deed', deed], ['reason', 'a test'], ...more], `/console/access/${path}`);
  };

  it('is for operators alone', async () => {
    for (const username of ['clinician', 'patient', 'parent']) {
      const visitor = await signedIn(username);
      for (const path of ['', '/access/users', '/access/trail?ask=1', '/access/policies/new']) {
        const { status: code, text } = await visitor.open(`${server.origin}/console${path}`);
        expect([username, path, code]).toEqual([username, path, 403]);
        expect(text).not.toContain('confidential-app');
      }
    }
  });

  it('takes no change from one who is no operator, with a proof of a form of theirs', async () => {
    const visitor = await signedIn('clinician', PASSWORD, '/account');
    const page = await visitor.open(`${server.origin}/account`);
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)![1]!;
    const form = new URLSearchParams({ csrf, deed: 'user-disable', reason: 'x' });
    const { status: code } = await visitor.send(
      'POST',
      `${server.origin}/console/access/users/patient`,
      form,
    );
    expect(code).toBe(403);
    expect((await server.tokens().find('Account', 'patient', Date.now()))!.payload).not.toContain('disabled');
  });

  it('takes no change without a reason', async () => {
    const page = await admin.open(`${server.origin}/console/access/users/patient`);
    const to = '/console/access/users/patient';
    const answer = await admin.submit(
      page,
      [
        ['deed', 'user-disable'],
        ['reason', ' '],
      ],
      to,
    );
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('Say in a few words why.');
  });

  it('switches a person off: sessions, tokens and refresh tokens die at once', async () => {
    const tokens = await flow.tokensOf(
      server,
      { scope: 'launch/patient patient/*.rs offline_access' },
      { username: 'patient' },
    );
    const visitor = await signedIn('patient', PASSWORD, '/account');
    expect(await status('Condition/ill', tokens.access_token)).toEqual([200, 200]);
    const answer = await change('users/patient', 'user-disable');
    expect(answer.text).toContain('The account is switched off.');
    expect(await status('Condition/ill', tokens.access_token)).toEqual([401, 401]);
    expect((await flow.refresh(server, tokens.refresh_token)).body.error).toBe('invalid_grant');
    for (let thread = 0; thread < 2; thread++)
      expect((await visitor.send('GET', `${server.origin}/account`)).headers.get('location')).toMatch(
        /sign-in/,
      );
    const again = await signedIn('patient', PASSWORD, '/account');
    expect((await again.open(`${server.origin}/account`)).text).not.toContain('Connected apps');
    await change('users/patient', 'user-enable');
    const back = await signedIn('patient', PASSWORD, '/account');
    expect((await back.open(`${server.origin}/account`)).text).toContain('Connected apps');
  });

  it('adds a person, whose password is told once and signs in', async () => {
    const page = await admin.open(`${server.origin}/console/access/users/new`);
    const told = await admin.submit(
      page,
      [
        ['username', 'nora'],
        ['name', 'Nora Lind'],
        ['role', 'practitioner'],
        ['fhirUser', 'Practitioner/doc'],
        ['reason', 'new in the practice'],
      ],
      '/users/new',
    );
    const password = /<code>([\w-]{20})<\/code>/.exec(told.text)?.[1];
    expect(told.headers.get('cache-control')).toBe('no-store');
    const visitor = await signedIn('nora', password, '/account');
    expect((await visitor.open(`${server.origin}/account`)).text).toContain('Nora Lind');
    const faulty = await admin.submit(
      page,
      [
        ['username', 'nils'],
        ['name', 'Nils'],
        ['role', 'patient'],
        ['fhirUser', 'Practitioner/doc'],
        ['reason', 'x'],
      ],
      '/users/new',
    );
    expect([faulty.status, faulty.text.includes('such as Patient/123')]).toEqual([422, true]);
    expect(await server.tokens().find('Account', 'nils', Date.now())).toBeUndefined();
  });

  it('does not let an operator saw off the branch that they sit on', async () => {
    const answer = await change('users/admin', 'user-disable');
    expect([answer.status, answer.text.includes('This is your own account')]).toEqual([422, true]);
  });

  it('switches an app off: its tokens are refused, and it cannot be launched, until it is switched on', async () => {
    const tokens = await flow.tokensOf(server, {}, { username: 'patient' });
    expect(await status('Condition/ill', tokens.access_token)).toEqual([200, 200]);
    await change('clients/public-app', 'client-disable');
    expect(await status('Condition/ill', tokens.access_token)).toEqual([401, 401]);
    const launch = await new Visitor().open(flow.authorization(server, {}).url);
    expect(launch.status).toBe(400);
    await change('clients/public-app', 'client-enable');
    expect((await flow.tokensOf(server, {}, { username: 'patient' })).access_token).toBeDefined();
  });

  it('gives an app a new secret, and the old one works for a day more', async () => {
    const told = await change('clients/confidential-app', 'client-rotate');
    const secret = /<code>([\w-]{43})<\/code>/.exec(told.text)![1]!;
    const { clientId, old } = { clientId: 'confidential-app', old: flow.CONFIDENTIAL_APP.client_secret };
    for (const one of [secret, old]) {
      const form = { token: 'nothing' };
      const { status: code } = await flow.post(
        `${server.origin}/oidc/introspect`,
        form,
        flow.basic(clientId, one),
      );
      expect(code).toBe(200);
    }
  });

  it('ends one session, and what one app may do for one person', async () => {
    const tokens = await flow.tokensOf(server, {}, { username: 'parent' });
    const visitor = await signedIn('parent', PASSWORD, '/account');
    const page = await admin.open(`${server.origin}/console/access/users/parent`);
    const given = /href="(\/console\/access\/given\/[^"]+)"/.exec(page.text)![1]!;
    const sessions = [...page.text.matchAll(/href="(\/console\/access\/sessions\/[^"]+)"/g)].map(([, href]) =>
      href!.replaceAll('&amp;', '&'),
    );
    expect(await status('Patient/kid', tokens.access_token)).toEqual([200, 200]);
    await admin.submit(await admin.open(server.origin + given), [['reason', 'x']], given);
    expect(await status('Patient/kid', tokens.access_token)).toEqual([401, 401]);
    expect(sessions.length).toBeGreaterThan(0);
    for (const one of sessions)
      await admin.submit(await admin.open(server.origin + one), [['reason', 'x']], one);
    expect((await visitor.send('GET', `${server.origin}/account`)).status).toBe(303);
  });

  it('puts rules into force after trying them, and takes them out again', async () => {
    const tokens = await flow.tokensOf(
      server,
      { scope: 'launch/patient user/*.rs' },
      { username: 'clinician', patient: 'anna' },
    );
    const text = JSON.stringify({
      resourceType: 'Basic',
      code: {
        coding: [{ system: 'urn:embergate:CodeSystem:kinds', code: 'access-policy' }],
        text: 'Only names',
      },
      extension: [
        { url: 'urn:embergate:access:for', extension: [{ url: 'role', valueCode: 'practitioner' }] },
        {
          url: 'urn:embergate:access:rule',
          extension: [
            { url: 'name', valueString: 'only patients' },
            { url: 'type', valueCode: 'Patient' },
            { url: 'action', valueCode: 'read' },
          ],
        },
      ],
    });
    const trial = await change('policies/new', 'policy-try', [
      ['text', text],
      ['who', 'clinician'],
      ['method', 'GET'],
      ['url', 'Condition/ill'],
    ]);
    expect(trial.text).toMatch(/<strong>refuses<\/strong>: only patients/);
    expect(await status('Condition/ill', tokens.access_token)).toEqual([200, 200]);
    const kept = await change('policies/new', 'policy-save', [['text', text]]);
    expect(kept.text).toContain('The rules are in force');
    expect(await status('Condition/ill', tokens.access_token)).toEqual([403, 403]);
    expect(await status('Patient/anna', tokens.access_token)).toEqual([200, 200]);
    const id = /href="\/console\/access\/policies\/([^"]+)">Only names/.exec(kept.text)![1]!;
    expect(kept.text).toContain('only patients: read Patient');
    const faulty = await change(`policies/${id}`, 'policy-save', [
      ['text', text.replace('"read"', '"reed"')],
    ]);
    expect([faulty.status, faulty.text.includes('reed')]).toEqual([422, true]);
    await change(`policies/${id}`, 'policy-remove', [['text', text]]);
    expect(await status('Condition/ill', tokens.access_token)).toEqual([200, 200]);
  });

  it('keeps nothing but rules as rules', async () => {
    const text = JSON.stringify({ resourceType: 'Patient', id: 'anna', active: false });
    const answer = await change('policies/new', 'policy-save', [['text', text]]);
    expect([answer.status, answer.text.includes('resourceType must be Basic')]).toEqual([422, true]);
  });
});
