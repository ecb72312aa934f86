/** What is fetched for a client, and what is not. */
import { describe, expect, it } from '@jest/globals';
import { guardedFetch, isPublicAddress } from '../../../src/smart/guarded-fetch.ts';

describe('addresses', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '::127.0.0.1',
    '64:ff9b::a00:1',
    '2001:db8::1',
    '2002:a00:1::',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'ff02::1',
    'localhost',
    '2130706433',
    '',
  ])('%s is of our own network', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '172.32.0.1',
    '100.128.0.1',
    '192.169.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450::1',
  ])('%s is of the internet', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe('what is not fetched', () => {
  it.each([
    ['http://example.org/jwks', 'only https'],
    ['file:///etc/passwd', 'only https'],
    ['https://127.0.0.1/jwks', 'own network'],
    ['https://[::1]/jwks', 'own network'],
    ['https://[::ffff:169.254.169.254]/jwks', 'own network'],
    ['https://2130706433/jwks', 'own network'],
    ['https://0x7f.1/jwks', 'own network'],
    ['https://localhost/jwks', 'own network'],
  ])('[39] %s', async (url, why) => {
    await expect(guardedFetch(url)).rejects.toThrow(why);
  });
});
