/** Which open transactions belong to a process that is gone. */
import { expect, it } from '@jest/globals';
import { UUID } from 'mongodb';
import { orphans } from '../../../../src/store/mongo/orphans.ts';

const idle = (connectionId: number, ms: number) => {
  const lsid = { id: new UUID() };
  return { type: 'idleSession', connectionId, lsid, transaction: { timeInactiveMicros: ms * 1000 } } as const;
};

it('those without their connection, and those that nobody has touched for long', () => {
  const [lives, cut, sleeps] = [idle(1, 100), idle(2, 1), idle(1, 6_000)];
  const session = { type: 'idleSession', connectionId: 9, lsid: { id: new UUID() } } as const;
  const found = orphans([{ type: 'op', connectionId: 1 }, lives, cut, sleeps, session]);
  expect(found).toEqual([cut.lsid.id, sleeps.lsid.id]);
});
