// Another OpenID provider as a way in, with the library itself as that provider: who gets in, who is linked to whom, and what is not believed.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { frontDesk } from '../../../src/front-desk.ts';
import { ACR } from '../../../src/smart/acr.ts';
import { setDisabled } from '../../../src/smart/accounts.ts';
import { addLink, linksOf } from '../../../src/smart/upstream/links.ts';
import { webApp } from '../../../src/web/app.ts';
import { withApp } from '../../support/second-step.ts';
import { PASSWORD, startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { startUpstreamProvider, type UpstreamProvider } from '../../support/upstream-provider.ts';
import { Visitor, valuesOf, type Visit } from '../../support/visitor.ts';
import { authorization, PUBLIC_APP, redeem, seed, walk } from './flow.ts';

let upstream: UpstreamProvider;
let server: SmartServer;
let made = 0;

async function start(settings: Record<string, string> = {}): Promise<SmartServer> {
  const started = await startSmartServer({
    settings: {
      UPSTREAM_ISSUER: upstream.issuer,
      UPSTREAM_CLIENT_ID: upstream.clientId,
      UPSTREAM_CLIENT_SECRET: upstream.clientSecret,
      UPSTREAM_NAME: 'the hospital',
      EGRESS_ALLOW: '127.0.0.1',
      ...settings,
    },
    pages: (composition, config) => webApp(frontDesk(composition, config, 'test')),
  });
  upstream.redirect(`${started.origin}/oidc/upstream/callback`);
  return started;
}

beforeAll(async () => {
  upstream = await startUpstreamProvider();
  server = await start();
  await seed(server);
  await server.client(PUBLIC_APP);
});
afterAll(async () => {
  await server.stop();
  await upstream.stop();
});
beforeEach(() => {
  upstream.who = { sub: `there-${++made}` };
});

interface Person {
  readonly id: string;
  readonly username: string;
}

async function person(where = server): Promise<Person> {
  const username = `person-${++made}`;
  const id = await where.account({ username, name: 'Anna Berg', role: 'patient', fhirUser: 'Patient/anna' });
  return { id, username };
}

const link = (who: Person, sub = upstream.who!.sub, where = server): Promise<boolean> =>
  addLink(where.tokens(), who.id, { issuer: upstream.issuer, subject: sub }, Date.now());

/** Presses the button of the provider; gives the address that the browser is sent to. */
async function press(visitor: Visitor, page: Visit): Promise<string> {
  const sent = await visitor.submit(page, [['back', valuesOf(page.text, 'back')[0]!]], '/upstream');
  const address = sent.headers.get('location');
  if (address === null) throw new Error(`${sent.status}: ${sent.text}`);
  return address;
}

/** Signs in there; gives the address of the answer. */
async function there(address: string): Promise<string> {
  const end = await new Visitor().open(address);
  return end.headers.get('location')!;
}

const signInPage = (visitor: Visitor, where = server): Promise<Visit> =>
  visitor.open(`${where.origin}/oidc/sign-in?return=%2Faccount%2Fsecurity`);

/** The whole way. */
async function comeBack(visitor: Visitor, where = server): Promise<Visit> {
  return visitor.open(await there(await press(visitor, await signInPage(visitor, where))));
}

const isIn = (visit: Visit): boolean => visit.text.includes('<h1>Sign-in and security</h1>');

async function signedIn(who: Person): Promise<Visitor> {
  const visitor = new Visitor();
  await visitor.submit(await signInPage(visitor), [
    ['username', who.username],
    ['password', PASSWORD],
  ]);
  return visitor;
}

describe('signing in with another provider', () => {
  it('sends state, nonce and PKCE there', async () => {
    const visitor = new Visitor();
    const { searchParams } = new URL(await press(visitor, await signInPage(visitor)));
    expect(searchParams.get('code_challenge_method')).toBe('S256');
    for (const name of ['state', 'nonce', 'code_challenge'])
      expect(searchParams.get(name)!.length).toBeGreaterThan(40);
    expect(searchParams.get('redirect_uri')).toBe(`${server.origin}/oidc/upstream/callback`);
  });

  it('lets in whom it is linked to', async () => {
    const who = await person();
    await link(who);
    const visitor = new Visitor();
    const page = await comeBack(visitor);
    expect([page.status, isIn(page)]).toEqual([200, true]);
  });

  it('lets nobody in who is linked to no account, whatever their name and address are', async () => {
    const who = await person();
    upstream.who = {
      sub: 'a-stranger',
      claims: { preferred_username: who.username, email: who.username, email_verified: true },
    };
    const visitor = new Visitor();
    const page = await comeBack(visitor);
    expect(page.status).toBe(403);
    expect(page.text).toContain('Nobody here is linked to your account there.');
    expect(isIn(await visitor.open(`${server.origin}/account/security`))).toBe(false);
    expect(await linksOf(server.tokens(), who.id, Date.now())).toEqual([]);
  });

  it('still asks for the second step of an account that has one', async () => {
    const who = await person();
    const app = await withApp(server, who.id);
    await link(who);
    const visitor = new Visitor();
    const next = await comeBack(visitor);
    expect(next.text).toContain('name="passed"');
    const end = await visitor.submit(next, [
      ['passed', valuesOf(next.text, 'passed')[0]!],
      ['code', app.code()],
    ]);
    expect(isIn(end)).toBe(true);
  });

  it('is a step of a launch too, and the token says how', async () => {
    const who = await person();
    await link(who);
    const visitor = new Visitor();
    const prepared = authorization(server, {});
    const page = await visitor.open(prepared.url);
    const back = await visitor.open(await there(await press(visitor, page)));
    const end = await walk(visitor, back);
    const code = new URL(end.headers.get('location')!).searchParams.get('code')!;
    const { body } = await redeem(server, { code, verifier: prepared.verifier });
    expect(decodeJwt(body.id_token as string)).toMatchObject({ sub: who.id, acr: ACR.pwd, amr: ['fed'] });
  });

  it('says so when they say no there, and when it does not answer', async () => {
    upstream.who = undefined;
    const visitor = new Visitor();
    const page = await comeBack(visitor);
    expect(page.status).toBe(400);
    expect(page.text).toContain('Signing in with the hospital did not work');
    const lost = await startSmartServer({
      settings: { UPSTREAM_ISSUER: 'http://127.0.0.1:9', UPSTREAM_CLIENT_ID: 'x', EGRESS_ALLOW: '127.0.0.1' },
    });
    const there2 = await signInPage(visitor, lost);
    const answer = await visitor.submit(there2, [['back', valuesOf(there2.text, 'back')[0]!]], '/upstream');
    expect(answer.status).toBe(503);
    await lost.stop();
  });

  it('lets in nobody whose account is switched off', async () => {
    const who = await person();
    await link(who);
    await setDisabled(server.tokens(), who.username, true, Date.now());
    expect((await comeBack(new Visitor())).status).toBe(403);
  });
});

describe('what comes back', () => {
  it('is taken once, and from the browser that asked', async () => {
    await link(await person());
    const [visitor, thief] = [new Visitor(), new Visitor()];
    const answer = await there(await press(visitor, await signInPage(visitor)));
    expect((await thief.open(answer)).status).toBe(400);
    // The thief's try used it up: nobody gets in by it.
    expect((await visitor.open(answer)).status).toBe(400);
    const again = await there(await press(visitor, await signInPage(visitor)));
    expect(isIn(await visitor.open(again))).toBe(true);
    expect((await visitor.open(again)).status).toBe(400);
  });

  it.each<[string, (answer: URL, other: URL) => void]>([
    ['no state', (answer) => answer.searchParams.delete('state')],
    ['a state that was made up', (answer) => answer.searchParams.set('state', 'x'.repeat(43))],
    ['another issuer', (answer) => answer.searchParams.set('iss', 'https://evil.example')],
    ['no issuer', (answer) => answer.searchParams.delete('iss')],
    [
      'the code of another sign-in',
      (answer, other) => answer.searchParams.set('code', other.searchParams.get('code')!),
    ],
    ['a code that was made up', (answer) => answer.searchParams.set('code', 'x')],
  ])('is not believed with %s', async (_what, change) => {
    await link(await person());
    const [visitor, attacker] = [new Visitor(), new Visitor()];
    const other = new URL(await there(await press(attacker, await signInPage(attacker))));
    const answer = new URL(await there(await press(visitor, await signInPage(visitor))));
    change(answer, other);
    const page = await visitor.open(answer.href);
    expect([page.status, isIn(page)]).toEqual([400, false]);
    expect(isIn(await visitor.open(`${server.origin}/account/security`))).toBe(false);
  });

  it('is started by our own forms alone', async () => {
    const [visitor, attacker] = [new Visitor(), new Visitor()];
    const theirs = await signInPage(attacker);
    await signInPage(visitor);
    const forced = await visitor.submit(theirs, [['back', valuesOf(theirs.text, 'back')[0]!]], '/upstream');
    expect(forced.status).toBe(400);
    const own = await signInPage(visitor);
    expect((await visitor.submit(own, [['back', 'made up']], '/upstream')).status).toBe(400);
  });
});

describe('linking', () => {
  const linkPage = (visitor: Visitor): Promise<Visit> =>
    visitor.open(`${server.origin}/account/security/link`);

  it('is done by who is signed in here and there, and undone by them', async () => {
    const who = await person();
    const visitor = await signedIn(who);
    const page = await visitor.open(await there(await press(visitor, await linkPage(visitor))));
    expect(page.text).toContain('Your other account is linked');
    expect(isIn(await comeBack(new Visitor()))).toBe(true);
    const { csrf } = { csrf: valuesOf(page.text, 'csrf')[0]! };
    const [{ id } = { id: '' }] = await linksOf(server.tokens(), who.id, Date.now());
    const form = new URLSearchParams({ csrf, do: 'unlink', id });
    await visitor.send('POST', `${server.origin}/account/security`, form);
    expect((await comeBack(new Visitor())).status).toBe(403);
  });

  it('does not take what is linked to someone else', async () => {
    await link(await person());
    const who = await person();
    const visitor = await signedIn(who);
    const page = await visitor.open(await there(await press(visitor, await linkPage(visitor))));
    expect(page.status).toBe(409);
    expect(await linksOf(server.tokens(), who.id, Date.now())).toEqual([]);
  });

  it('is not finished in another session: nobody is made to link a stranger', async () => {
    const [who, victim] = [await person(), await person()];
    const visitor = await signedIn(who);
    const answer = await there(await press(visitor, await linkPage(visitor)));
    const other = await signedIn(victim);
    expect((await other.open(answer)).status).toBe(400);
    expect(await linksOf(server.tokens(), victim.id, Date.now())).toEqual([]);
    expect(await linksOf(server.tokens(), who.id, Date.now())).toEqual([]);
  });
});

describe('the rule of the operator', () => {
  it('a claim is the user name: linked at the first time, and not given to who gets the name later', async () => {
    const own = await start({ UPSTREAM_USERNAME: 'preferred_username' });
    const who = await person(own);
    upstream.who = { sub: 'first', claims: { preferred_username: who.username.toUpperCase() } };
    expect(isIn(await comeBack(new Visitor(), own))).toBe(true);
    upstream.who = { sub: 'second', claims: { preferred_username: who.username } };
    expect((await comeBack(new Visitor(), own)).status).toBe(403);
    upstream.who = { sub: 'third', claims: { preferred_username: 'nobody-here' } };
    expect((await comeBack(new Visitor(), own)).status).toBe(403);
    upstream.who = { sub: 'first', claims: { preferred_username: 'another-name' } };
    expect(isIn(await comeBack(new Visitor(), own))).toBe(true);
    await own.stop();
  });

  it('an e-mail address counts only when it is verified', async () => {
    const own = await start({ UPSTREAM_USERNAME: 'email' });
    const username = 'anna@example.org';
    await own.account({ username, name: 'Anna', role: 'patient', fhirUser: 'Patient/anna' });
    for (const email_verified of [false, undefined, 'true']) {
      upstream.who = { sub: 'mail', claims: { email: username, email_verified } };
      expect((await comeBack(new Visitor(), own)).status).toBe(403);
    }
    upstream.who = { sub: 'mail', claims: { email: username, email_verified: true } };
    expect(isIn(await comeBack(new Visitor(), own))).toBe(true);
    await own.stop();
    upstream.redirect(`${server.origin}/oidc/upstream/callback`);
  });
});
