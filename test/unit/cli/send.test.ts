/** Sending bundles: what was done, what was refused, and patience with a busy server. */
import { describe, expect, it } from '@jest/globals';
import { eachOf, sendBundle } from '../../../src/cli/send.ts';
import { allDone, fakeServer, refusal, type FakeAnswer } from './fake-server.ts';

const BUNDLE = '{"resourceType":"Bundle","type":"transaction","entry":[{},{},{}]}';

async function sent(
  answer: (text: string, number: number) => FakeAnswer,
): Promise<{ result: unknown; asked: number }> {
  const server = await fakeServer(answer);
  try {
    return { result: await sendBundle(server.base, BUNDLE), asked: server.seen.length };
  } finally {
    await server.stop();
  }
}

describe('sending', () => {
  it('counts what was done', async () => {
    expect(await sent(allDone)).toEqual({ result: { done: 3, refused: [] }, asked: 1 });
  });

  it('tells why a transaction was refused', async () => {
    const { result } = await sent(() => refusal(422, 'entry 2 refers to nothing'));
    expect(result).toEqual({ done: 0, refused: ['422 entry 2 refers to nothing'] });
    expect((await sent(() => ({ status: 502 }))).result).toEqual({ done: 0, refused: ['502'] });
  });

  it('tells which entries of a batch were refused', async () => {
    const { body } = refusal(400, 'gender is wrong');
    const entry = [
      { response: { status: '201' } },
      { response: { status: '400 Bad Request', outcome: body } },
      { response: { status: '200 OK' } },
    ];
    expect((await sent(() => ({ status: 200, body: { entry } }))).result).toEqual({
      done: 2,
      refused: ['entry 1: 400 gender is wrong'],
    });
  });

  it('asks a busy server again', async () => {
    const { result, asked } = await sent((text, number) =>
      number < 1 ? { ...refusal(503, 'busy'), headers: { 'retry-after': '0' } } : allDone(text),
    );
    expect([result, asked]).toEqual([{ done: 3, refused: [] }, 2]);
  });

  it('says in one line that nobody answers', async () => {
    const server = await fakeServer(allDone);
    await server.stop();
    await expect(sendBundle(server.base, BUNDLE)).rejects.toThrow(
      `${server.base} cannot be reached: ECONNREFUSED`,
    );
  });
});

describe('eachOf', () => {
  it('never has more under way than allowed, and leaves none out', async () => {
    let [now, most] = [0, 0];
    const seen: number[] = [];
    await eachOf([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 10 - item));
      now--;
      seen.push(item);
    });
    expect([most, seen.sort()]).toEqual([3, [1, 2, 3, 4, 5, 6, 7]]);
  });

  it('throws what one of them throws, the last too', async () => {
    for (const bad of [1, 5]) {
      const work = eachOf([1, 2, 3, 4, 5], 2, (item) =>
        item === bad ? Promise.reject(new Error('x')) : Promise.resolve(),
      );
      await expect(work).rejects.toThrow('x');
    }
  });
});
