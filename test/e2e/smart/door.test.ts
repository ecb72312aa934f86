// The door of our own pages: who is in front of them, and a sign-in that comes back to the very page and form.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ACR } from '../../../src/smart/acr.ts';
import { setDisabled } from '../../../src/smart/accounts.ts';
import type { Door, Visitor as SignedIn } from '../../../src/smart/visitor.ts';
import type { Composition } from '../../../src/compose.ts';
import { PASSWORD, startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { Visitor, type Visit } from '../../support/visitor.ts';

type Page = (door: Door, visitor: SignedIn | undefined, request: IncomingMessage) => Promise<unknown>;

let server: SmartServer;
let accountId: string;
/** what the page of the next request does */
let page: Page = async () => undefined;

async function pages(
  { door }: Composition,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const own = (await door('default'))!;
  const visitor = await own.visitor(request, response);
  const body = await page(own, visitor, request);
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify(body ?? visitor ?? null));
}

beforeAll(async () => {
  server = await startSmartServer({
    pages: (composition) => (request, response) => void pages(composition, request, response),
  });
  accountId = await server.account({ username: 'ops', name: 'Ops', role: 'operator' });
  await server.account({ username: 'other', name: 'Other', role: 'operator' });
});
afterAll(() => server.stop());
beforeEach(() => {
  page = async () => undefined;
});

const at = (path: string): string => server.origin + path;
const seen = (visit: Visit): SignedIn | null => JSON.parse(visit.text) as SignedIn | null;

async function signIn(
  visitor: Visitor,
  path = '/account?tab=apps',
  username = 'ops',
  password = PASSWORD,
): Promise<Visit> {
  const form = await visitor.open(at(`/oidc/sign-in?return=${encodeURIComponent(path)}`));
  return visitor.submit(form, [
    ['username', username],
    ['password', password],
  ]);
}

describe('signing in for a page of our own', () => {
  it('leads back to the very page, which then knows who is there, since when and how strongly', async () => {
    const visitor = new Visitor();
    expect(seen(await visitor.open(at('/account')))).toBeNull();
    const before = Math.floor(Date.now() / 1000);
    const back = await signIn(visitor);
    expect(back.url).toBe(at('/account?tab=apps'));
    const { account, acr, authTime, csrf } = seen(back)!;
    expect([account.id, acr]).toEqual([accountId, ACR.pwd]);
    expect(authTime).toBeGreaterThanOrEqual(before);
    expect(authTime).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000));
    expect(csrf.length).toBeGreaterThan(43);
    expect(JSON.stringify(account)).toContain('"role":"operator"');
  });

  it('says no to a wrong password without saying which half was wrong, and signs nobody in', async () => {
    const visitor = new Visitor();
    const refused = await signIn(visitor, '/account', 'ops', 'not the password');
    expect(refused.status).toBe(401);
    expect(refused.text).toContain('The user name or the password is not right.');
    expect(seen(await visitor.open(at('/account')))).toBeNull();
  });

  it.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/%0d%0aset-cookie:x=1\n',
    'javascript:alert(1)',
  ])('does not lead to another place: %s', async (sent) => {
    const end = await signIn(new Visitor(), sent);
    expect(end.url.startsWith(`${server.origin}/`)).toBe(true);
    expect(end.headers.get('set-cookie') ?? '').not.toContain('x=1');
  });

  it('takes no form that another browser was shown: a stranger cannot sign a person in as someone else', async () => {
    const [attacker, victim] = [new Visitor(), new Visitor()];
    const theirs = await attacker.open(at('/oidc/sign-in?return=/account'));
    await victim.open(at('/oidc/sign-in?return=/account'));
    const answer = await victim.submit(theirs, [
      ['username', 'ops'],
      ['password', PASSWORD],
    ]);
    expect(answer.status).toBe(403);
    expect(seen(await victim.open(at('/account')))).toBeNull();
  });

  it('gives the session another name when someone signs in, and ends the one of another person', async () => {
    const visitor = new Visitor();
    const first = seen(await signIn(visitor))!;
    const cookie = [...visitor.cookies()].find(([key]) => key.startsWith('embergate_default '))!;
    await visitor.open(at('/oidc/sign-in?return=/account&max_age=0'));
    const thief = new Visitor();
    thief.take(...cookie);
    const form = await visitor.send('GET', at('/oidc/sign-in?return=/account&acr=urn:embergate:acr:mfa'));
    const second = seen(
      await visitor.submit(form, [
        ['username', 'other'],
        ['password', PASSWORD],
      ]),
    )!;
    expect(second.account.username).toBe('other');
    expect(second.sessionUid).not.toBe(first.sessionUid);
    expect(seen(await thief.open(at('/account')))).toBeNull();
  });

  it('does not ask who is signed in well enough, and asks again for a fresher sign-in', async () => {
    const visitor = new Visitor();
    await signIn(visitor);
    expect((await visitor.open(at('/oidc/sign-in?return=/account&max_age=600'))).url).toBe(at('/account'));
    await new Promise((done) => setTimeout(done, 1100));
    expect((await visitor.open(at('/oidc/sign-in?return=/account&max_age=0'))).text).toContain(
      'name="password"',
    );
  });
});

