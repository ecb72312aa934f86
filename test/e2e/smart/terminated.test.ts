// Someone leaves: what was given in their name dies at once, on every thread. The server of these tests answers in turn by two of them.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { removeAccount, setDisabled } from '../../../src/smart/accounts.ts';
import { endSessions } from '../../../src/smart/devices.ts';
import { frontDesk } from '../../../src/front-desk.ts';
import { webApp } from '../../../src/web/app.ts';
import { PASSWORD, startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { withApp, withCodes } from '../../support/second-step.ts';
import { Visitor } from '../../support/visitor.ts';
import { authorization, authorize, PUBLIC_APP, redeem, refresh, seed, tokensOf } from './flow.ts';

let server: SmartServer;
let made = 0;
const OFFLINE = 'launch/patient patient/*.rs openid fhirUser offline_access';

beforeAll(async () => {
  server = await startSmartServer({
    pages: (composition, config) => webApp(frontDesk(composition, config, 'test')),
  });
  await seed(server);
  await server.client(PUBLIC_APP);
});
afterAll(() => server.stop());

async function person(): Promise<{ id: string; username: string }> {
  const username = `person-${++made}`;
  return {
    username,
    id: await server.account({ username, name: 'Anna', role: 'patient', fhirUser: 'Patient/anna' }),
  };
}

/** The same request on each thread. */
async function onEach<T>(ask: () => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let times = 0; times < 4; times++) answers.push(await ask());
  return answers;
}

const reads = (token: string): Promise<number[]> =>
  onEach(async () => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${server.base}/Patient/anna`, { headers })).status;
  });

async function isSignedIn(visitor: Visitor): Promise<boolean[]> {
  return onEach(async () =>
    (await visitor.open(`${server.origin}/account/security`)).text.includes('Where you are'),
  );
}

describe.each([
  ['switched off', (username: string) => setDisabled(server.tokens(), username, true, Date.now())],
  ['removed', (username: string) => removeAccount(server.tokens(), username, Date.now())],
])('an account that is %s', (_how, end) => {
  it('has no token, no session, no refresh and no code any more, from the next request on', async () => {
    const { id, username } = await person();
    const choices = { username };
    const tokens = await tokensOf(server, { scope: OFFLINE }, choices);
    const waiting = await authorize(server, { scope: OFFLINE }, choices);
    const { visitor } = await authorize(server, {}, choices);
    expect(await reads(tokens.access_token)).toEqual([200, 200, 200, 200]);
    expect(await isSignedIn(visitor)).toEqual([true, true, true, true]);

    await end(username);

    expect(await reads(tokens.access_token)).toEqual([401, 401, 401, 401]);
    const refreshed = await onEach(() => refresh(server, tokens.refresh_token));
    expect(refreshed.map(({ body }) => body.error)).toEqual(Array(4).fill('invalid_grant'));
    expect((await redeem(server, waiting)).body.error).toBe('invalid_grant');
    expect(await isSignedIn(visitor)).toEqual([false, false, false, false]);
    const silent = await visitor.send('GET', authorization(server, { over: { prompt: 'none' } }).url);
    expect(new URL(silent.headers.get('location')!).searchParams.get('error')).toBe('login_required');
    const left = await server.tokens().findBy('accountId', id, Date.now());
    expect(left).toEqual([]);
  }, 60_000);
});

it('an account that is removed leaves nothing of its second factors behind', async () => {
  const { id, username } = await person();
  await withApp(server, id);
  await withCodes(server, id);
  expect((await server.tokens().findBy('uid', id, Date.now())).length).toBeGreaterThan(10);
  await removeAccount(server.tokens(), username, Date.now());
  expect(await server.tokens().findBy('uid', id, Date.now())).toEqual([]);
});

it('what was switched off does not come back when the account is let in again', async () => {
  const { username } = await person();
  const tokens = await tokensOf(server, { scope: OFFLINE }, { username });
  await setDisabled(server.tokens(), username, true, Date.now());
  await setDisabled(server.tokens(), username, false, Date.now());
  expect(await reads(tokens.access_token)).toEqual([401, 401, 401, 401]);
  expect((await refresh(server, tokens.refresh_token)).body.error).toBe('invalid_grant');
});

it('signing out everywhere ends the sessions and what lasts as long as they, and leaves what was given for longer', async () => {
  const { id, username } = await person();
  const online = await authorize(server, { scope: `${OFFLINE.replace('offline', 'online')}` }, { username });
  const { body } = await redeem(server, online);
  const offline = await tokensOf(server, { scope: OFFLINE }, { username });
  const other = new Visitor();
  const page = await other.open(`${server.origin}/account/security`);
  await other.submit(page, [
    ['username', username],
    ['password', PASSWORD],
  ]);
  expect(await endSessions(server.tokens(), id, Date.now())).toBe(3);
  expect(await isSignedIn(other)).toEqual([false, false, false, false]);
  expect(await isSignedIn(online.visitor)).toEqual([false, false, false, false]);
  expect((await refresh(server, body.refresh_token)).body.error).toBe('invalid_grant');
  expect(await reads(body.access_token)).toEqual([401, 401, 401, 401]);
  expect(await reads(offline.access_token)).toEqual([200, 200, 200, 200]);
}, 60_000);
