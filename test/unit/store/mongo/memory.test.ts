/** What a thread remembers of current versions: bounded, per tenant, never older than what it knew, and told by every commit. */
import { describe, expect, it } from '@jest/globals';
import { memories, ownCopy, remembering } from '../../../../src/store/mongo/memory.ts';
import type { CommitResult, StoredResource, UnitOfWork, Write } from '../../../../src/store/ports.ts';

const STAMP = '2000-01-01T00:00:00.000Z';
const key = (id: string) => ({ type: 'Pear', id });

function stored(id: string, seq: number, bytes = 10): StoredResource {
  return { ...key(id), versionId: seq, seq, instant: 5, method: 'PUT', body: new Uint8Array(bytes) };
}

function write(id: string, versionId: number): Write {
  const content = { body: new TextEncoder().encode(`{"${STAMP}"}`), stampAt: 2, index: [] };
  return { ...key(id), expected: versionId - 1, versionId, method: 'PUT', content };
}

describe('a memory', () => {
  it('answers only where it remembers all, and keeps tenants apart', () => {
    const of = memories();
    of('a').remember([stored('x', 1), stored('y', 2)]);
    expect(
      of('a')
        .recall([key('y'), key('x')])!
        .map(({ id }) => id),
    ).toEqual(['y', 'x']);
    expect(of('a').recall([key('x'), key('z')])).toBeUndefined();
    expect(of('b').recall([key('x')])).toBeUndefined();
  });

  it('never goes back to an older version, as a read that was overtaken by a commit would', () => {
    const one = memories()('a');
    one.remember([stored('x', 7), stored('x', 6)]);
    expect(one.recall([key('x')])![0]!.seq).toBe(7);
    one.forget(key('x'));
    expect(one.recall([key('x')])).toBeUndefined();
  });

  it('has a bound: the oldest go first, and what is large is not kept, nor what it replaces', () => {
    const one = memories(1_000)('a');
    one.remember([stored('x', 1, 100), stored('y', 2, 100), stored('z', 3, 100)]);
    expect(one.recall([key('x')])).toBeUndefined();
    expect(one.recall([key('y'), key('z')])).toHaveLength(2);
    one.remember([stored('z', 4, 70_000)]);
    expect(one.recall([key('z')])).toBeUndefined();
  });

  it('keeps a copy of a body that is part of something larger', () => {
    const whole = Buffer.from('what was read');
    const copy = ownCopy({ ...stored('x', 1), body: whole.subarray(5, 8) });
    whole.fill(0);
    expect(Buffer.from(copy.body!).toString()).toBe('was');
  });
});

describe('remembering commits', () => {
  const unit: UnitOfWork = {
    writes: [write('x', 1), { ...key('y'), expected: 1, versionId: 2, method: 'DELETE' }],
  };
  const ok: CommitResult = { ok: true, instant: Date.UTC(2026, 0, 2), firstSeq: 41 };

  it.each([false, true])(
    'keeps what was stored, with its instant in the text (bodies move away: %s)',
    async (moves) => {
      const memory = memories()('a');
      const commit = (one: UnitOfWork): Promise<CommitResult> => {
        if (moves) one.writes[0]!.content!.body.fill(0);
        return Promise.resolve(ok);
      };
      await remembering(
        memory,
        commit,
        moves,
      )({ writes: [write('x', 1), unit.writes[1]!] }).then((result) => expect(result).toBe(ok));
      const [x, y] = memory.recall([key('x'), key('y')])!;
      expect(x).toMatchObject({ versionId: 1, seq: 41, instant: ok.instant });
      expect(Buffer.from(x!.body!).toString()).toBe('{"2026-01-02T00:00:00.000Z"}');
      expect(y).toMatchObject({ versionId: 2, seq: 42, method: 'DELETE', body: undefined });
    },
  );

  it('forgets what turns out to be out of date', async () => {
    const memory = memories()('a');
    memory.remember([stored('x', 1), stored('y', 2)]);
    const refusal: CommitResult = { ok: false, conflicts: [{ kind: 'version', key: key('x'), current: 9 }] };
    await remembering(memory, () => Promise.resolve(refusal), false)(unit);
    expect(memory.recall([key('x')])).toBeUndefined();
    expect(memory.recall([key('y')])).toHaveLength(1);
  });
});