describe('Door', () => {
  it('knows of an account that is switched off, and of its session no more', async () => {
    await server.account({ username: 'gone', name: 'Gone', role: 'operator' });
    const visitor = new Visitor();
    expect(seen(await signIn(visitor, '/account', 'gone'))).not.toBeNull();
    await setDisabled(server.tokens(), 'gone', true, Date.now());
    expect(seen(await visitor.open(at('/account')))).toBeNull();
  });

  it('proves forms by session: neither another session nor another person fits', async () => {
    const [one, two, three] = [new Visitor(), new Visitor(), new Visitor()];
    const a = seen(await signIn(one))!;
    const b = seen(await signIn(two))!;
    const c = seen(await signIn(three, '/account', 'other'))!;
    page = async (door, visitor) => [a, b, c].map(({ csrf }) => door.proves(visitor!, csrf));
    expect(seen(await one.open(at('/account')))).toEqual([true, false, false]);
    page = async (door, visitor) =>
      ['', 'x', `${a.csrf}x`, a.csrf.slice(1)].map((csrf) => door.proves(visitor!, csrf));
    expect(seen(await one.open(at('/account')))).toEqual([false, false, false, false]);
  });

  it('meets what is asked by strength and age', async () => {
    const visitor = new Visitor();
    await signIn(visitor);
    page = async (door, who) => [
      door.meets(who!, {}),
      door.meets(who!, { acr: ACR.pwd, maxAge: 60 }),
      door.meets(who!, { acr: ACR.mfa }),
      door.meets({ ...who!, acr: ACR.phr }, { acr: ACR.mfa }),
      door.meets({ ...who!, acr: 'something else' }, { acr: ACR.pwd }),
      door.meets({ ...who!, authTime: who!.authTime - 100 }, { maxAge: 60 }),
      door.meets(who!, { acr: 'something else' }),
    ];
    expect(seen(await visitor.open(at('/account')))).toEqual([true, true, false, true, false, false, false]);
  });

  it('keeps a form whose sender has to sign in, and gives it back once, to them alone, without its secrets', async () => {
    const visitor = new Visitor();
    const { csrf } = seen(await signIn(visitor))!;
    const draft = {
      path: '/console/users?tab=new',
      fields: [
        ['csrf', csrf],
        ['reason', 'She left'],
        ['new_password', 'hidden from all'],
      ] as const,
    };
    page = async (door) => door.signInWithDraft(undefined, draft, { maxAge: 300 });
    const address = seen(await new Visitor().open(at('/post'))) as unknown as string;
    const returnTo = new URL(address, server.origin).searchParams.get('return')!;
    expect(returnTo).toMatch(/^\/console\/users\?tab=new&draft=[\w-]{32}$/);
    const id = new URL(returnTo, server.origin).searchParams.get('draft')!;

    page = async (door, who) => (await door.draft(who!, id)) ?? 'nothing';
    const stranger = new Visitor();
    expect(seen(await signIn(stranger, '/console/users', 'other'))).toBe('nothing');
    expect(seen(await visitor.open(at('/console/users')))).toEqual({
      path: '/console/users?tab=new',
      fields: [['reason', 'She left']],
    });
    expect(seen(await visitor.open(at('/console/users')))).toBe('nothing');
  });

  it('keeps no form that is not one of ours', async () => {
    page = async (door, who) =>
      door.signInWithDraft(
        who,
        {
          path: '/console',
          fields: [
            ['csrf', 'made up'],
            ['reason', 'x'],
          ],
        },
        {},
      );
    const address = seen(await new Visitor().open(at('/post'))) as unknown as string;
    expect(address).toBe('/oidc/sign-in?return=%2Fconsole');
  });
});

describe('/sign-out', () => {
  it('asks first, then ends the session; a form without its proof ends nothing', async () => {
    const visitor = new Visitor();
    await signIn(visitor);
    const asked = await visitor.open(at('/oidc/sign-out'));
    expect(asked.text).toContain('Ops');
    const forged = await visitor.send('POST', at('/oidc/sign-out'), new URLSearchParams({ csrf: 'x' }));
    expect(forged.status).toBe(403);
    expect(seen(await visitor.open(at('/account')))).not.toBeNull();
    await visitor.submit(asked, []);
    expect(seen(await visitor.open(at('/account')))).toBeNull();
  });
});
