/** Accounts: passwords at rest, sign-in, and the limits on guessing that hold attackers and not the owner. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  accountById,
  accountOf,
  accounts,
  addAccount,
  removeAccount,
  setDisabled,
  setPassword,
  signIn,
  type Account,
} from '../../../src/smart/accounts.ts';
import { accountDirectory } from '../../../src/smart/account-directory.ts';
import { LIMITS, networkOf } from '../../../src/smart/attempts.ts';
import { hashCheaply, hashPassword, isOutdated, isPassword } from '../../../src/smart/password.ts';
import type { TokenStore } from '../../../src/store/ports.ts';
import { openSqliteStores, type SqliteStores } from '../../../src/store/sqlite/stores.ts';

const NOW = 1_800_000_000_000;
const HOME = '192.0.2.1';
const ELSEWHERE = '198.51.100.7';

let stores: SqliteStores;
let tokens: TokenStore;
let made = 0;
beforeAll(async () => {
  stores = await openSqliteStores({ location: ':memory:' });
});
afterAll(() => stores.close());
beforeEach(async () => {
  tokens = (await stores.tenant(`t${++made}`)).tokens;
});

/** An account whose password is cheap to look at: for tests that guess a hundred times. */
async function cheapAccount(username: string, password: string, more: Partial<Account> = {}): Promise<void> {
  const account: Account = {
    id: username,
    username,
    passwordHash: await hashCheaply(password),
    name: username,
    role: 'patient',
    demo: true,
    ...more,
  };
  await tokens.put({ model: 'Account', id: username, uid: username, payload: JSON.stringify(account) });
}

const guess = (username: string, from: string, now = NOW, password = 'wrong'): ReturnType<typeof signIn> =>
  signIn(tokens, username, password, from, now);
const refusals = async (answers: readonly ReturnType<typeof signIn>[]): Promise<string[]> =>
  (await Promise.all(answers)).map((one) => ('refused' in one ? one.refused : 'in'));

describe('passwords', () => {
  it('are kept as salted scrypt with their parameters, and told apart', async () => {
    const [one, two] = [await hashPassword('correct horse'), await hashPassword('correct horse')];
    expect(one).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.toBe(two);
    expect(await isPassword('correct horse', one)).toBe(true);
    expect(await isPassword('correct horsE', one)).toBe(false);
    expect(await isPassword('', one)).toBe(false);
    expect([isOutdated(one), isOutdated(await hashCheaply('x'))]).toEqual([false, true]);
  });

  it('are the same in every Unicode form', async () => {
    expect(await isPassword('Zu\u0308rich', await hashCheaply('Z\u00fcrich'))).toBe(true);
  });

  it('refuse a hash that would fill the memory, or is none', async () => {
    const [, , , salt, key] = (await hashCheaply('x')).split('$');
    await expect(isPassword('x', `$scrypt$ln=40,r=8,p=1$${salt}$${key}`)).rejects.toThrow(/hash/);
    await expect(isPassword('x', 'x')).rejects.toThrow(/hash/);
  });

  it('17: cost as much for an account that is not there', async () => {
    await addAccount(
      tokens,
      { username: 'ann', password: 'a-long-password', name: 'A', role: 'patient' },
      NOW,
    );
    const costs = { ann: 0, nobody: 0 };
    await guess('nobody', HOME);
    for (const who of ['ann', 'nobody', 'nobody', 'ann'] as const) {
      const before = process.cpuUsage();
      expect(await guess(who, HOME)).toEqual({ refused: 'credentials' });
      const { user, system } = process.cpuUsage(before);
      costs[who] += user + system;
    }
    expect(costs.nobody / costs.ann).toBeGreaterThan(0.6);
    expect(costs.nobody / costs.ann).toBeLessThan(1.6);
  });
});

