/** What is answered is on the disk: the calls of the disk beside the writer, here with a disk that answers when it is told to. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { LogSync, type Disk } from '../../../src/store/sqlite/log-sync.ts';
import { TenantWriter } from '../../../src/store/sqlite/tenant-writer.ts';
import { packUnit, type Ask } from '../../../src/store/sqlite/wire.ts';
import { create } from '../../contract/units.ts';

describe('an answer', () => {
  let folder: string;
  let writer: TenantWriter;
  let calls: ((error: Error | null) => void)[];
  let now: number;
  let open: (patience: number) => TenantWriter;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'embergate-sync-'));
    calls = [];
    const file = join(folder, 't.db');
    const syncNow = (): void => void now++;
    const sync: Disk['sync'] = (_descriptor, done) => void calls.push(done);
    now = 0;
    open = (patience) => new TenantWriter(file, new LogSync(file, { sync, syncNow, patience }));
    writer = open(60_000);
  });
  afterEach(() => {
    writer.close();
    rmSync(folder, { recursive: true });
  });

  function commit(id: string): Ask {
    const bodies: Uint8Array[] = [];
    const { wire } = packUnit({ writes: [create('Pear', id)] }, bodies, 0);
    return { op: 'commit', tenant: 't', unit: wire, bodies: new Uint8Array(Buffer.concat(bodies)) };
  }
  const given: string[] = [];
  beforeEach(() => void given.splice(0));
  /** Notes when the answer comes, and whether it is one of success. */
  function note(name: string, ask: Ask): void {
    void writer.performDurably([ask]).then(([answer]) => given.push(`${name} ${'value' in answer!}`));
  }

  it('waits for the disk; a call that was under way before the commit does not count', async () => {
    note('a', commit('a'));
    note('b', commit('b'));
    note('c', commit('c'));
    await turn();
    expect([given, calls.length]).toEqual([[], 1]);
    calls[0]!(null);
    await turn();
    // One more call serves both that were committed during the first.
    expect([given, calls.length]).toEqual([['a true'], 2]);
    note('d', commit('d'));
    calls[1]!(null);
    await turn();
    expect([given, calls.length]).toEqual([['a true', 'b true', 'c true'], 3]);
    calls[2]!(null);
    await turn();
    expect(given.at(-1)).toBe('d true');
  });

  it('does not wait for what leaves nothing behind', async () => {
    note('ping', { op: 'ping', tenant: 't' });
    note('settle', { op: 'settle', tenant: 't' });
    await turn();
    expect([given, calls.length]).toEqual([['ping true', 'settle true'], 0]);
  });

  it('is a failure when the disk fails, and so are those that wait and all later ones', async () => {
    note('a', commit('a'));
    note('b', commit('b'));
    calls[0]!(new Error('EIO'));
    await turn();
    expect([given, calls.length]).toEqual([['a false', 'b false'], 1]);
    const [later] = await writer.performDurably([commit('c')]);
    expect(later).toEqual({ error: expect.stringContaining('EIO'), busy: true });
    // A disk that answers again proves nothing about what it lost.
    expect(calls).toHaveLength(1);
  });

  it('comes without the thread pool when that has no time, and a late fault still counts', async () => {
    const hasty = open(1);
    const [answer] = await hasty.performDurably([commit('a')]);
    expect([answer, now]).toEqual([{ value: expect.objectContaining({ ok: true }) }, 1]);
    calls[0]!(new Error('EIO'));
    const [later] = await hasty.performDurably([commit('b')]);
    expect(later).toEqual({ error: expect.stringContaining('EIO'), busy: true });
    hasty.close();
  });

  it('comes after a real call of the disk', async () => {
    const real = new TenantWriter(join(folder, 'real.db'));
    const answers = await real.performDurably([commit('a')]);
    expect(answers).toEqual([{ value: expect.objectContaining({ ok: true }) }]);
    real.close();
  });
});
