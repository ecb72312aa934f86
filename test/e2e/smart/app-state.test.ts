/** App state, from its discovery to its limits. https://hl7.org/fhir/smart-app-launch/STU2.2/app-state.html */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import * as flow from './flow.ts';
import { addClients } from './security.ts';

const SYSTEM = 'https://app.example.org';

describe('app state', () => {
  let server: SmartServer;
  let endpoint: string;
  beforeAll(async () => {
    server = await startSmartServer();
    await flow.seed(server);
    await addClients(server);
    const found = (await (await fetch(`${server.base}/.well-known/smart-configuration`)).json()) as {
      associated_endpoints: { url: string; capabilities: string[] }[];
    };
    endpoint = found.associated_endpoints.find(({ capabilities }) =>
      capabilities.includes('smart-app-state'),
    )!.url;
  });
  afterAll(() => server.stop());

  const scope = 'launch/patient user/Basic.cuds patient/Basic.cuds';
  const tokenFor = async (
    clientId = 'public-app',
    choices: flow.Choices = {},
    scopes = scope,
  ): Promise<string> =>
    (await flow.tokensOf(server, { clientId, scope: scopes }, choices)).access_token as string;

  const call = async (
    token: string,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const answer = await fetch(`${endpoint}/Basic${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
  };

  const state = (subject: string | undefined, code: string, value = 'v') => ({
    resourceType: 'Basic',
    ...(subject !== undefined && { subject: { reference: `${server.base}/${subject}` } }),
    code: { coding: [{ system: SYSTEM, code }] },
    extension: [{ url: `${SYSTEM}/x`, valueString: value }],
  });
  const query = (code: string, subject: string) =>
    `?code=${encodeURIComponent(`${SYSTEM}|${code}`)}&subject=${encodeURIComponent(`${server.base}/${subject}`)}`;

  it('is made, found, changed by If-Match, and deleted', async () => {
    const token = await tokenFor();
    const made = await call(token, 'POST', '', state('Patient/anna', 'keys'));
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(`${endpoint}/Basic/${made.body.id}`);
    expect(made.headers.get('etag')).toBe(`W/"${made.body.meta.versionId}"`);
    const found = await call(token, 'GET', query('keys', 'Patient/anna'));
    expect(found.body).toMatchObject({ resourceType: 'Bundle', entry: [{ resource: made.body }] });

    const next = { ...made.body, extension: [{ url: `${SYSTEM}/x`, valueString: 'new' }] };
    const etag = made.headers.get('etag')!;
    expect((await call(token, 'PUT', `/${made.body.id}`, next)).status).toBe(400);
    const changed = await call(token, 'PUT', `/${made.body.id}`, next, { 'if-match': etag });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
    expect((await call(token, 'PUT', `/${made.body.id}`, next, { 'if-match': etag })).status).toBe(412);
    const moved = { ...next, subject: { reference: `${server.base}/Practitioner/doc` } };
    expect(
      (await call(token, 'PUT', `/${made.body.id}`, moved, { 'if-match': changed.headers.get('etag')! }))
        .status,
    ).toBe(412);

    expect((await call(token, 'DELETE', `/${made.body.id}`, undefined, { 'if-match': etag })).status).toBe(
      412,
    );
    const gone = await call(token, 'DELETE', `/${made.body.id}`, undefined, {
      'if-match': changed.headers.get('etag')!,
    });
    expect(gone.status).toBe(204);
    expect((await call(token, 'GET', query('keys', 'Patient/anna'))).body.entry).toEqual([]);
    const after = await call(token, 'PUT', `/${made.body.id}`, next, {
      'if-match': changed.headers.get('etag')!,
    });
    expect(after.status).toBe(412);
  });

  it('of parallel changes to one version one wins', async () => {
    const token = await tokenFor();
    const made = await call(token, 'POST', '', state('Patient/anna', 'race'));
    const etag = { 'if-match': made.headers.get('etag')! };
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        call(
          token,
          'PUT',
          `/${made.body.id}`,
          { ...made.body, extension: [{ url: 'x:y', valueString: `${i}` }] },
          etag,
        ),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412]);
  });

  it('is seen by its app alone, unless the operator shares the code', async () => {
    const own = await tokenFor();
    const made = await call(own, 'POST', '', state('Patient/anna', 'private'));
    const other = await tokenFor('other-app');
    expect((await call(other, 'GET', query('private', 'Patient/anna'))).body.entry).toEqual([]);
    const etag = { 'if-match': made.headers.get('etag')! };
    expect((await call(other, 'DELETE', `/${made.body.id}`, undefined, etag)).status).toBe(412);
    await server.client({ ...flow.PUBLIC_APP, client_id: 'companion', state_codes: [`${SYSTEM}|private`] });
    const companion = await tokenFor('companion');
    expect((await call(companion, 'GET', query('private', 'Patient/anna'))).body.entry).toHaveLength(1);
  });

  it('[33] of another patient or user is out of reach', async () => {
    const annas = await tokenFor();
    const bellas = await tokenFor('public-app', { patient: 'bella' });
    await call(annas, 'POST', '', state('Patient/anna', 'mine'));
    expect((await call(bellas, 'GET', query('mine', 'Patient/anna'))).body.entry).toEqual([]);
    expect((await call(bellas, 'POST', '', state('Patient/anna', 'mine'))).status).toBe(403);
    expect((await call(annas, 'POST', '', state('Practitioner/doc', 'mine'))).status).toBe(201);
    const patient = await tokenFor('public-app', { username: 'patient' });
    expect((await call(patient, 'POST', '', state('Practitioner/doc', 'mine'))).status).toBe(403);
    expect((await call(patient, 'GET', query('mine', 'Practitioner/doc'))).body.entry).toEqual([]);
  });

  it('follows the scopes: letters, level, code, and never patient/*', async () => {
    const reader = await tokenFor('public-app', {}, 'launch/patient patient/Basic.s');
    expect((await call(reader, 'POST', '', state('Patient/anna', 'x'))).status).toBe(403);
    expect((await call(reader, 'GET', query('x', 'Patient/anna'))).status).toBe(200);
    const star = await tokenFor('public-app', {}, 'launch/patient patient/*.cruds');
    expect((await call(star, 'POST', '', state('Patient/anna', 'x'))).status).toBe(403);
    const one = await tokenFor('public-app', {}, `launch/patient patient/Basic.cuds?code=${SYSTEM}|only`);
    expect((await call(one, 'POST', '', state('Patient/anna', 'other'))).status).toBe(403);
    expect((await call(one, 'POST', '', state('Patient/anna', 'only'))).status).toBe(201);
  });

  it('of the whole place is the operator’s to change', async () => {
    const clinician = await tokenFor();
    expect((await call(clinician, 'POST', '', state(undefined, 'config'))).status).toBe(403);
    const admin = await tokenFor('public-app', { username: 'admin' }, 'user/Basic.cuds');
    expect((await call(admin, 'POST', '', state(undefined, 'config'))).status).toBe(201);
    const global = `?code=${encodeURIComponent(`${SYSTEM}|config`)}&subject:missing=true`;
    expect((await call(clinician, 'GET', global)).body.entry).toHaveLength(1);
  });

  const bad: readonly (readonly [string, (good: Record<string, unknown>) => unknown, number])[] = [
    ['an id', (good) => ({ ...good, id: 'x' }), 400],
    ['a version', (good) => ({ ...good, meta: { versionId: '1' } }), 400],
    ['two codings', (good) => ({ ...good, code: { coding: [{ code: 'a' }, { code: 'b' }] } }), 400],
    ['a relative subject', (good) => ({ ...good, subject: { reference: 'Patient/anna' } }), 400],
    [
      'an extension of another type',
      (good) => ({ ...good, extension: [{ url: 'x', valueInteger: 1 }] }),
      400,
    ],
    ['a member that is not kept', (good) => ({ ...good, author: {} }), 400],
    ['another type', (good) => ({ ...good, resourceType: 'Patient' }), 400],
    [
      'more than 256 KB',
      (good) => ({ ...good, extension: [{ url: 'x', valueString: 'x'.repeat(262_144) }] }),
      413,
    ],
  ];
  it.each(bad)('%s is refused', async (_name, change, status) => {
    const token = await tokenFor();
    expect((await call(token, 'POST', '', change(state('Patient/anna', 'bad')))).status).toBe(status);
  });

  it('is not for strangers', async () => {
    expect((await call('made-up', 'GET', query('keys', 'Patient/anna'))).status).toBe(401);
  });

  it('survives a restart', async () => {
    const token = await tokenFor();
    await call(token, 'POST', '', state('Patient/anna', 'lasting'));
    await server.restart();
    expect((await call(token, 'GET', query('lasting', 'Patient/anna'))).body.entry).toHaveLength(1);
  });
});
