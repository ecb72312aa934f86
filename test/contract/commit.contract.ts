/** read, vread and commit: versions, conditions, integrity, all or nothing. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { ResourceStore, StoredResource, TenantStore } from '../../src/store/ports.ts';
import {
  bodyText,
  content,
  create,
  done,
  freshType,
  ids,
  key,
  plan,
  refers,
  refused,
  remove,
  STAMP,
  text,
  update,
  winners,
} from './units.ts';

const plainly = (stored: StoredResource | undefined) => ({ ...stored, body: bodyText(stored) });
const A = 'aaaaaaaa-0000-4000-8000-000000000001';

export function commitContract(use: () => Promise<TenantStore>): void {
  let store: ResourceStore;
  beforeAll(async () => {
    store = (await use()).resources;
  });

  describe('read and vread', () => {
    it('give what was created, byte for byte, with the instant of the commit in it', async () => {
      const type = freshType();
      const odd = ',"x":"\u{1f600} \\u0041 1e2","n":1.50';
      const before = Date.now();
      const { instant, firstSeq } = await done(store, { writes: [create(type, A, [], odd)] });
      expect(instant).toBeGreaterThanOrEqual(before - 1);
      const [stored] = await store.read([{ type, id: A }]);
      expect(stored).toMatchObject({ type, id: A, versionId: 1, seq: firstSeq, instant, method: 'POST' });
      expect(bodyText(stored)).toBe(
        text({ type, id: A }, 1, odd).replace(STAMP, new Date(instant).toISOString()),
      );
      expect(bodyText(await store.vread({ type, id: A }, 1))).toBe(bodyText(stored));
    });

    it('recall what they gave last, byte for byte, or nothing', async () => {
      const type = freshType();
      const keys = [{ type, id: A }];
      const same = async (): Promise<void> => {
        const recalled = store.recall(keys);
        if (recalled) expect(recalled.map(plainly)).toEqual((await store.read(keys)).map(plainly));
      };
      expect(store.recall(keys)).toBeUndefined();
      await done(store, { writes: [create(type, A, [], ',"n":1.50')] });
      await same();
      await done(store, { writes: [update(type, A, 1)] });
      await same();
      await store.read(keys);
      await same();
      await done(store, { writes: [remove(type, A, 2)] });
      await same();
    });

    it('leave the text alone where there is nothing to stamp', async () => {
      const type = freshType();
      const body = new Uint8Array(Buffer.from('{"as":"it is"}'));
      await done(store, { writes: [{ ...create(type, A), content: { body, stampAt: -1, index: [] } }] });
      expect(bodyText((await store.read([{ type, id: A }]))[0])).toBe('{"as":"it is"}');
    });

    it('answer in the order of the keys, undefined where there never was one', async () => {
      const type = freshType();
      await done(store, { writes: [create(type, 'a'), create(type, 'b')] });
      const found = await store.read([
        { type, id: 'b' },
        { type, id: 'none' },
        { type: 'Never', id: 'a' },
        { type, id: 'a' },
        { type, id: 'b' },
      ]);
      expect(found.map((one) => one?.id)).toEqual(['b', undefined, undefined, 'a', 'b']);
      expect(await store.read([])).toEqual([]);
      expect(await store.vread({ type, id: 'a' }, 2)).toBeUndefined();
      expect(await store.vread({ type: 'Never', id: 'a' }, 1)).toBeUndefined();
    });

    it('tell ids apart by case, and one id in two types', async () => {
      const [type, other] = [freshType(), freshType()];
      await done(store, {
        writes: [
          create(type, 'a', [], ',"w":1'),
          create(type, 'A', [], ',"w":2'),
          create(other, 'a', [], ',"w":3'),
        ],
      });
      const found = await store.read([
        { type, id: 'A' },
        { type: other, id: 'a' },
        { type, id: 'a' },
      ]);
      expect(found.map((one) => /"w":(\d)/.exec(bodyText(one)!)![1])).toEqual(['2', '3', '1']);
    });

    it('keep every version, a tombstone without a body, and bring the resource back after it', async () => {
      const type = freshType();
      await done(store, { writes: [create(type, 'a', key('k', 'one'))] });
      await done(store, { writes: [{ ...update(type, 'a', 1, key('k', 'two')), method: 'PATCH' }] });
      const { instant, firstSeq } = await done(store, { writes: [remove(type, 'a', 2)] });
      const [dead] = await store.read([{ type, id: 'a' }]);
      expect(dead).toEqual({
        type,
        id: 'a',
        versionId: 3,
        seq: firstSeq,
        instant,
        method: 'DELETE',
        body: undefined,
      });
      expect(await ids(store, type, { op: 'all' })).toEqual([]);
      await done(store, { writes: [update(type, 'a', 3, key('k', 'four'))] });
      const versions = await Promise.all(
        [1, 2, 3, 4, 5].map((version) => store.vread({ type, id: 'a' }, version)),
      );
      expect(versions.map((one) => one?.method)).toEqual(['POST', 'PATCH', 'DELETE', 'PUT', undefined]);
      expect(versions.map((one) => one?.body !== undefined)).toEqual([true, true, false, true, false]);
      expect(await ids(store, type, { op: 'key', param: 'k', keys: ['four'] })).toEqual(['a']);
      expect(await ids(store, type, { op: 'key', param: 'k', keys: ['one', 'two'] })).toEqual([]);
    });
  });

  describe('seq and instant', () => {
    it('give writes[i] the seq firstSeq + i and one instant; neither ever falls', async () => {
      const type = freshType();
      let [seq, instant] = [0, 0];
      for (let unit = 0; unit < 20; unit++) {
        const result = await done(store, { writes: [0, 1, 2].map((i) => create(type, `u${unit}-${i}`)) });
        expect(result.firstSeq).toBeGreaterThan(seq);
        expect(result.instant).toBeGreaterThanOrEqual(instant);
        const stored = await store.read([0, 1, 2].map((i) => ({ type, id: `u${unit}-${i}` })));
        expect(stored.map((one) => one?.seq)).toEqual([0, 1, 2].map((i) => result.firstSeq + i));
        expect(stored.map((one) => one?.instant)).toEqual([0, 1, 2].map(() => result.instant));
        [seq, instant] = [result.firstSeq + 2, result.instant];
      }
    });

    it('go up and down together under concurrent commits', async () => {
      const type = freshType();
      await Promise.all(
        Array.from({ length: 60 }, (_, i) =>
          done(store, { writes: [create(type, `c${i}`), create(type, `d${i}`)] }),
        ),
      );
      const { versions } = await store.history({ type, count: 200 });
      expect(versions).toHaveLength(120);
      expect(new Set(versions.map(({ seq }) => seq)).size).toBe(120);
      versions.slice(1).forEach((one, i) => expect(one.instant).toBeLessThanOrEqual(versions[i]!.instant));
    });
  });

  describe('expected versions', () => {
    it('refuse a stale write and name the current version', async () => {
      const type = freshType();
      await done(store, { writes: [create(type, 'a')] });
      await done(store, { writes: [update(type, 'a', 1)] });
      const at = { type, id: 'a' };
      expect(refused(await store.commit({ writes: [create(type, 'a')] }))).toEqual([
        { kind: 'version', key: at, current: 2 },
      ]);
      expect(refused(await store.commit({ writes: [update(type, 'a', 1)] }))).toEqual([
        { kind: 'version', key: at, current: 2 },
      ]);
      expect(refused(await store.commit({ writes: [remove(type, 'a', 3)] }))).toEqual([
        { kind: 'version', key: at, current: 2 },
      ]);
      expect(refused(await store.commit({ writes: [update(type, 'b', 1)] }))).toEqual([
        { kind: 'version', key: { type, id: 'b' }, current: 0 },
      ]);
    });

    it('count a tombstone as a version', async () => {
      const type = freshType();
      await done(store, { writes: [create(type, 'a')] });
      await done(store, { writes: [remove(type, 'a', 1)] });
      expect(refused(await store.commit({ writes: [create(type, 'a')] }))).toEqual([
        { kind: 'version', key: { type, id: 'a' }, current: 2 },
      ]);
    });

    it('let one of 100 racers win on one version, and one on a new id', async () => {
      const type = freshType();
      await done(store, { writes: [create(type, 'a')] });
      const race = Array.from({ length: 100 }, (_, i) =>
        store.commit({ writes: [update(type, 'a', 1, [], `,"by":${i}`)] }),
      );
      expect(winners(await Promise.all(race))).toBe(1);
      const births = Array.from({ length: 100 }, () => store.commit({ writes: [create(type, 'new')] }));
      expect(winners(await Promise.all(births))).toBe(1);
      const { versions } = await store.history({ type, count: 10 });
      expect(versions.map(({ id, versionId }) => `${id}/${versionId}`)).toEqual(['new/1', 'a/2', 'a/1']);
    });

    it('lose no update of 40 writers that try again', async () => {
      const type = freshType();
      await done(store, { writes: [create(type, 'n')] });
      const add = async (): Promise<void> => {
        for (;;) {
          const [now] = await store.read([{ type, id: 'n' }]);
          if ((await store.commit({ writes: [update(type, 'n', now!.versionId)] })).ok) return;
        }
      };
      await Promise.all(Array.from({ length: 40 }, add));
      expect((await store.read([{ type, id: 'n' }]))[0]!.versionId).toBe(41);
    });
  });

  describe('all or nothing', () => {
    it('store nothing of a unit with one conflict, and list every conflict', async () => {
      const type = freshType();
      await done(store, { writes: [create(type, 'old', key('k', 'x')), create(type, 'old2')] });
      const result = await store.commit({
        writes: [create(type, 'new', key('k', 'x')), create(type, 'old'), update(type, 'old2', 7)],
        present: [{ type, id: 'ghost' }],
        guards: [{ plan: plan(type, { op: 'key', param: 'k', keys: ['x'] }, { count: 1 }), matches: [] }],
        jobs: [{ queue: type, payload: {} }],
      });
      const kinds = refused(result)
        .map((one) => one.kind)
        .sort();
      expect(kinds).toEqual(['guard', 'missing', 'version', 'version']);
      expect(await store.read([{ type, id: 'new' }])).toEqual([undefined]);
      expect((await store.history({ type, count: 10 })).versions).toHaveLength(2);
      expect(await ids(store, type, { op: 'key', param: 'k', keys: ['x'] })).toEqual(['old']);
    });

    it('commit a unit of 1,500 writes whole', async () => {
      const type = freshType();
      const writes = Array.from({ length: 1500 }, (_, i) =>
        create(type, `w${i}`, [...key('k', `k${i % 7}`), ...refers({ type, id: `w${(i + 1) % 1500}` })]),
      );
      await done(store, { writes, integrity: true });
      const { total } = await store.search(plan(type, { op: 'all' }, { count: 0, total: 'accurate' }));
      expect(total).toBe(1500);
    }, 60_000);

    it('accept a unit without writes: its conditions are judged all the same', async () => {
      const type = freshType();
      await done(store, { writes: [create(type, 'a')] });
      expect((await store.commit({ writes: [], present: [{ type, id: 'a' }] })).ok).toBe(true);
      expect(refused(await store.commit({ writes: [], present: [{ type, id: 'b' }] }))).toEqual([
        { kind: 'missing', key: { type, id: 'b' } },
      ]);
    });
  });

  it('replaces the index values of an updated resource', async () => {
    const type = freshType();
    const first = [
      ...key('k', 'stays', 'goes'),
      { kind: 'range' as const, param: 'n', key: '', low: 1, high: 2 },
      { kind: 'text' as const, param: 's', text: 'old', exact: 'Old' },
    ];
    const second = [
      ...key('k', 'stays', 'comes'),
      { kind: 'range' as const, param: 'n', key: '', low: 5, high: 6 },
      { kind: 'text' as const, param: 's', text: 'new', exact: 'New' },
    ];
    await done(store, { writes: [create(type, 'a', [...first, ...first])] });
    await done(store, {
      writes: [{ ...update(type, 'a', 1), content: content({ type, id: 'a' }, 2, second) }],
    });
    const has = async (...keys: string[]) => (await ids(store, type, { op: 'key', param: 'k', keys })).length;
    expect([await has('stays'), await has('goes'), await has('comes')]).toEqual([1, 0, 1]);
    const number = (value: number) =>
      ids(store, type, {
        op: 'range',
        param: 'n',
        key: '',
        bounds: [
          { end: 'low', is: '<=', value },
          { end: 'high', is: '>=', value },
        ],
      });
    expect([(await number(1)).length, (await number(5)).length]).toEqual([0, 1]);
    const name = (value: string) => ids(store, type, { op: 'text', param: 's', test: 'equals', value });
    expect([(await name('old')).length, (await name('new')).length]).toEqual([0, 1]);
  });
}
