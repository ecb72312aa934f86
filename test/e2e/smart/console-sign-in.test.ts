// How an operator has to have signed in for the console: with a second step where the server asks for one, and nothing typed is lost on the way.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ownPages } from '../../support/front.ts';
import { withApp, type App } from '../../support/second-step.ts';
import { PASSWORD, startSmartServer, type SmartServer } from '../../support/smart-server.ts';
import { valuesOf, Visitor, type Visit } from '../../support/visitor.ts';

describe('the console where a second step is asked for', () => {
  let server: SmartServer;
  let app: App;
  beforeAll(async () => {
    let origin = '';
    server = await startSmartServer({ pages: ownPages(() => origin, { CONSOLE_SIGN_IN: 'mfa' }) });
    ({ origin } = server);
    await server.account({ username: 'new', name: 'New', role: 'operator' });
    await server.account({ username: 'nurse', name: 'Nurse', role: 'practitioner' });
    app = await withApp(server, await server.account({ username: 'ops', name: 'Ops', role: 'operator' }));
  });
  afterAll(() => server.stop());

  const first = (visitor: Visitor, page: Visit, username: string): Promise<Visit> =>
    visitor.submit(page, [
      ['username', username],
      ['password', PASSWORD],
    ]);
  const at = (path: string): string => server.origin + path;

  it('opens by a password and a code, and comes back to the page that was asked for', async () => {
    const visitor = new Visitor();
    const step = await first(visitor, await visitor.open(at('/console/access/clients')), 'ops');
    // the account has a second step, so every sign-in has it
    const page = await visitor.submit(step, [
      ['passed', valuesOf(step.text, 'passed')[0]!],
      ['code', app.code()],
    ]);
    expect([page.status, new URL(page.url).pathname]).toEqual([200, '/console/access/clients']);
  });

  it('leads who has no second step through its setup', async () => {
    const visitor = new Visitor();
    const page = await first(visitor, await visitor.open(at('/account')), 'new');
    expect(new URL(page.url).pathname).toBe('/account');
    const asked = await visitor.open(at('/console/access/users'));
    expect(asked.text).toContain('asks for a second step besides the password.');
    const setup = await first(visitor, asked, 'new');
    const { pathname, searchParams } = new URL(setup.url);
    expect([pathname, searchParams.get('need'), searchParams.get('return')]).toEqual([
      '/account/security',
      'second-step',
      '/console/access/users',
    ]);
  });

  it('takes no form from a sign-in with a password alone', async () => {
    const visitor = new Visitor();
    const page = await first(visitor, await visitor.open(at('/account')), 'new');
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)![1]!;
    const form = new URLSearchParams({ csrf, deed: 'user-disable', reason: 'x' });
    const answer = await visitor.follow(await visitor.send('POST', at('/console/access/users/nurse'), form));
    expect(new URL(answer.url).pathname).toBe('/oidc/sign-in');
    expect((await server.tokens().find('Account', 'nurse', Date.now()))!.payload).not.toContain('disabled');
  });

  it('asks nobody for a second step to tell that the console is not for them', async () => {
    const visitor = new Visitor();
    const page = await first(visitor, await visitor.open(at('/console')), 'nurse');
    expect(page.status).toBe(403);
  });
});
