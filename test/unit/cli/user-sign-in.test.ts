/** `embergate user reset-second-factor`, `sign-out`, `link`, `unlink`: done at once, with a reason in the trail. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeNotes } from '../../../src/access/audit/page.ts';
import { addAccount } from '../../../src/smart/accounts.ts';
import { addApp, newSetup, setupSecret } from '../../../src/smart/factors/authenticator-app.ts';
import { factorsOf } from '../../../src/smart/factors/factors.ts';
import { newCodes } from '../../../src/smart/factors/recovery-codes.ts';
import { stepAt, totp } from '../../../src/smart/factors/totp.ts';
import { tenantKeys } from '../../../src/smart/sealing.ts';
import { linksOf } from '../../../src/smart/upstream/links.ts';
import { openSqliteStores } from '../../../src/store/sqlite/stores.ts';
import type { TenantStore } from '../../../src/store/ports.ts';
import { commandIn, type Ran } from '../../support/command.ts';

let folder = '';
let id = '';
let run: ReturnType<typeof commandIn>;
const user = (...args: string[]): Promise<Ran> => run(['user', ...args]);

async function inStore<T>(work: (store: TenantStore) => Promise<T>): Promise<T> {
  const stores = await openSqliteStores({ location: join(folder, 'data') });
  try {
    return await work(await stores.tenant('default'));
  } finally {
    await stores.close();
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embergate-user-'));
  run = commandIn(folder);
  await inStore(async ({ tokens, secret }) => {
    const now = Date.now();
    const account = { username: 'jdoe', name: 'Jo', role: 'operator', password: 'correct horse' } as const;
    ({ id } = await addAccount(tokens, account, now));
    const keys = tenantKeys(secret);
    const setup = newSetup(keys, id, now);
    const code = totp(setupSecret(keys, id, setup, now)!, stepAt(now));
    await addApp(tokens, keys, id, { setup, code }, now);
    await newCodes(tokens, keys, id, now);
    await tokens.put({ model: 'Session', id: 's', uid: 's', accountId: id, payload: '{}' });
  });
});
afterAll(() => rm(folder, { recursive: true }));

describe('embergate user, about how people sign in', () => {
  it('asks why', async () => {
    const { code, err } = await user('reset-second-factor', 'jdoe');
    expect(code).not.toBe(0);
    expect(err).toContain('--reason');
  }, 60_000);

  it('removes a second factor and ends the sessions, and the trail has the reason', async () => {
    const before = await inStore(({ tokens }) => factorsOf(tokens, id, Date.now()));
    expect([before.appSince !== undefined, before.codesLeft]).toEqual([true, 10]);
    const { code, out } = await user('reset-second-factor', 'jdoe', '--reason', 'lost her phone');
    expect([code, out]).toEqual([0, 'jdoe: second factor removed\n']);
    await inStore(async ({ tokens, audit }) => {
      expect(await factorsOf(tokens, id, Date.now())).toEqual({ passkeys: [], codesLeft: 0 });
      expect(await tokens.find('Session', 's', Date.now())).toBeUndefined();
      const found = await audit.read({ limit: 10 });
      const notes = found.flatMap(({ page }) => decodeNotes(page.body));
      expect(notes).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ happening: 'administration', reason: 'lost her phone' }),
        ]),
      );
    });
  }, 60_000);

  it('links an account to another provider once, and unlinks it', async () => {
    const args = [
      'link',
      'jdoe',
      '--issuer',
      'https://login.example.org',
      '--subject',
      '7',
      '--reason',
      'new',
    ];
    expect((await user(...args)).code).toBe(0);
    expect((await user(...args)).err).toContain('is linked to an account already');
    const links = await inStore(({ tokens }) => linksOf(tokens, id, Date.now()));
    expect(links).toMatchObject([{ issuer: 'https://login.example.org', subject: '7' }]);
    expect((await user('unlink', 'jdoe', '--reason', 'left')).code).toBe(0);
    expect(await inStore(({ tokens }) => linksOf(tokens, id, Date.now()))).toEqual([]);
  }, 60_000);

  it('says so where there is no such account', async () => {
    expect((await user('sign-out', 'nobody', '--reason', 'x')).err).toContain('there is no account "nobody"');
  }, 60_000);
});
