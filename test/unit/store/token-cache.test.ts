/** What a thread remembers of tokens: never older than the last answer to anyone in the process, and soon as new as what another process wrote. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TokenRecord, TokenStore } from '../../../src/store/ports.ts';
import { openSqliteStores, type SqliteStores } from '../../../src/store/sqlite/stores.ts';

const NOW = 1_800_000_000_000;
const token = (id: string, payload = '{}'): TokenRecord => ({ model: 'AccessToken', id, payload });

let folder: string;
const opened: SqliteStores[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'embergate-token-cache-'));
});
afterEach(async () => {
  for (const stores of opened.splice(0).reverse()) await stores.close();
  rmSync(folder, { recursive: true });
});

async function open(sharing?: SqliteStores): Promise<{ stores: SqliteStores; tokens: TokenStore }> {
  const stores = await openSqliteStores({ location: folder, writer: sharing?.attach().attachment });
  opened.push(stores);
  return { stores, tokens: (await stores.tenant('default')).tokens };
}

it('gives the same object while nothing has changed in the record, though others have changed', async () => {
  const { tokens } = await open();
  await tokens.put(token('a'));
  const first = await tokens.find('AccessToken', 'a', NOW);
  expect(await tokens.find('AccessToken', 'a', NOW)).toBe(first);
  await tokens.put(token('b'));
  expect(await tokens.find('AccessToken', 'a', NOW)).toBe(first);
  await tokens.put(token('a', '{"n":2}'));
  expect(await tokens.find('AccessToken', 'a', NOW)).toEqual(token('a', '{"n":2}'));
  await tokens.consume('AccessToken', 'a', NOW);
  expect(await tokens.find('AccessToken', 'a', NOW)).toMatchObject({ consumedAt: NOW });
});

it('remembers that there is none until there is one', async () => {
  const one = await open();
  const two = await open(one.stores);
  expect(await two.tokens.find('AccessToken', 'a', NOW)).toBeUndefined();
  await one.tokens.put(token('a'));
  expect(await two.tokens.find('AccessToken', 'a', NOW)).toEqual(token('a'));
});

it('judges expiry at each call', async () => {
  const { tokens } = await open();
  await tokens.put({ ...token('a'), expiresAt: NOW + 10 });
  expect(await tokens.find('AccessToken', 'a', NOW)).toBeDefined();
  expect(await tokens.find('AccessToken', 'a', NOW + 10)).toBeUndefined();
  expect(await tokens.find('AccessToken', 'a', NOW + 9)).toBeDefined();
});

it('sees every removal of another thread at once, however often it has looked before', async () => {
  const one = await open();
  const two = await open(one.stores);
  for (let i = 0; i < 200; i++) {
    const id = `t${i % 3}`;
    await one.tokens.put({ ...token(id), grantId: 'g' });
    expect(await two.tokens.find('AccessToken', id, NOW)).toBeDefined();
    if (i % 2) await one.tokens.remove('AccessToken', id);
    else await one.tokens.removeGrant('g');
    expect(await two.tokens.find('AccessToken', id, NOW)).toBeUndefined();
  }
});

it('sees what another process writes, within some milliseconds', async () => {
  const server = await open();
  const command = await open();
  await server.tokens.put(token('a'));
  expect(await server.tokens.find('AccessToken', 'a', NOW)).toBeDefined();
  await command.tokens.remove('AccessToken', 'a');
  await sleep(25);
  expect(await server.tokens.find('AccessToken', 'a', NOW)).toBeUndefined();
  await command.tokens.put(token('a', '"again"'));
  await sleep(25);
  expect(await server.tokens.find('AccessToken', 'a', NOW)).toEqual(token('a', '"again"'));
});