describe('accounts', () => {
  const ann = { username: 'Ann', password: 'correct horse', name: 'Ann Ember', role: 'patient' } as const;

  it('are made once, under a name without capitals, and sign in', async () => {
    const account = await addAccount(tokens, { ...ann, fhirUser: 'Patient/1' }, NOW);
    expect(account).toMatchObject({ username: 'ann', name: 'Ann Ember', fhirUser: 'Patient/1' });
    await expect(addAccount(tokens, ann, NOW)).rejects.toThrow(/already/);
    expect(await signIn(tokens, ' ANN ', 'correct horse', HOME, NOW)).toEqual({ account });
    expect(await accountById(tokens, account.id, NOW)).toEqual(account);
    const kept = await tokens.find('Account', 'ann', NOW);
    expect(kept!.payload).not.toContain('horse');
    expect((await accounts(tokens, NOW)).map(({ username }) => username)).toEqual(['ann']);
  });

  it.each([
    ['an empty name', '', 'correct horse', /user name/],
    ['a space', 'a b', 'correct horse', /user name/],
    ['a slash', 'a/b', 'correct horse', /user name/],
    ['a long name', 'x'.repeat(65), 'correct horse', /user name/],
    ['a short password', 'ann', 'short', /too short/],
    ['a long password', 'ann', 'x'.repeat(1025), /too long/],
    ['the name as password', 'ann-ember', 'Ann-Ember', /is the user name/],
  ])('refuse %s', async (_, username, password, why) => {
    await expect(addAccount(tokens, { ...ann, username, password }, NOW)).rejects.toThrow(why);
  });

  it('17, 9: a new password, disabling and removal end sessions, grants and tokens', async () => {
    const give = async (): Promise<void> => {
      await tokens.put({ model: 'Session', id: 's', payload: '{}', accountId: 'a1' });
      await tokens.put({ model: 'Grant', id: 'g', payload: '{}', accountId: 'a1' });
      await tokens.put({ model: 'RefreshToken', id: 'r', payload: '{}', grantId: 'g' });
      await tokens.put({ model: 'AccessToken', id: 'a', payload: '{}', accountId: 'a1', grantId: 'g' });
    };
    const left = async (): Promise<number> =>
      (
        await Promise.all(
          ['Session', 'Grant', 'RefreshToken', 'AccessToken'].map((m) => tokens.list(m, NOW, 9)),
        )
      ).flat().length;
    await addAccount(tokens, { ...ann, id: 'a1' }, NOW);
    await tokens.put({ model: 'Session', id: 'other', payload: '{}', accountId: 'bob' });
    await give();
    expect(await setPassword(tokens, 'ann', 'another horse', NOW)).toBe(true);
    expect(await left()).toBe(1);
    expect(await signIn(tokens, 'ann', 'correct horse', HOME, NOW)).toEqual({ refused: 'credentials' });
    await give();
    expect(await setDisabled(tokens, 'ann', true, NOW)).toBe(true);
    expect(await left()).toBe(1);
    expect(await signIn(tokens, 'ann', 'another horse', HOME, NOW)).toEqual({ refused: 'disabled' });
    expect(await signIn(tokens, 'ann', 'wrong', HOME, NOW)).toEqual({ refused: 'credentials' });
    await setDisabled(tokens, 'ann', false, NOW);
    expect(await signIn(tokens, 'ann', 'another horse', HOME, NOW)).toMatchObject({
      account: { username: 'ann' },
    });
    await give();
    expect(await removeAccount(tokens, 'ann', NOW)).toBe(true);
    expect(await removeAccount(tokens, 'ann', NOW)).toBe(false);
    expect(await left()).toBe(1);
    expect(await accountOf(tokens, 'ann', NOW)).toBeUndefined();
    expect(await accountById(tokens, 'a1', NOW)).toBeUndefined();
    expect(await setPassword(tokens, 'ann', 'another horse', NOW)).toBe(false);
    expect((await addAccount(tokens, ann, NOW)).id).not.toBe('a1');
  });

  it('get a hash of today when they sign in with one of yesterday', async () => {
    await cheapAccount('ann', 'pw', { demo: undefined });
    await guess('ann', HOME, NOW, 'pw');
    expect((await accountOf(tokens, 'ann', NOW))!.passwordHash).toMatch(/ln=15/);
    expect(await guess('ann', HOME, NOW, 'pw')).toMatchObject({ account: { username: 'ann' } });
  });
});

