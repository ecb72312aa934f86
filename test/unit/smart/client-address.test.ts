/** Whose attempts are counted: the client's, never what the client says of itself. */
import { expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { clientAddress } from '../../../src/smart/client-address.ts';

const request = (forwarded?: string, remoteAddress = '10.0.0.9'): IncomingMessage =>
  ({
    socket: { remoteAddress },
    headers: { ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }) },
  }) as unknown as IncomingMessage;

it('17: without a proxy of ours, a header says nothing', () => {
  expect(clientAddress(request('192.0.2.1'), 0)).toBe('10.0.0.9');
});

it.each([
  [1, '192.0.2.1', '192.0.2.1'],
  [1, '1.1.1.1, 192.0.2.1', '192.0.2.1'],
  [2, '1.1.1.1, 192.0.2.1, 10.0.0.1', '192.0.2.1'],
  [2, '192.0.2.1', '192.0.2.1'],
  [1, undefined, '10.0.0.9'],
  [1, '', '10.0.0.9'],
  [1, '192.0.2.1:4711', '192.0.2.1'],
  [1, '[2001:db8::1]:4711', '2001:db8::1'],
  [1, '2001:db8::1', '2001:db8::1'],
])('17: behind %d of ours, %j comes from %s', (proxies, forwarded, address) => {
  expect(clientAddress(request(forwarded), proxies)).toBe(address);
});
