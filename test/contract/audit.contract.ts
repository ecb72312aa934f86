/** The audit trail: appended in order, chained, found by key and time, with the unit of work or not at all. */
import { describe, expect, it } from '@jest/globals';
import { auditSeal, pageHash } from '../../src/store/audit-chain.ts';
import type { AuditPage, AuditStore, NewAuditPage } from '../../src/store/audit-port.ts';
import type { TenantStore } from '../../src/store/ports.ts';
import { create, done, freshType, refused, update } from './units.ts';

const page = (line: string, keys: readonly string[] = [], at = Date.now()): NewAuditPage => ({
  since: at,
  at,
  body: new Uint8Array(Buffer.from(line)),
  keys,
});
const linesOf = ({ body }: AuditPage): string[] => Buffer.from(body).toString('utf8').split('\n');

async function walked(audit: AuditStore): Promise<AuditPage[]> {
  const pages: AuditPage[] = [];
  for await (const one of audit.walk()) pages.push(one);
  return pages;
}

const read = async (audit: AuditStore, query: Partial<Parameters<AuditStore['read']>[0]> = {}) =>
  (await audit.read({ limit: 100, ...query })).flatMap(({ page: one }) => linesOf(one));

/** Every page follows the one before, every head is the end of its chain, and every proof was made with the secret. */
async function expectWhole({ audit, secret }: TenantStore): Promise<void> {
  const seal = auditSeal(secret);
  const ends = new Map<string, AuditPage>();
  for (const one of await walked(audit)) {
    const before = ends.get(one.chain);
    expect(one.seq).toBe((before?.seq ?? 0) + 1);
    expect(one.hash).toBe(pageHash(before?.hash ?? '', one));
    expect(one.mac).toBe(seal.pageMac(one));
    ends.set(one.chain, one);
  }
  const heads = await audit.heads();
  const ended = heads.filter(({ seq }) => seq > 0);
  expect(new Set(ended)).toEqual(new Set([...ends.values()].map((end) => seal.head(end.chain, end))));
  expect(await audit.register()).toEqual(
    heads.length > 0 ? seal.register(heads.map(({ chain }) => chain)) : undefined,
  );
}

/** `pair`: a fresh tenant as two threads see it. */
export function auditContract(pair: () => Promise<readonly [TenantStore, TenantStore]>): void {
  describe('audit', () => {
    it('keeps nothing before the first page', async () => {
      const [{ audit }] = await pair();
      expect([await walked(audit), await audit.heads(), await audit.read({ limit: 5 })]).toEqual([
        [],
        [],
        [],
      ]);
      expect(await audit.register()).toBeUndefined();
    });

    it('keeps what two threads append at once, each in its order, and chains it', async () => {
      const [one, two] = await pair();
      const lines = Array.from({ length: 60 }, (_, i) => `{"n":${i},"text":"ä😀"}`);
      await Promise.all(lines.map((line, i) => (i % 2 ? one : two).audit.append(page(line))));
      const found = (await walked(one.audit)).flatMap(linesOf);
      expect([...found].sort()).toEqual([...lines].sort());
      const numbers = found.map((line) => (JSON.parse(line) as { n: number }).n);
      for (const rest of [0, 1]) {
        const own = numbers.filter((n) => n % 2 === rest);
        expect(own).toEqual([...own].sort((a, b) => a - b));
      }
      await expectWhole(one);
      await two.audit.append(page('"one more"'));
      await expectWhole(two);
    });

    it('is found by any of some keys and by time, newest first, page by page', async () => {
      const [{ audit }] = await pair();
      const start = 1_800_000_000_000;
      for (let i = 0; i < 12; i++)
        await audit.append(page(`${i}`, [`Patient/${i % 3}`, i % 2 ? 'odd' : 'even'], start + i * 1000));
      expect(await read(audit)).toEqual(Array.from({ length: 12 }, (_, i) => `${11 - i}`));
      expect(await read(audit, { keys: ['Patient/1'] })).toEqual(['10', '7', '4', '1']);
      expect(await read(audit, { keys: ['Patient/1', 'odd'] })).toEqual('11 10 9 7 5 4 3 1'.split(' '));
      expect(await read(audit, { keys: ['Patient'] })).toEqual([]);
      expect(await read(audit, { keys: [] })).toEqual([]);
      expect(await read(audit, { from: start + 9000 })).toEqual(['11', '10', '9']);
      expect(await read(audit, { to: start + 1500 })).toEqual(['1', '0']);
      expect(await read(audit, { keys: ['even'], from: start + 3000, to: start + 8000 })).toEqual([
        '8',
        '6',
        '4',
      ]);
      const seen: string[] = [];
      for (let after: string | undefined; ;) {
        const found = await audit.read({ keys: ['odd'], limit: 4, ...(after !== undefined && { after }) });
        seen.push(...found.flatMap((one) => linesOf(one.page)));
        after = found.at(-1)?.position;
        if (found.length < 4) break;
      }
      expect(seen).toEqual(['11', '9', '7', '5', '3', '1']);
    });

    it('finds by key however many pages there are', async () => {
      const [tenant] = await pair();
      const { audit } = tenant;
      for (let i = 0; i < 24; i++)
        await Promise.all(
          Array.from({ length: 100 }, (_, j) => audit.append(page(`${i * 100 + j}`, [`k${j}`]))),
        );
      const found = await read(audit, { keys: ['k7'], limit: 1000 });
      expect(found.filter((line) => Number(line) % 100 === 7)).toHaveLength(24);
      await expectWhole(tenant);
    }, 30_000);

    it('has the page of a unit that is stored, of many at once too, and none of one that is refused', async () => {
      const [tenant, other] = await pair();
      const type = freshType();
      const units = Array.from({ length: 20 }, (_, i) => ({
        writes: [create(type, `u${i}`)],
        audit: page(`"made u${i}"`, [`${type}/u${i}`]),
      }));
      await Promise.all(units.map((unit, i) => done((i % 2 ? tenant : other).resources, unit)));
      const stale = { writes: [update(type, 'u1', 7)], audit: page('"no"') };
      const conflicts = refused(await tenant.resources.commit(stale));
      expect(conflicts).toHaveLength(1);
      await done(tenant.resources, { writes: [update(type, 'u1', 1)], audit: page('"yes"') });
      const lines = (await walked(tenant.audit)).flatMap(linesOf);
      expect([...lines].sort()).toEqual([...units.map((_, i) => `"made u${i}"`), '"yes"'].sort());
      expect(await read(tenant.audit, { keys: [`${type}/u3`] })).toContain('"made u3"');
      await expectWhole(tenant);
    });
  });
}
