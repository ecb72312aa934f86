/** Tokens: made, replaced, used once, forgotten; what has expired is as if it were not there; every thread sees the same at once. */
import { describe, expect, it } from '@jest/globals';
import type { TenantStore, TokenLookup, TokenRecord } from '../../src/store/ports.ts';

const NOW = 1_800_000_000_000;
const RACERS = 100;

const token = (id: string, more: Partial<TokenRecord> = {}): TokenRecord => ({
  model: 'AccessToken',
  id,
  payload: `{"of":"${id}"}`,
  ...more,
});
const idsOf = (records: readonly TokenRecord[]): string[] => records.map(({ id }) => id);
const yes = (answers: readonly boolean[]): number => answers.filter(Boolean).length;

/** `pair`: a fresh tenant as two threads see it. */
export function tokensContract(pair: () => Promise<readonly [TenantStore, TenantStore]>): void {
  describe('tokens', () => {
    const fresh = async (): Promise<TenantStore['tokens']> => (await pair())[0].tokens;

    it('come back as they were put, each under its model and id', async () => {
      const tokens = await fresh();
      const whole = token('a', {
        payload: '{ "text" : "as it was, ä 😀", "n": 1.0 }',
        expiresAt: NOW + 5,
        grantId: 'g',
        uid: 'u',
        userCode: 'c',
        accountId: 'who',
        clientId: 'app',
      });
      await tokens.put(whole);
      await tokens.put({ ...token('a'), model: 'RefreshToken' });
      expect(await tokens.find('AccessToken', 'a', NOW)).toEqual(whole);
      expect(await tokens.find('RefreshToken', 'a', NOW)).toEqual({ ...token('a'), model: 'RefreshToken' });
      expect(await tokens.find('AccessToken', 'b', NOW)).toBeUndefined();
      expect(await tokens.find('Grant', 'a', NOW)).toBeUndefined();
    });

    it('keep whatever characters an id or a value has', async () => {
      const tokens = await fresh();
      const odd = ['a/b', '$gt', "'; --", '\u0000\u0001', 'ä😀', '%_*', 'x'.repeat(300)];
      for (const id of odd) await tokens.put(token(id, { clientId: id }));
      for (const id of odd) {
        expect((await tokens.find('AccessToken', id, NOW))?.id).toBe(id);
        expect(idsOf(await tokens.findBy('clientId', id, NOW))).toEqual([id]);
      }
      expect((await tokens.list('AccessToken', NOW, 100)).length).toBe(odd.length);
    });

    it('are replaced whole by put, but stay consumed', async () => {
      const tokens = await fresh();
      await tokens.put(token('a', { expiresAt: NOW + 1, grantId: 'g', accountId: 'who' }));
      expect(await tokens.consume('AccessToken', 'a', NOW)).toBe(true);
      await tokens.put(token('a', { payload: '2', clientId: 'app' }));
      const kept = token('a', { payload: '2', clientId: 'app', consumedAt: NOW });
      expect(await tokens.find('AccessToken', 'a', NOW + 9)).toEqual(kept);
      expect(await tokens.findBy('grantId', 'g', NOW)).toEqual([]);
      expect(await tokens.findBy('accountId', 'who', NOW)).toEqual([]);
      expect(await tokens.consume('AccessToken', 'a', NOW)).toBe(false);
      await tokens.put(token('b', { consumedAt: NOW - 3 }));
      expect((await tokens.find('AccessToken', 'b', NOW))?.consumedAt).toBe(NOW - 3);
    });

    it('expire: from then on no lookup has them', async () => {
      const tokens = await fresh();
      await tokens.put(token('a', { expiresAt: NOW, grantId: 'g' }));
      await tokens.put(token('b', { grantId: 'g' }));
      expect(await tokens.find('AccessToken', 'a', NOW - 1)).toBeDefined();
      expect(idsOf(await tokens.findBy('grantId', 'g', NOW - 1)).sort()).toEqual(['a', 'b']);
      expect(idsOf(await tokens.list('AccessToken', NOW - 1, 9))).toEqual(['a', 'b']);
      expect(await tokens.find('AccessToken', 'a', NOW)).toBeUndefined();
      expect(idsOf(await tokens.findBy('grantId', 'g', NOW))).toEqual(['b']);
      expect(idsOf(await tokens.list('AccessToken', NOW, 9))).toEqual(['b']);
      expect(await tokens.consume('AccessToken', 'a', NOW)).toBe(false);
      expect(await tokens.consume('AccessToken', 'b', NOW + 1e12)).toBe(true);
    });

    it.each<TokenLookup>(['grantId', 'uid', 'userCode', 'accountId', 'clientId'])(
      'are found by %s, newest first, of one model or of all',
      async (by) => {
        const tokens = await fresh();
        for (const id of ['3', '1', '2']) await tokens.put(token(id, { [by]: 'it' }));
        await tokens.put({ ...token('g', { [by]: 'it' }), model: 'Session' });
        await tokens.put(token('else', { [by]: 'other' }));
        await tokens.put(token('none'));
        expect(idsOf(await tokens.findBy(by, 'it', NOW))).toEqual(['g', '2', '1', '3']);
        expect(idsOf(await tokens.findBy(by, 'it', NOW, { model: 'AccessToken' }))).toEqual(['2', '1', '3']);
        expect(idsOf(await tokens.findBy(by, 'it', NOW, { limit: 2 }))).toEqual(['g', '2']);
        expect(await tokens.findBy(by, 'it', NOW, { model: 'Grant' })).toEqual([]);
        expect(await tokens.findBy(by, '', NOW)).toEqual([]);
        expect(await tokens.findBy(by, 'it', NOW, { limit: 0 })).toEqual([]);
      },
    );

    it('are listed by id, page after page', async () => {
      const tokens = await fresh();
      const ids = Array.from({ length: 25 }, (_, i) => `id-${String(i).padStart(2, '0')}`);
      await Promise.all([...ids].reverse().map((id) => tokens.put({ ...token(id), model: 'Client' })));
      await tokens.put({ ...token('id-00'), model: 'ClientCredentials' });
      await tokens.put({ ...token('id-00'), model: 'Clien' });
      const pages: string[][] = [];
      for (let after: string | undefined; ; after = pages.at(-1)!.at(-1)) {
        const page = idsOf(await tokens.list('Client', NOW, 10, after));
        if (page.length === 0) break;
        pages.push(page);
      }
      expect(pages.map(({ length }) => length)).toEqual([10, 10, 5]);
      expect(pages.flat()).toEqual(ids);
    });

    it('are added once: of racers on two threads one wins, and its record stays', async () => {
      const [one, two] = await pair();
      const racers = Array.from({ length: RACERS }, (_, i) =>
        (i % 2 ? one : two).tokens.add(token('a', { payload: String(i) }), NOW),
      );
      const answers = await Promise.all(racers);
      expect(yes(answers)).toBe(1);
      const kept = await one.tokens.find('AccessToken', 'a', NOW);
      expect(kept?.payload).toBe(String(answers.indexOf(true)));
      expect(await two.tokens.add(token('a', { payload: 'late' }), NOW)).toBe(false);
      expect((await two.tokens.find('AccessToken', 'a', NOW))?.payload).toBe(kept?.payload);
    });

    it('are added where an expired one stands, as wholly new ones, and again only once', async () => {
      const [one, two] = await pair();
      await one.tokens.put(token('a', { expiresAt: NOW, consumedAt: NOW - 5, grantId: 'old' }));
      expect(await one.tokens.add(token('a'), NOW - 1)).toBe(false);
      const racers = Array.from({ length: RACERS }, (_, i) =>
        (i % 2 ? one : two).tokens.add(token('a', { expiresAt: NOW + 50 }), NOW),
      );
      expect(yes(await Promise.all(racers))).toBe(1);
      expect(await two.tokens.find('AccessToken', 'a', NOW)).toEqual(token('a', { expiresAt: NOW + 50 }));
      expect(await two.tokens.findBy('grantId', 'old', NOW - 10)).toEqual([]);
      expect(await two.tokens.consume('AccessToken', 'a', NOW)).toBe(true);
    });

    it('are consumed once: of racers on two threads one wins', async () => {
      const [one, two] = await pair();
      await one.tokens.put(token('a', { expiresAt: NOW + 10 }));
      const racers = Array.from({ length: RACERS }, (_, i) =>
        (i % 2 ? one : two).tokens.consume('AccessToken', 'a', NOW + (i % 7)),
      );
      expect(yes(await Promise.all(racers))).toBe(1);
      const { consumedAt } = (await one.tokens.find('AccessToken', 'a', NOW))!;
      expect(consumedAt).toBeGreaterThanOrEqual(NOW);
      expect(consumedAt).toBeLessThan(NOW + 7);
      expect(await one.tokens.consume('AccessToken', 'never', NOW)).toBe(false);
    });

    it('put by many at once: one of them stays whole', async () => {
      const [one, two] = await pair();
      await Promise.all(
        Array.from({ length: RACERS }, (_, i) =>
          (i % 2 ? one : two).tokens.put(token('a', { payload: String(i), clientId: String(i) })),
        ),
      );
      const kept = (await one.tokens.find('AccessToken', 'a', NOW))!;
      expect(kept.clientId).toBe(kept.payload);
    });

    it('are removed once', async () => {
      const tokens = await fresh();
      await tokens.put(token('a', { clientId: 'app' }));
      expect(await tokens.remove('RefreshToken', 'a')).toBe(false);
      expect(await tokens.remove('AccessToken', 'a')).toBe(true);
      expect(await tokens.remove('AccessToken', 'a')).toBe(false);
      expect(await tokens.find('AccessToken', 'a', NOW)).toBeUndefined();
      expect(await tokens.findBy('clientId', 'app', NOW)).toEqual([]);
    });

    it('go with their grant, and the grant with them', async () => {
      const tokens = await fresh();
      await tokens.put({ ...token('g1', { accountId: 'who' }), model: 'Grant' });
      await tokens.put({ ...token('g2', { accountId: 'who' }), model: 'Grant' });
      await tokens.put(token('a', { grantId: 'g1' }));
      await tokens.put({ ...token('r', { grantId: 'g1', expiresAt: NOW }), model: 'RefreshToken' });
      await tokens.put(token('b', { grantId: 'g2' }));
      await tokens.put(token('g1'));
      expect(await tokens.removeGrant('g1')).toBe(3);
      expect(await tokens.removeGrant('g1')).toBe(0);
      expect(idsOf(await tokens.findBy('accountId', 'who', NOW))).toEqual(['g2']);
      expect(idsOf(await tokens.list('AccessToken', NOW, 9))).toEqual(['b', 'g1']);
    });

    it('are purged when they have expired, oldest first, so many at a time', async () => {
      const tokens = await fresh();
      for (let i = 0; i < 10; i++) await tokens.put(token(`t${i}`, { expiresAt: NOW + i }));
      await tokens.put(token('stays'));
      expect(await tokens.purge(NOW + 5, 4)).toBe(4);
      expect(idsOf(await tokens.list('AccessToken', NOW - 1, 99))).toEqual([
        'stays',
        ...['t4', 't5', 't6', 't7', 't8', 't9'],
      ]);
      expect(await tokens.purge(NOW + 5, 4)).toBe(2);
      expect(await tokens.purge(NOW + 5, 4)).toBe(0);
      expect(await tokens.purge(NOW + 5, 0)).toBe(0);
      expect(await tokens.list('AccessToken', NOW - 1, 99)).toHaveLength(5);
    });

    it('are seen by the next call on another thread, and so is their end', async () => {
      const [one, two] = await pair();
      for (let i = 0; i < 30; i++) {
        await one.tokens.put(token(`n${i}`, { grantId: `g${i}` }));
        expect(await two.tokens.find('AccessToken', `n${i}`, NOW)).toBeDefined();
        await two.tokens.consume('AccessToken', `n${i}`, NOW);
        expect((await one.tokens.find('AccessToken', `n${i}`, NOW))?.consumedAt).toBe(NOW);
        await one.tokens.removeGrant(`g${i}`);
        expect(await two.tokens.find('AccessToken', `n${i}`, NOW)).toBeUndefined();
      }
    });
  });
}
