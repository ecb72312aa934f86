/** Narrowing and ending what was agreed to, as it is felt by an app: at its very next request, on either of two threads. docs/adr/0035 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  endAgreement,
  livingAgreement,
  livingAgreements,
  narrowAgreement,
} from '../../../src/smart/agreements.ts';
import type { TokenRecord } from '../../../src/store/ports.ts';
import type { SmartServer, SmartServerOptions } from '../../support/smart-server.ts';
import * as flow from './flow.ts';
import { addClients } from './security.ts';

export function agreementsHold(start: (options?: SmartServerOptions) => Promise<SmartServer>): void {
  let server: SmartServer;
  let people: flow.People;
  beforeAll(async () => {
    server = await start();
    people = await flow.seed(server);
    await addClients(server);
    const category = [
      {
        coding: [
          { system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' },
        ],
      },
    ];
    const code = { text: 'x' };
    const subject = { reference: 'Patient/anna' };
    await server.put({ resourceType: 'Observation', id: 'lab', status: 'final', code, subject, category });
    await server.put({ resourceType: 'Observation', id: 'other', status: 'final', code, subject });
    await server.put({ resourceType: 'Condition', id: 'ill', code, subject });
  });
  afterAll(() => server.stop());

  const status = async (path: string, token: string): Promise<number> =>
    (await fetch(`${server.base}/${path}`, { headers: { authorization: `Bearer ${token}` } })).status;
  /** Twice, so that each of the two threads answers. */
  const statuses = async (path: string, token: string): Promise<readonly number[]> => [
    await status(path, token),
    await status(path, token),
  ];
  const launched = async (
    scope = 'launch/patient patient/Observation.rs patient/Condition.rs offline_access',
  ) => {
    const tokens = await flow.tokensOf(server, { scope }, { username: 'patient' });
    const [newest] = await livingAgreements(server.tokens(), { accountId: people.patient }, Date.now());
    return { tokens, grantId: newest!.grantId };
  };
  const LAB =
    'patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory';

  it('is listed by person, by app and by patient', async () => {
    const { grantId } = await launched();
    const of = [{ accountId: people.patient }, { clientId: 'public-app' }, { patient: 'anna' }];
    for (const by of of) {
      const found = await livingAgreements(server.tokens(), by, Date.now());
      const one = found.find((each) => each.grantId === grantId);
      expect(one).toMatchObject({ clientId: 'public-app', accountId: people.patient, online: false });
      expect(one!.scope.split(' ')).toContain('patient/Observation.rs');
      expect(Math.abs(one!.madeAt - Date.now())).toBeLessThan(60_000);
    }
    expect(await livingAgreements(server.tokens(), { patient: 'bella' }, Date.now())).toEqual([]);
  });

  it('ends: the next request with the token fails on both threads, and so does its refresh token', async () => {
    const { tokens, grantId } = await launched();
    expect(await statuses('Condition/ill', tokens.access_token)).toEqual([200, 200]);
    expect(await endAgreement(server.tokens(), grantId)).toBe(true);
    expect(await statuses('Condition/ill', tokens.access_token)).toEqual([401, 401]);
    const answer = await flow.refresh(server, tokens.refresh_token);
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
    expect(await livingAgreement(server.tokens(), grantId, Date.now())).toBeUndefined();
    expect(await endAgreement(server.tokens(), grantId)).toBe(false);
  });

  it('is narrowed: the very token of the app shows less at its next request, and so do those that it refreshes to', async () => {
    const { tokens, grantId } = await launched();
    expect(await statuses('Observation/other', tokens.access_token)).toEqual([200, 200]);
    expect(
      await narrowAgreement(server.tokens(), grantId, ['launch/patient', LAB, 'offline_access'], Date.now()),
    ).toBe(true);
    const seen = async (token: string): Promise<readonly (readonly number[])[]> => [
      await statuses('Observation/lab', token),
      await statuses('Observation/other', token),
      await statuses('Condition/ill', token),
    ];
    const less = [
      [200, 200],
      [404, 404],
      [403, 403],
    ];
    expect(await seen(tokens.access_token)).toEqual(less);
    const first = await flow.refresh(server, tokens.refresh_token);
    expect([first.status, first.body.scope.split(' ').sort()]).toEqual([
      200,
      ['launch/patient', 'offline_access', LAB].sort(),
    ]);
    expect(await seen(first.body.access_token)).toEqual(less);
    const second = await flow.refresh(server, first.body.refresh_token);
    expect(await seen(second.body.access_token)).toEqual(less);
    expect((await livingAgreement(server.tokens(), grantId, Date.now()))!.scope.split(' ').sort()).toEqual(
      ['launch/patient', 'offline_access', LAB].sort(),
    );
  });

  it('is never widened by narrowing', async () => {
    const { tokens, grantId } = await launched('launch/patient patient/Observation.rs offline_access');
    await narrowAgreement(server.tokens(), grantId, ['patient/*.cruds', 'user/*.rs'], Date.now());
    expect(await statuses('Observation/other', tokens.access_token)).toEqual([200, 200]);
    expect(await statuses('Condition/ill', tokens.access_token)).toEqual([403, 403]);
    expect((await livingAgreement(server.tokens(), grantId, Date.now()))!.scope).toBe(
      'patient/Observation.rs',
    );
  });

  it('does not come back to life when it is ended while it is narrowed', async () => {
    const { tokens, grantId } = await launched();
    const store = server.tokens();
    const put = async (record: TokenRecord): Promise<void> => {
      if (record.model === 'Grant') await endAgreement(store, grantId);
      await store.put(record);
    };
    const racing = new Proxy(store, {
      get: (target, name) => {
        const own = Reflect.get(target, name) as unknown;
        if (name === 'put') return put;
        return typeof own === 'function' ? (own.bind(target) as unknown) : own;
      },
    });
    expect(await narrowAgreement(racing, grantId, ['launch/patient', LAB], Date.now())).toBe(false);
    expect(await statuses('Observation/lab', tokens.access_token)).toEqual([401, 401]);
    expect((await store.findBy('grantId', grantId, Date.now())).length).toBe(0);
  });

  it('holds a refresh that is under way while it is ended or narrowed: twenty races, nothing is left over', async () => {
    for (let round = 0; round < 20; round++) {
      const { tokens, grantId } = await launched();
      const [answer] = await Promise.all([
        flow.refresh(server, tokens.refresh_token),
        round % 2 === 0
          ? endAgreement(server.tokens(), grantId)
          : narrowAgreement(server.tokens(), grantId, ['launch/patient', LAB], Date.now()),
      ]);
      const given = [tokens.access_token, ...(answer.status === 200 ? [answer.body.access_token] : [])];
      // A token that was made in between may lack what only the narrowed scope says; it has nothing that was taken away.
      const expected = round % 2 === 0 ? [401] : [403, 404];
      for (const token of given) expect(expected).toContain(await status('Observation/other', token));
    }
  });
}