describe('guessing', () => {
  it('17: is refused after five failures from one address, for as long as it says; the right password too', async () => {
    await cheapAccount('ann', 'pw');
    for (let i = 0; i < LIMITS.pair; i++)
      expect(await guess('ann', HOME, NOW + i * 1000)).toEqual({ refused: 'credentials' });
    const later = NOW + 60_000;
    const retryAfter = (LIMITS.windowMs - 60_000) / 1000;
    expect(await guess('ann', HOME, later, 'pw')).toEqual({ refused: 'too-many', retryAfter });
    const free = later + retryAfter * 1000;
    expect(await guess('ann', HOME, free - 1, 'pw')).toMatchObject({ refused: 'too-many' });
    expect(await guess('ann', HOME, free, 'pw')).toMatchObject({ account: { username: 'ann' } });
  });

  it('17: in parallel gains nothing', async () => {
    await cheapAccount('ann', 'pw');
    const answers = await refusals(Array.from({ length: 30 }, () => guess('ann', HOME)));
    expect(answers.filter((one) => one === 'credentials')).toHaveLength(LIMITS.pair);
    expect(answers.filter((one) => one === 'too-many')).toHaveLength(30 - LIMITS.pair);
  });

  it('17: slides: a failure is forgotten when it is as old as the window', async () => {
    await cheapAccount('ann', 'pw');
    for (let i = 0; i < LIMITS.pair; i++) await guess('ann', HOME, NOW + i * 60_000);
    expect(await guess('ann', HOME, NOW + LIMITS.windowMs)).toEqual({ refused: 'credentials' });
    expect(await guess('ann', HOME, NOW + LIMITS.windowMs + 1)).toMatchObject({ refused: 'too-many' });
    expect(await guess('ann', HOME, NOW + LIMITS.windowMs + 60_000)).toEqual({ refused: 'credentials' });
  });

  it('17: a sign-in forgives the failures before it', async () => {
    await cheapAccount('ann', 'pw');
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < LIMITS.pair - 1; i++) await guess('ann', HOME);
      expect(await guess('ann', HOME, NOW, 'pw')).toMatchObject({ account: { username: 'ann' } });
    }
  });

  it('17: from everywhere locks an account for strangers, never for the owner at a known address', async () => {
    await cheapAccount('ann', 'pw');
    await guess('ann', HOME, NOW, 'pw');
    const attack = Array.from({ length: LIMITS.account + 20 }, (_, i) => guess('ann', `203.0.113.${i}`));
    const answers = await refusals(attack);
    expect(answers.filter((one) => one === 'credentials')).toHaveLength(LIMITS.account);
    expect(await guess('ann', ELSEWHERE, NOW, 'pw')).toMatchObject({ refused: 'too-many' });
    expect(await guess('ann', HOME, NOW, 'pw')).toMatchObject({ account: { username: 'ann' } });
  });

  it('17: by a neighbour behind the same address does not lock out a known device', async () => {
    await cheapAccount('ann', 'pw');
    const mine = { device: 'a-random-value-in-a-cookie' };
    expect(await signIn(tokens, 'ann', 'pw', HOME, NOW, mine)).toMatchObject({ account: {} });
    for (let i = 0; i <= LIMITS.pair; i++) await guess('ann', HOME);
    expect(await guess('ann', HOME, NOW, 'pw')).toMatchObject({ refused: 'too-many' });
    const forged = { device: 'made-up' };
    expect(await signIn(tokens, 'ann', 'pw', HOME, NOW, forged)).toMatchObject({ refused: 'too-many' });
    expect(await signIn(tokens, 'ann', 'pw', HOME, NOW, mine)).toMatchObject({ account: {} });
    for (let i = 0; i < LIMITS.pair; i++) await signIn(tokens, 'ann', 'wrong', HOME, NOW, mine);
    expect(await signIn(tokens, 'ann', 'pw', HOME, NOW, mine)).toMatchObject({ refused: 'too-many' });
  });

  it('17: of many accounts from one address is refused, known people there are not', async () => {
    await cheapAccount('ann', 'pw');
    await cheapAccount('bob', 'pw');
    await guess('ann', HOME, NOW, 'pw');
    const limits = { ...LIMITS, place: 10 };
    for (let i = 0; i < 10; i++) {
      await cheapAccount(`user${i}`, 'pw');
      expect(await signIn(tokens, `user${i}`, 'wrong', HOME, NOW, { limits })).toEqual({
        refused: 'credentials',
      });
    }
    expect(await signIn(tokens, 'bob', 'pw', HOME, NOW, { limits })).toMatchObject({ refused: 'too-many' });
    expect(await signIn(tokens, 'bob', 'pw', ELSEWHERE, NOW, { limits })).toMatchObject({ account: {} });
    expect(await signIn(tokens, 'ann', 'pw', HOME, NOW, { limits })).toMatchObject({ account: {} });
  });

  it('17: of an account that is not there is held to the same limits, and leaves no name in the store', async () => {
    for (let i = 0; i < LIMITS.pair; i++) await guess('nobody@example.org', HOME);
    expect(await guess('nobody@example.org', HOME)).toMatchObject({ refused: 'too-many' });
    expect(JSON.stringify(await tokens.list('SignInFailure', NOW, 99))).not.toMatch(/nobody|192\.0\.2/);
  }, 20_000);

  it('counts a network of IPv6 as one place', () => {
    expect(networkOf('2001:DB8:1:2:aaaa::1')).toBe('2001:db8:1:2::/64');
    expect(networkOf('2001:db8:1:2:ffff:0:0:9')).toBe('2001:db8:1:2::/64');
    expect(networkOf('2001:db8::9')).toBe('2001:db8:0:0::/64');
    expect(networkOf('::1')).toBe('0:0:0:0::/64');
    expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(networkOf('::ffff:192.0.2.1')).toBe('192.0.2.1');
    expect(networkOf('192.0.2.1')).toBe('192.0.2.1');
  });
});

describe('the directory', () => {
  it('tells a person what to do, and never which half was wrong', async () => {
    await cheapAccount('ann', 'pw');
    await cheapAccount('bob', 'pw', { disabled: true, demo: undefined });
    const directory = accountDirectory(tokens);
    const wrong = { refused: 'The user name or the password is not right.' };
    expect(await directory.signIn('ann', 'wrong', HOME)).toEqual(wrong);
    expect(await directory.signIn('nobody', 'wrong', HOME)).toEqual(wrong);
    expect(await directory.signIn('bob', 'pw', HOME)).toEqual({
      refused: expect.stringContaining('switched off'),
    });
    expect(await directory.signIn('ann', 'pw', HOME)).toMatchObject({ account: { id: 'ann' } });
    for (let i = 0; i < LIMITS.pair; i++) await directory.signIn('ann', 'wrong', ELSEWHERE);
    expect(await directory.signIn('ann', 'pw', ELSEWHERE)).toEqual({
      refused: 'There were too many attempts: try again in 15 minutes.',
      retryAfter: 900,
    });
    expect(await directory.find('ann')).toMatchObject({ username: 'ann' });
    expect(await directory.demo()).toEqual([{ username: 'ann', who: 'ann, a patient' }]);
  });
});
