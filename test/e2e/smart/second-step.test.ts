// The second step of a sign-in, and how strong a sign-in apps ask for and are told of.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { ACR } from '../../../src/smart/acr.ts';
import { setPassword } from '../../../src/smart/accounts.ts';
import { withApp, withCodes, type App } from '../../support/second-step.ts';
import { PASSWORD, startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { Visitor, valuesOf, type Visit } from '../../support/visitor.ts';
import { authorization, PUBLIC_APP, redeem, seed, walk, type Prepared, type Request } from './flow.ts';

let server: SmartServer;
let made = 0;

beforeAll(async () => {
  server = await startSmartServer();
  await seed(server);
  await server.client(PUBLIC_APP);
});
afterAll(() => server.stop());

interface Person {
  readonly id: string;
  readonly username: string;
}

/** A patient with an account of their own: limits of one test are not those of another. */
async function person(): Promise<Person> {
  const username = `person-${++made}`;
  const id = await server.account({ username, name: 'Anna Berg', role: 'patient', fhirUser: 'Patient/anna' });
  return { id, username };
}

const isSecond = (visit: Visit): boolean => visit.text.includes('name="passed"');

async function first(visitor: Visitor, page: Visit, username: string, password = PASSWORD): Promise<Visit> {
  return visitor.submit(page, [
    ['username', username],
    ['password', password],
  ]);
}

const second = (visitor: Visitor, page: Visit, code: string): Promise<Visit> =>
  visitor.submit(page, [
    ['passed', valuesOf(page.text, 'passed')[0]!],
    ['code', code],
  ]);

const open = (visitor: Visitor, request: Request = {}): Promise<{ prepared: Prepared; page: Visit }> => {
  const prepared = authorization(server, request);
  return visitor.open(prepared.url).then((page) => ({ prepared, page }));
};

/** From a page of the launch to the tokens and what they say of the sign-in. */
async function tokens(visitor: Visitor, prepared: Prepared, page: Visit) {
  const end = await walk(visitor, page);
  const location = end.headers.get('location');
  if (location === null) throw new Error(`${end.status}: ${end.text}`);
  const code = new URL(location).searchParams.get('code') ?? '';
  const { body } = await redeem(server, { code, verifier: prepared.verifier });
  const claims = decodeJwt(body.id_token as string);
  return { body, claims };
}

/** A launch by someone with an app, to the end. */
async function launched(visitor: Visitor, who: Person, app: App, request: Request = {}) {
  const { prepared, page } = await open(visitor, request);
  const next = await first(visitor, page, who.username);
  return tokens(visitor, prepared, await second(visitor, next, app.code()));
}

describe('a second step', () => {
  it('is asked for after the password, and makes the sign-in one of two factors', async () => {
    const who = await person();
    const app = await withApp(server, who.id);
    const visitor = new Visitor();
    const { prepared, page } = await open(visitor);
    const next = await first(visitor, page, who.username);
    expect(isSecond(next)).toBe(true);
    const before = Math.floor(Date.now() / 1000);
    const picker = await second(visitor, next, app.code());
    // The steps that follow make the sign-in no younger.
    const after = Math.ceil(Date.now() / 1000);
    await new Promise((done) => setTimeout(done, 1100));
    const { body, claims } = await tokens(visitor, prepared, picker);
    expect(claims).toMatchObject({ acr: ACR.mfa, amr: ['pwd', 'otp', 'mfa'] });
    expect(claims['auth_time']).toBeLessThanOrEqual(after);
    expect(claims['auth_time']).toBeGreaterThanOrEqual(before - 1);
    expect(Object.keys(body)).not.toContain('acr');
    const info = await fetch(`${server.origin}/oidc/userinfo`, {
      headers: { authorization: `Bearer ${body.access_token}` },
    });
    expect(await info.json()).toMatchObject({ sub: who.id, acr: ACR.mfa, auth_time: claims['auth_time'] });
  });

  it('is not asked of an account that has none: the token says so', async () => {
    const who = await person();
    const visitor = new Visitor();
    const { prepared, page } = await open(visitor);
    const { claims } = await tokens(visitor, prepared, await first(visitor, page, who.username));
    expect(claims).toMatchObject({ acr: ACR.pwd, amr: ['pwd'] });
  });

  it('takes a code once, even for another sign-in in the same half minute', async () => {
    const who = await person();
    const app = await withApp(server, who.id);
    const code = app.code();
    const [one, two] = [new Visitor(), new Visitor()];
    const pages = await Promise.all(
      [one, two].map(async (visitor) => first(visitor, (await open(visitor)).page, who.username)),
    );
    const answers = await Promise.all([second(one, pages[0]!, code), second(two, pages[1]!, code)]);
    expect(answers.map(isSecond).sort()).toEqual([false, true]);
    expect(answers.find(isSecond)!.status).toBe(401);
  });

  it('takes a recovery code once, however it is typed', async () => {
    const who = await person();
    await withApp(server, who.id);
    const [code] = await withCodes(server, who.id);
    const visitor = new Visitor();
    const { prepared, page } = await open(visitor);
    const typed = ` ${code!.toUpperCase().replaceAll('-', ' ').replace('0', 'O')} `;
    const { claims } = await tokens(
      visitor,
      prepared,
      await second(visitor, await first(visitor, page, who.username), typed),
    );
    expect(claims).toMatchObject({ acr: ACR.mfa });
    const again = new Visitor();
    const refused = await second(again, await first(again, (await open(again)).page, who.username), code!);
    expect([refused.status, isSecond(refused)]).toEqual([401, true]);
  });

  it('is guessed at five times and no more, in parallel too, and the password does not set that back', async () => {
    const who = await person();
    const app = await withApp(server, who.id);
    const visitor = new Visitor();
    const page = await first(visitor, (await open(visitor)).page, who.username);
    const guesses = await Promise.all(Array.from({ length: 12 }, () => second(visitor, page, '000000')));
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(
      guesses.filter(({ status, headers }) => status === 429 && Number(headers.get('retry-after')) > 0),
    ).toHaveLength(7);
    const fresh = new Visitor();
    const right = await second(fresh, await first(fresh, (await open(fresh)).page, who.username), app.code());
    expect(right.status).toBe(429);
    expect(right.text).toContain('There were too many attempts');
  });

  it('is bound to its browser and its sign-in: a first step of elsewhere opens nothing', async () => {
    const who = await person();
    const app = await withApp(server, who.id);
    const [visitor, other] = [new Visitor(), new Visitor()];
    const page = await first(visitor, (await open(visitor)).page, who.username);
    const elsewhere = (await open(other)).page;
    const answer = await other.submit(elsewhere, [
      ['passed', valuesOf(page.text, 'passed')[0]!],
      ['code', app.code()],
    ]);
    expect([answer.status, isSecond(answer)]).toEqual([401, false]);
    expect(answer.text).toContain('Sign in again');
    const forged = await visitor.submit(page, [
      ['passed', 'x'],
      ['code', app.code()],
    ]);
    expect(forged.status).toBe(401);
  });

  it('is not reached any more with a password that was changed in between', async () => {
    const who = await person();
    const app = await withApp(server, who.id);
    const visitor = new Visitor();
    const page = await first(visitor, (await open(visitor)).page, who.username);
    await setPassword(server.tokens(), who.username, 'another password', Date.now());
    const answer = await second(visitor, page, app.code());
    expect([answer.status, isSecond(answer)]).toEqual([401, false]);
  });

  it('keeps its secrets sealed and its codes hashed', async () => {
    const who = await person();
    const app = await withApp(server, who.id);
    const codes = await withCodes(server, who.id);
    const kept = JSON.stringify(await server.tokens().findBy('uid', who.id, Date.now()));
    expect(kept).toContain('Totp');
    for (const secret of [app.secret.toString('base64url'), app.secret.toString('hex'), ...codes])
      expect(kept).not.toContain(secret);
  });
});

describe('what an app may ask of a sign-in', () => {
  it('finds the classes in discovery', async () => {
    const found = (await (await fetch(`${server.base}/.well-known/openid-configuration`)).json()) as Record<
      string,
      unknown
    >;
    expect(found['acr_values_supported']).toEqual([ACR.pwd, ACR.mfa, ACR.phr]);
    expect(found['claims_parameter_supported']).toBe(true);
    expect(found['claims_supported']).toEqual(expect.arrayContaining(['acr', 'amr', 'auth_time']));
  });

  it('max_age: a sign-in that is too old is made again, and its time is told', async () => {
    const who = await person();
    const app = await withApp(server, who.id);
    const visitor = new Visitor();
    const { claims } = await launched(visitor, who, app);
    await new Promise((done) => setTimeout(done, 2100));
    const { prepared, page } = await open(visitor, { over: { max_age: '1' } });
    expect(page.text).toContain('It asks that you sign in again');
    const next = await first(visitor, page, who.username);
    const later = await tokens(visitor, prepared, await second(visitor, next, app.code()));
    expect(later.claims['auth_time']).toBeGreaterThan(claims['auth_time'] as number);
    const same = await open(visitor, { over: { max_age: '600' } });
    expect((await tokens(visitor, same.prepared, same.page)).claims['auth_time']).toBe(
      later.claims['auth_time'],
    );
  });

  it('acr_values: asks who can meet it, and goes on with who cannot', async () => {
    const who = await person();
    const visitor = new Visitor();
    const start = await open(visitor);
    await tokens(visitor, start.prepared, await first(visitor, start.page, who.username));
    const weak = await open(visitor, { over: { acr_values: ACR.mfa } });
    expect((await tokens(visitor, weak.prepared, weak.page)).claims['acr']).toBe(ACR.pwd);
    const app = await withApp(server, who.id);
    const strong = await open(visitor, { over: { acr_values: ACR.mfa } });
    expect(strong.page.text).toContain('It asks for a second step besides the password.');
    const next = await first(visitor, strong.page, who.username);
    const { claims } = await tokens(visitor, strong.prepared, await second(visitor, next, app.code()));
    expect(claims['acr']).toBe(ACR.mfa);
  });

  const essential = (...values: string[]): Request => ({
    over: { claims: JSON.stringify({ id_token: { acr: { essential: true, values } } }) },
  });

  it('claims, essential: who cannot meet it is told, and gets back to the app with its error', async () => {
    const who = await person();
    const visitor = new Visitor();
    const { page } = await open(visitor, essential(ACR.mfa));
    const told = await first(visitor, page, who.username);
    expect(told.status).toBe(403);
    expect(told.text).toContain('This needs a stronger sign-in');
    const back = await visitor.submit(told, [['decision', 'cancel']]);
    expect(new URL(back.headers.get('location')!).searchParams.get('error')).toBe(
      'unmet_authentication_requirements',
    );
  });

  it('claims, essential: who is signed in too weakly signs in again, and the class that was asked for is named', async () => {
    const who = await person();
    const app = await withApp(server, who.id);
    const visitor = new Visitor();
    await launched(visitor, who, app);
    const enough = await open(visitor, essential(ACR.pwd));
    expect((await tokens(visitor, enough.prepared, enough.page)).claims['acr']).toBe(ACR.pwd);
    const both = await open(visitor, essential(ACR.pwd, ACR.mfa));
    expect((await tokens(visitor, both.prepared, both.page)).claims['acr']).toBe(ACR.mfa);
    const more = await open(visitor, essential(ACR.phr));
    expect(more.page.text).toContain('It asks for a passkey.');
    const none = await visitor.send(
      'GET',
      authorization(server, { over: { ...essential(ACR.phr).over, prompt: 'none' } }).url,
    );
    expect(new URL(none.headers.get('location')!).searchParams.get('error')).toBe('login_required');
  });
});
