// Sign-in and security in a real browser: an authenticator app, passkeys by Chromium's virtual authenticator, recovery codes, devices, the password; and
// what each page looks like. https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn/

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { frontDesk } from '../../../src/front-desk.ts';
import { setDisabled } from '../../../src/smart/accounts.ts';
import { stepAt, totp } from '../../../src/smart/factors/totp.ts';
import { webApp } from '../../../src/web/app.ts';
import { needs } from '../../needs.ts';
import { inspectPage, openBrowser, watch } from '../../support/browser.ts';
import { PASSWORD, startSmartServer, type SmartServer } from '../../support/smart-server.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function fromBase32(text: string): Buffer {
  const bits = [...text].map((sign) => BASE32.indexOf(sign).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
}

needs('chromium', 'sign-in in a browser')('sign-in and security', () => {
  let server: SmartServer;
  let browser: Browser;
  const faults: string[] = [];

  beforeAll(async () => {
    server = await startSmartServer({
      host: 'localhost',
      pages: (composition, config) => webApp(frontDesk(composition, config, 'test')),
    });
    browser = await openBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    expect(faults.filter((fault) => !/status of 4\d\d/.test(fault))).toEqual([]);
  });

  const at = (path: string): string => server.origin + path;

  async function newPage(): Promise<Page> {
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    const page = await context.newPage();
    const seen = watch(page);
    page.on('close', () => faults.push(...seen));
    return page;
  }

  let made = 0;
  async function account(name = 'Ana Silva'): Promise<{ username: string; id: string }> {
    const username = `user-${++made}`;
    return { username, id: await server.account({ username, name, role: 'operator' }) };
  }

  async function signIn(
    page: Page,
    username: string,
    path = '/account/security',
    password = PASSWORD,
  ): Promise<void> {
    if (!page.url().includes('/oidc/')) await page.goto(at(path));
    await page.getByLabel('Username').fill(username);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  /** Through the page of the app's setup; gives its secret. */
  async function setUpApp(page: Page): Promise<Buffer> {
    await page.getByRole('link', { name: 'Set up an authenticator app' }).click();
    await page.getByText('No camera? Type this key').click();
    const typed = (await page.locator('details code').innerText()).replaceAll(' ', '');
    const secret = fromBase32(typed);
    await page.getByLabel('Type the code that the app shows').fill(totp(secret, stepAt(Date.now()) - 1));
    await page.getByRole('button', { name: 'Turn it on' }).click();
    return secret;
  }

  /** A device with a platform authenticator that knows its owner. */
  async function withAuthenticator(page: Page): Promise<{ cdp: CDPSession; id: string }> {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    const { authenticatorId: id } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    return { cdp, id };
  }

  async function addPasskey(page: Page, name: string): Promise<void> {
    await page.getByRole('link', { name: 'Add a passkey' }).click();
    await page.getByLabel('What you call it').fill(name);
    await page.getByRole('button', { name: 'Make the passkey' }).click();
  }

  it('sets up an authenticator app, gives recovery codes once, and asks for a code from then on', async () => {
    const { username } = await account();
    const page = await newPage();
    await signIn(page, username);
    await inspectPage(page, 'security-empty');
    await page.getByRole('link', { name: 'Set up an authenticator app' }).click();
    await inspectPage(page, 'security-app');
    await page.goBack();
    const secret = await setUpApp(page);
    await page.getByRole('heading', { name: 'Recovery codes' }).waitFor();
    const codes = await page.locator('.codes code').allInnerTexts();
    expect(new Set(codes).size).toBe(10);
    await inspectPage(page, 'security-codes');
    await page.getByRole('link', { name: 'I have kept them' }).click();
    await page.getByText('You have 10 codes left.').waitFor();
    await inspectPage(page, 'security-usual');

    const other = await newPage();
    await signIn(other, username);
    await other.getByRole('heading', { name: 'One more step' }).waitFor();
    await inspectPage(other, 'second-step-app');
    await other.getByLabel('Code of your authenticator app').fill('000000');
    await other.getByRole('button', { name: 'Continue', exact: true }).click();
    await other.getByText('That is not right.').waitFor();
    await inspectPage(other, 'second-step-error');
    await other.getByLabel('Code of your authenticator app').fill(totp(secret, stepAt(Date.now())));
    await other.keyboard.press('Enter');
    await other.getByRole('heading', { name: 'Sign-in and security' }).waitFor();

    const third = await newPage();
    await signIn(third, username);
    await third.getByText('Use a recovery code').click();
    await third.getByLabel('Recovery code').fill(codes[0]!);
    await third.getByRole('button', { name: 'Continue with this code' }).click();
    await third.getByText('You have 9 codes left.').waitFor();
    for (const one of [page, other, third]) await one.context().close();
  }, 120_000);

  it('makes a passkey, signs in with it alone, and has it as a second step', async () => {
    const { username } = await account();
    const page = await newPage();
    await withAuthenticator(page);
    await signIn(page, username);
    await page.getByRole('link', { name: 'Add a passkey' }).click();
    await inspectPage(page, 'security-passkey');
    await page.goBack();
    await addPasskey(page, 'My laptop');
    await page.getByRole('heading', { name: 'Recovery codes' }).waitFor();
    await page.getByRole('link', { name: 'I have kept them' }).click();
    await page.getByText('My laptop', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Sign out', exact: true }).last().click();
    await page.waitForURL(at('/'));

    await page.goto(at('/account/security'));
    await inspectPage(page, 'sign-in-passkey');
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByRole('heading', { name: 'Sign-in and security' }).waitFor();
    await page
      .getByText(/last used today/)
      .first()
      .waitFor();
    await inspectPage(page, 'security-full');
    await page.getByRole('button', { name: 'Sign out', exact: true }).last().click();

    await signIn(page, username);
    await page.getByRole('heading', { name: 'One more step' }).waitFor();
    await inspectPage(page, 'second-step-passkey');
    await page.getByRole('button', { name: 'Use your passkey' }).click();
    await page.getByRole('heading', { name: 'Sign-in and security' }).waitFor();

    await page.getByRole('button', { name: /^Remove.*My laptop$/ }).click();
    await page.getByText('The passkey is removed.').waitFor();
    await page.getByRole('button', { name: 'Sign out', exact: true }).last().click();
    await page.goto(at('/account/security'));
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByText('This passkey is not known here.').waitFor();
    await page.context().close();
  }, 120_000);

  it('takes no passkey whose owner was not checked, none that is cloned, and no answer twice', async () => {
    const { username } = await account();
    const page = await newPage();
    const { cdp, id } = await withAuthenticator(page);
    await signIn(page, username);
    await addPasskey(page, 'Key');
    await page.getByRole('link', { name: 'I have kept them' }).click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).last().click();

    await page.goto(at('/account/security'));
    let sent = '';
    await page.route('**/oidc/sign-in*', async (route) => {
      sent = route.request().postData() ?? sent;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByRole('heading', { name: 'Sign-in and security' }).waitFor();
    await page.unroute('**/oidc/sign-in*');
    expect(sent).toContain('assertion=');
    await page.getByRole('button', { name: 'Sign out', exact: true }).last().click();
    await page.waitForURL(at('/'));
    const replayed = await page.request.post(at('/oidc/sign-in?return=%2Faccount%2Fsecurity'), {
      data: sent,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      maxRedirects: 0,
    });
    expect(replayed.status()).toBe(401);

    // A clone would be behind the counter that was last seen.
    const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId: id });
    await cdp.send('WebAuthn.removeCredential', {
      authenticatorId: id,
      credentialId: credentials[0]!.credentialId,
    });
    await cdp.send('WebAuthn.addCredential', {
      authenticatorId: id,
      credential: { ...credentials[0]!, signCount: 0 },
    });
    await page.goto(at('/account/security'));
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByText('This passkey is not known here.').waitFor();

    await cdp.send('WebAuthn.setUserVerified', { authenticatorId: id, isUserVerified: false });
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByText(/No passkey was used|could not use a passkey/).waitFor();
    await page.context().close();
  }, 120_000);

  it('sends a change that needs a fresh sign-in there, and is back with one press left', async () => {
    const { username } = await account();
    const [here, there] = [await newPage(), await newPage()];
    await signIn(there, username);
    await signIn(here, username);
    await age(here.context(), 700);
    await here.reload();
    await here.getByRole('button', { name: /^Sign out.*Chrome/ }).click();
    await here.getByText('It is a while since you signed in.').waitFor();
    await inspectPage(here, 'sign-in-again');
    expect(await here.getByLabel('Username').inputValue()).toBe(username);
    await here.getByLabel('Password').fill(PASSWORD);
    await here.keyboard.press('Enter');
    await here.getByText('You are signed in again. This was not done yet:').waitFor();
    await inspectPage(here, 'security-waiting');
    await here.getByRole('button', { name: 'Sign out of the other device' }).click();
    await here.getByText('That device is signed out.').waitFor();
    await there.reload();
    await there.getByLabel('Password').waitFor();
    for (const one of [here, there]) await one.context().close();
  }, 120_000);

  /** Makes the sign-in of a browser older, as time would. */
  async function age(context: BrowserContext, seconds: number): Promise<void> {
    const cookie = (await context.cookies(server.origin)).find(({ name }) =>
      /embergate_default$/.test(name),
    )!;
    const { secretId } = await import('../../../src/access/access-token.ts');
    const { tenantKeys } = await import('../../../src/smart/sealing.ts');
    const keys = tenantKeys(await server.secret());
    const record = (await server.tokens().find('Session', secretId(cookie.value), Date.now()))!;
    const { sealed } = JSON.parse(record.payload) as { sealed: string };
    const session = JSON.parse(keys.open(sealed)) as { loginTs: number };
    const older = JSON.stringify({ ...session, loginTs: session.loginTs - seconds });
    await server.tokens().put({ ...record, payload: JSON.stringify({ sealed: keys.seal(older) }) });
  }

  it('changes the password: who is elsewhere is out, who changed it stays', async () => {
    const { username } = await account();
    const [here, there] = [await newPage(), await newPage()];
    await signIn(there, username);
    await signIn(here, username);
    await here.getByRole('link', { name: 'Change the password' }).click();
    await inspectPage(here, 'security-password');
    await here.getByLabel('New password').fill('a new long password');
    await here.getByLabel('Once more').fill('another');
    await here.getByRole('button', { name: 'Change the password' }).click();
    await here.getByText('The two passwords are not the same.').waitFor();
    await inspectPage(here, 'security-password-error');
    await here.getByLabel('New password').fill('a new long password');
    await here.getByLabel('Once more').fill('a new long password');
    await here.keyboard.press('Enter');
    await here.getByText('The password is changed.').waitFor();
    await there.reload();
    await signIn(there, username);
    await there.getByText('The user name or the password is not right.').waitFor();
    await signIn(there, username, '/account/security', 'a new long password');
    await there.getByRole('heading', { name: 'Sign-in and security' }).waitFor();
    await here.reload();
    await here.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await here.getByText('You are signed out everywhere else.').waitFor();
    await there.reload();
    await there.getByLabel('Password').waitFor();
    for (const one of [here, there]) await one.context().close();
  }, 120_000);

  it('leads who lacks what a page needs through its setup, and then to that page', async () => {
    const { username } = await account();
    const page = await newPage();
    await page.goto(at('/oidc/sign-in?return=%2Fapps&acr=urn%3Aembergate%3Aacr%3Amfa'));
    await signIn(page, username);
    await page.getByText('What you were opening needs a second step at sign-in.').waitFor();
    await inspectPage(page, 'security-need');
    await setUpApp(page);
    await page.getByRole('link', { name: 'I have kept them, go on' }).click();
    await page.waitForURL(at('/apps'));
    await page.context().close();
  }, 120_000);

  describe('without a mouse, and without scripts', () => {
    it('reaches everything by keyboard, in the order of reading', async () => {
      const { username } = await account();
      const page = await newPage();
      await page.goto(at('/account/security'));
      await page.keyboard.type(username);
      await page.keyboard.press('Tab');
      await page.keyboard.type(PASSWORD);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Sign-in and security' }).waitFor();
      const order: string[] = [];
      for (let presses = 0; presses < 20; presses++) {
        await page.keyboard.press('Tab');
        order.push(await page.evaluate('document.activeElement.innerText ?? ""'));
      }
      const wanted = ['Change the password', 'Set up an authenticator app', 'Add a passkey', 'Sign out'];
      expect(order.filter((one) => wanted.includes(one)).slice(0, wanted.length)).toEqual(wanted);
      await page.context().close();
    }, 60_000);
  });

  it('knows nothing any more of an account that is switched off', async () => {
    const { username } = await account();
    const page = await newPage();
    await signIn(page, username);
    await page.getByRole('heading', { name: 'Sign-in and security' }).waitFor();
    await setDisabled(server.tokens(), username, true, Date.now());
    await page.reload();
    await page.getByLabel('Password').waitFor();
    await page.context().close();
  }, 60_000);
});
