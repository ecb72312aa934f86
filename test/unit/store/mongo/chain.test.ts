/** What a process knows of a tenant from its own commits, and what it must not claim to know. */
import { describe, expect, it } from '@jest/globals';
import { chain } from '../../../../src/store/mongo/chain.ts';
import type { Accepted, Current } from '../../../../src/store/mongo/judge.ts';

const counter = (n: number) => ({ n, w: 1000 + n, j: 0 });

function written(id: string, versionId: number, seq: number, deleted = false): Accepted {
  const content = deleted ? undefined : { body: new Uint8Array(2), stampAt: -1, index: [] };
  const write = { type: 'Pear', id, expected: versionId - 1, versionId, method: 'PUT' as const, content };
  return { write, place: { seq, order: 3, unit: seq, instant: 1000 }, fresh: versionId === 1 };
}

const live = (version: number): Current => ({ version, live: true, order: 3 });

describe('a chain', () => {
  it('knows nothing before the first commit and after it was told to forget', () => {
    const one = chain();
    expect([one.tip(), one.state('Pear/a'), one.since(0)]).toEqual([undefined, undefined, undefined]);
    one.committed({ before: counter(0), next: counter(1), seen: [], accepted: [written('a', 1, 1)] });
    one.forget();
    expect([one.tip(), one.state('Pear/a'), one.since(0), one.since(1)]).toEqual(Array(4).fill(undefined));
  });

  it('knows what was seen and, above it, what was written', () => {
    const one = chain();
    const seen = [
      ['Pear/a', live(4)],
      ['Pear/b', live(2)],
    ] as const;
    const accepted = [written('a', 5, 11), written('c', 3, 12, true)];
    one.committed({ before: counter(10), next: counter(12), seen, accepted });
    expect(one.tip()).toEqual(counter(12));
    expect(one.state('Pear/a')).toEqual(live(5));
    expect(one.state('Pear/b')).toEqual(live(2));
    expect(one.state('Pear/c')).toEqual({ version: 3, live: false, order: 3 });
  });

  it('tells what changed since the tip and since the commit before it, and nothing of earlier times', () => {
    const one = chain();
    one.committed({ before: counter(10), next: counter(11), seen: [], accepted: [written('a', 1, 11)] });
    one.committed({ before: counter(11), next: counter(12), seen: [], accepted: [written('b', 1, 12)] });
    expect(one.since(12)).toEqual(new Map());
    expect([...one.since(11)!.keys()]).toEqual(['Pear/b']);
    expect([one.since(10), one.since(13)]).toEqual([undefined, undefined]);
  });

  it('knows nothing of before where others came between two commits', () => {
    const one = chain();
    one.committed({ before: counter(10), next: counter(11), seen: [], accepted: [written('a', 1, 11)] });
    one.committed({ before: counter(15), next: counter(16), seen: [], accepted: [written('b', 1, 16)] });
    expect([one.since(11), one.state('Pear/a')]).toEqual([undefined, undefined]);
    expect(one.state('Pear/b')).toEqual({ version: 1, live: true, order: 3 });
  });

  it('forgets the oldest states first, so that its memory has a bound', () => {
    const one = chain();
    const seen = Array.from({ length: 10_001 }, (_, i) => [`Pear/${i}`, live(1)] as const);
    one.committed({ before: counter(1), next: counter(1), seen, accepted: [] });
    expect([one.state('Pear/0'), one.state('Pear/1')]).toEqual([undefined, live(1)]);
  });
});
