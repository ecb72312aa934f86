// Large pieces of work one after the other: in order, past a failure, and no more waiting than is said.

import { expect, it } from '@jest/globals';
import { turns } from '../../../src/rest/turns.ts';

it('does one at a time, in the order of coming, also behind one that fails', async () => {
  const { take } = turns(10);
  const seen: string[] = [];
  const work =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      seen.push(`${name} begins`);
      await Promise.resolve();
      seen.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const all = await Promise.allSettled([take(work('a')), take(work('b', true)), take(work('c'))]);
  expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

it('refuses as busy what would wait behind too many, and takes the next once there is room', async () => {
  const { take } = turns(2);
  let go: () => void = () => undefined;
  const first = take(() => new Promise<void>((done) => (go = done)));
  const second = take(async () => undefined);
  await expect(take(async () => undefined)).rejects.toMatchObject({ status: 503 });
  go();
  await Promise.all([first, second]);
  await expect(take(async () => 'again')).resolves.toBe('again');
});
