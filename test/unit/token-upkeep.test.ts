/** What has expired is forgotten in the background, in every tenant, in steps; what lives stays. */
import { expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSqliteStores } from '../../src/store/sqlite/stores.ts';
import { keepTokensTidy } from '../../src/token-upkeep.ts';

it('purges every tenant in bounded steps and stops when told', async () => {
  const stores = await openSqliteStores({ location: ':memory:' });
  const tenants = [await stores.tenant('default'), await stores.tenant('north')];
  for (const { tokens } of tenants) {
    const puts = Array.from({ length: 250 }, (_, i) =>
      tokens.put({ model: 'AccessToken', id: `t${i}`, payload: '{}', expiresAt: 1000 }),
    );
    await Promise.all([...puts, tokens.put({ model: 'Client', id: 'app', payload: '{}' })]);
  }
  const left = async (): Promise<number[]> =>
    Promise.all(tenants.map(async ({ tokens }) => (await tokens.list('AccessToken', 0, 999)).length));
  const upkeep = keepTokensTidy(stores, { everyMs: 10, batch: 100, pauseMs: 1 });
  for (let i = 0; i < 500 && (await left()).some((n) => n > 0); i++) await sleep(10);
  expect(await left()).toEqual([0, 0]);
  expect(await tenants[1]!.tokens.find('Client', 'app', Date.now())).toBeDefined();
  await upkeep.stop();
  await tenants[0]!.tokens.put({ model: 'AccessToken', id: 'late', payload: '{}', expiresAt: 1000 });
  await sleep(60);
  expect(await left()).toEqual([1, 0]);
  await stores.close();
});
