/**
 * Attacks on codes, tokens and client assertions. The number in brackets is that of the item in the list of attacks. Run over both stores.
 * https://www.rfc-editor.org/rfc/rfc9700, https://hl7.org/fhir/smart-app-launch/STU2.2/best-practices.html
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { decodeJwt } from 'jose';
import { secretId } from '../../../src/access/access-token.ts';
import { endAccess } from '../../../src/smart/accounts.ts';
import type { SmartServer } from '../../support/smart-server.ts';
import { Visitor } from '../../support/visitor.ts';
import { assertion, backendClient, backendToken, keyPair, type KeyPair } from './assertion.ts';
import * as flow from './flow.ts';
import { type Attacked } from './security.ts';

const OFFLINE = 'launch/patient patient/*.rs offline_access';

export function attackTokens(attacked: () => Attacked): void {
  let server: SmartServer;
  let people: flow.People;
  let keys: KeyPair;
  beforeAll(() => {
    ({ server, people, keys } = attacked());
  });

  const introspected = async (token: string) =>
    flow.post(
      `${server.origin}/oidc/introspect`,
      { token },
      flow.basic('confidential-app', flow.CONFIDENTIAL_APP.client_secret),
    );
  /** whether the FHIR base takes the token */
  const works = async (token: string): Promise<boolean> =>
    (await fetch(`${server.base}/Patient/anna`, { headers: { authorization: `Bearer ${token}` } })).status ===
    200;

  describe('codes and tokens', () => {
    it('[2] a code is good once; its replay takes the tokens back', async () => {
      const at = await flow.authorize(server);
      const first = await flow.redeem(server, at);
      expect(first.status).toBe(200);
      expect(await works(first.body.access_token)).toBe(true);
      expect(await flow.redeem(server, at)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
      expect(await works(first.body.access_token)).toBe(false);
    });

    it('[2] of parallel redemptions of one code one wins, and its token works', async () => {
      for (let round = 0; round < 3; round++) {
        const at = await flow.authorize(server);
        const answers = await Promise.all(Array.from({ length: 6 }, () => flow.redeem(server, at)));
        const won = answers.filter(({ status }) => status === 200);
        expect(won).toHaveLength(1);
        expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(5);
      }
    });

    it('[2] a code is bound to its client and redirect_uri', async () => {
      const at = await flow.authorize(server);
      expect((await flow.redeem(server, at, 'other-app')).body.error).toBe('invalid_grant');
      const elsewhere = await flow.post(`${server.origin}/oidc/token`, {
        grant_type: 'authorization_code',
        code: at.code,
        redirect_uri: `${flow.REDIRECT}/`,
        code_verifier: at.verifier,
        client_id: 'public-app',
      });
      expect(elsewhere.body.error).toBe('invalid_grant');
      expect((await flow.redeem(server, at)).status).toBe(200);
    });

    it('[9] a refresh token is good once; its reuse ends the whole family', async () => {
      const first = await flow.tokensOf(server, { scope: OFFLINE });
      const second = (await flow.refresh(server, first.refresh_token)).body;
      expect(second.refresh_token).not.toBe(first.refresh_token);
      expect((await flow.refresh(server, first.refresh_token)).body.error).toBe('invalid_grant');
      expect((await flow.refresh(server, second.refresh_token)).body.error).toBe('invalid_grant');
      expect(await works(second.access_token)).toBe(false);
    });

    it('[9] of parallel refreshes with one token one wins', async () => {
      const { refresh_token: token } = await flow.tokensOf(server, { scope: OFFLINE });
      const answers = await Promise.all(Array.from({ length: 6 }, () => flow.refresh(server, token)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(5);
    });

    it('[9] a refresh token is bound to its client, and ends with the access of the account', async () => {
      const tokens = await flow.tokensOf(server, { scope: OFFLINE }, { username: 'patient' });
      const stolen = await flow.refresh(server, tokens.refresh_token, { client_id: 'other-app' });
      expect(stolen.body.error).toBe('invalid_grant');
      await endAccess(server.tokens(), people.patient, Date.now());
      expect((await flow.refresh(server, tokens.refresh_token)).body.error).toBe('invalid_grant');
      expect(await works(tokens.access_token)).toBe(false);
    });

    it('[10] a refresh can narrow the scopes and not widen them, in letters or meaning', async () => {
      const { refresh_token: token } = await flow.tokensOf(server, {
        scope: 'launch/patient patient/Observation.rs offline_access',
      });
      for (const scope of [
        'patient/*.rs',
        'patient/Observation.cruds',
        'user/Observation.rs',
        'patient/Observation.rs patient/Patient.r',
      ]) {
        expect(await flow.refresh(server, token, { scope })).toMatchObject({
          status: 400,
          body: { error: 'invalid_scope' },
        });
      }
      const narrowed = await flow.refresh(server, token, { scope: 'patient/Observation.rs' });
      expect(narrowed).toMatchObject({ status: 200, body: { scope: 'patient/Observation.rs' } });
    });

    it('[12] id_token, refresh token, code and a token in the address are no bearers', async () => {
      const at = await flow.authorize(server, { scope: `${OFFLINE} openid fhirUser` });
      expect(await works(at.code)).toBe(false);
      const tokens = (await flow.redeem(server, at)).body;
      expect(await works(tokens.id_token)).toBe(false);
      expect(await works(tokens.refresh_token)).toBe(false);
      const inAddress = await fetch(`${server.base}/Patient/anna?access_token=${tokens.access_token}`);
      expect(inAddress.status).toBe(401);
      expect(await works(tokens.access_token)).toBe(true);
    });

    it('[15] a token that is bound to a key is no plain bearer', async () => {
      const tokens = await flow.tokensOf(server);
      const id = secretId(tokens.access_token);
      const record = (await server.tokens().find('AccessToken', id, Date.now()))!;
      const payload = JSON.stringify({ ...JSON.parse(record.payload), jkt: 'thumbprint' });
      await server.tokens().put({ ...record, payload });
      expect(await works(tokens.access_token)).toBe(false);
    });

    it('[18] a stranger learns nothing by introspection and revokes nothing', async () => {
      const tokens = await flow.tokensOf(server, { scope: OFFLINE });
      for (const token of [tokens.access_token, tokens.refresh_token, 'made-up']) {
        expect((await introspected(token)).body).toEqual({ active: false });
        const other = await flow.post(`${server.origin}/oidc/revoke`, { token, client_id: 'other-app' });
        expect(other.status).toBe(200);
      }
      expect(await works(tokens.access_token)).toBe(true);
      expect((await flow.refresh(server, tokens.refresh_token)).status).toBe(200);
    });

    it('[7] no token, code, launch or password is in an event', async () => {
      const launch = await flow.launchOf(server, {
        accountId: people.clinician,
        context: { patient: 'anna' },
      });
      const request = { launch, scope: 'launch patient/*.rs offline_access openid' };
      const at = await flow.authorize(server, request);
      const tokens = (await flow.redeem(server, at)).body;
      await flow.redeem(server, at);
      await flow.refresh(server, tokens.refresh_token);
      await new Visitor().send('GET', flow.authorization(server, request).url);
      const noted = JSON.stringify(server.events);
      expect(server.events.filter(({ outcome }) => outcome === 'refused').length).toBeGreaterThan(1);
      const { access_token: access, refresh_token: again, id_token: id } = tokens as Record<string, string>;
      for (const one of [launch, at.code, at.verifier, access!, again!, id!, 'correct horse battery'])
        expect(noted).not.toContain(one);
    });

    it('[20] nothing that is a secret can be read in the store', async () => {
      const secret = flow.CONFIDENTIAL_APP.client_secret;
      const at = await flow.authorize(server, { scope: `${OFFLINE} openid` });
      const used = await flow.launchOf(server, { accountId: people.clinician });
      const tokens = (await flow.redeem(server, at)).body;
      const session = [...at.visitor.cookies()].map(([, { value }]) => value);
      const secrets = [secret, at.code, used, tokens.access_token, tokens.refresh_token, ...session].filter(
        (one) => one.length > 20,
      );
      expect(secrets.length).toBeGreaterThan(5);
      const kept = await everything(server);
      expect(kept.length).toBeGreaterThan(1000);
      for (const one of secrets) expect(kept).not.toContain(one);
      expect(kept).not.toMatch(/"(?:d|dp|dq|qi)":/);
    });
  });

  describe('assertions', () => {
    const refused = async (signed: string): Promise<string> => {
      const answer = await backendToken(server, signed);
      expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
      return String(answer.body.error_description);
    };
    const seconds = (): number => Math.floor(Date.now() / 1000);

    it('[13] alg none and HS256 with the public key as secret are refused', async () => {
      const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      const claims = decodeJwt(await assertion(server, 'backend', keys));
      await refused(`${part({ alg: 'none', kid: 'key-1' })}.${part(claims)}.`);
      const text = `${part({ alg: 'HS256', kid: 'key-1' })}.${part(claims)}`;
      const mac = createHmac('sha256', JSON.stringify(keys.publicJwk)).update(text).digest('base64url');
      await refused(`${text}.${mac}`);
    });

    const faults: readonly (readonly [string, Parameters<typeof assertion>[3], RegExp])[] = [
      ['an unknown kid', { header: { kid: 'nobody' } }, /kid nobody is not in .*key-1/],
      ['no kid', { header: { kid: undefined } }, /kid is missing/],
      ['a foreign jku', { header: { jku: 'https://evil.test/jwks' } }, /jku/],
      ['another typ', { header: { typ: 'at+jwt' } }, /typ/],
      ['exp an hour ahead', { claims: { exp: Math.floor(Date.now() / 1000) + 3600 } }, /300 seconds/],
      ['no exp', { claims: { exp: undefined } }, /exp/],
      [
        'exp long past',
        { claims: { exp: Math.floor(Date.now() / 1000) - 120 } },
        /expired.*the time here is/,
      ],
      ['no jti', { claims: { jti: undefined } }, /jti/],
      ['the audience of another server', { claims: { aud: 'https://other.test/token' } }, /aud/],
      ['another iss', { claims: { iss: 'other-backend' } }, /iss/],
      ['another sub', { claims: { sub: 'other-backend' } }, /./],
    ];
    it.each(faults)('[13] %s is refused, and said', async (_name, over, said) => {
      expect(await refused(await assertion(server, 'backend', keys, over))).toMatch(said);
    });

    it('[13] two keys of one kid are refused', async () => {
      const twin = await keyPair('ES384', 'key-1');
      await server.client(backendClient('twins', [keys, twin]));
      await refused(await assertion(server, 'twins', keys));
    });

    it('[13] an assertion is good once, in parallel too', async () => {
      const signed = await assertion(server, 'backend', keys);
      const answers = await Promise.all(Array.from({ length: 6 }, () => backendToken(server, signed)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ body }) => body.error === 'invalid_client')).toHaveLength(5);
      expect((await backendToken(server, signed)).status).toBe(401);
    });

    it('[13] a withdrawn key is refused at once', async () => {
      await server.client(backendClient('rotating', [keys]));
      expect((await backendToken(server, await assertion(server, 'rotating', keys))).status).toBe(200);
      await server.client(backendClient('rotating', [await keyPair('ES384', 'key-new')]));
      await refused(await assertion(server, 'rotating', keys));
    });

    it('[19] clocks may differ by a minute, not by more', async () => {
      const at = (off: number) =>
        assertion(server, 'backend', keys, { claims: { iat: seconds() + off, exp: seconds() + off + 1 } });
      expect((await backendToken(server, await at(-50))).status).toBe(200);
      await refused(await at(-70));
      const ahead = (off: number) => assertion(server, 'backend', keys, { claims: { nbf: seconds() + off } });
      expect((await backendToken(server, await ahead(50))).status).toBe(200);
      await refused(await ahead(90));
    });

    it('[11] a backend service gets no more than it is registered for, and is told', async () => {
      for (const scope of [
        'system/*.rs',
        'system/Patient.cruds',
        'patient/Patient.rs',
        'system/Encounter.rs',
        'system/Patient.sr',
      ]) {
        const answer = await backendToken(server, await assertion(server, 'backend', keys), scope);
        expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
        expect(answer.body.error_description).toContain(scope);
      }
    });
  });
}

/** Everything that the token store holds, as text. */
async function everything(server: SmartServer): Promise<string> {
  const models = [
    'AccessToken',
    'AuthorizationCode',
    'Client',
    'ClientCredentials',
    'Grant',
    'Interaction',
    'Launch',
    'LaunchContext',
    'RefreshToken',
    'RegistrationAccessToken',
    'ReplayDetection',
    'Session',
    'SigningKey',
    'Account',
  ];
  const records = await Promise.all(models.map((model) => server.tokens().list(model, Date.now(), 1000)));
  return JSON.stringify(records);
}
