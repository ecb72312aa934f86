/** Whoever changes the trail in the database itself is found out: each byte, each page, the order, the end, a whole chain. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { archiveLines, readArchive } from '../../../src/access/audit/archive.ts';
import type { AuditNote } from '../../../src/access/audit/note.ts';
import { auditRecorder } from '../../../src/access/audit/recorder.ts';
import { verifyTrail } from '../../../src/access/audit/verify.ts';
import { auditSeal } from '../../../src/store/audit-chain.ts';
import type { AuditPage } from '../../../src/store/audit-port.ts';
import type { Stores } from '../../../src/store/ports.ts';
import { create } from '../../contract/units.ts';

/** The database behind the back of the program. The store is closed while it works. */
export interface Tools {
  /** where a page stands in the order of `walk` */
  setBody(at: number, body: Uint8Array): Promise<void>;
  setKeys(at: number, keys: readonly string[]): Promise<void>;
  setTime(at: number, ms: number): Promise<void>;
  remove(at: number): Promise<void>;
  swap(one: number, other: number): Promise<void>;
  removeChain(chain: string, withHead: boolean): Promise<void>;
  moveHead(chain: string, seq: number, hash: string): Promise<void>;
  removeRegister(): Promise<void>;
  setRegister(chains: readonly string[]): Promise<void>;
  append(page: AuditPage): Promise<void>;
}

export interface Tampered {
  open(): Promise<Stores>;
  tools(): Promise<Tools & { close(): Promise<void> }>;
}

const TENANT = 'default';
const note = (n: number): AuditNote => ({
  at: Date.now(),
  happening: 'read',
  outcome: 'done',
  who: { kind: 'person', clientId: 'app', accountId: 'acc' },
  requestId: `r${n}`,
  what: [`Observation/${n}/_history/1`],
  patients: [`p${n % 3}`],
});

export function tamperTests(fresh: () => Promise<Tampered>): void {
  describe('tampering with the trail', () => {
    let place: Tampered;
    let pages: AuditPage[];
    let archive: string[];

    beforeEach(async () => {
      place = await fresh();
      const stores = await place.open();
      const { audit, resources } = await stores.tenant(TENANT);
      const recorder = auditRecorder(audit, 'smart');
      for (let n = 0; n < 6; n++) {
        await recorder.note(note(n));
        await resources.commit({ writes: [create('Pear', `p${n}`)], audit: recorder.page([note(100 + n)])! });
      }
      archive = await archived(stores);
      pages = await walked(stores);
      await stores.close();
    }, 60_000);

    const walked = async (stores: Stores): Promise<AuditPage[]> => {
      const all: AuditPage[] = [];
      for await (const one of (await stores.tenant(TENANT)).audit.walk()) all.push(one);
      return all;
    };
    const archived = async (stores: Stores): Promise<string[]> => {
      const lines: string[] = [];
      for await (const line of archiveLines(await stores.tenant(TENANT), { base: 'http://x', site: 's' }, 5))
        lines.push(line.trimEnd());
      return lines;
    };
    const faultsAfter = async (
      work: (tools: Tools) => Promise<void>,
      anchored = false,
    ): Promise<readonly string[]> => {
      const tools = await place.tools();
      await work(tools);
      await tools.close();
      const stores = await place.open();
      try {
        const tenant = await stores.tenant(TENANT);
        const anchors = anchored ? (await readArchive(linesOf(archive), tenant.secret)).heads : [];
        return (await verifyTrail(tenant, anchors)).faults;
      } finally {
        await stores.close();
      }
    };
    it('finds nothing where nothing was changed, with the archive too, and counts', async () => {
      expect(await faultsAfter(async () => undefined, true)).toEqual([]);
      const stores = await place.open();
      const verified = await verifyTrail(await stores.tenant(TENANT));
      await stores.close();
      expect(verified).toMatchObject({ chains: 2, events: 12, pages: pages.length, faults: [] });
    });

    it('finds any changed byte of any page', async () => {
      for (const at of [0, 3, pages.length - 1]) {
        const { body } = pages[at]!;
        for (let i = 0; i < body.length; i += Math.ceil(body.length / 12)) {
          const changed = new Uint8Array(body);
          changed[i]! ^= 1;
          expect(await faultsAfter((tools) => tools.setBody(at, changed))).not.toEqual([]);
        }
        expect(await faultsAfter((tools) => tools.setBody(at, body))).toEqual([]);
      }
    }, 120_000);

    it('finds changed keys and times', async () => {
      expect(await faultsAfter((tools) => tools.setKeys(2, ['Patient/other']))).not.toEqual([]);
      await faultsAfter((tools) => tools.setKeys(2, pages[2]!.keys));
      expect(await faultsAfter((tools) => tools.setTime(4, 17))).not.toEqual([]);
    });

    it('finds that the last page of a chain is gone: of commits, and of what was only read', async () => {
      const at = pages.length - 1;
      const other = pages.findLastIndex(({ chain }) => chain !== pages[at]!.chain);
      for (const one of [at, other].sort((a, b) => b - a))
        expect(await faultsAfter((tools) => tools.remove(one))).not.toEqual([]);
    });

    it('finds that a page in the middle is gone', async () => {
      const { chain } = pages[0]!;
      const own = pages.flatMap((one, i) => (one.chain === chain ? [i] : []));
      expect(await faultsAfter((tools) => tools.remove(own[2]!))).toEqual([expect.stringMatching(/missing/)]);
    });

    it('finds pages in another order', async () => {
      const { chain } = pages[0]!;
      const own = pages.flatMap((one, i) => (one.chain === chain ? [i] : []));
      expect(await faultsAfter((tools) => tools.swap(own[1]!, own[2]!))).not.toEqual([]);
    });

    it('finds that a chain was removed, with its head and without', async () => {
      const { chain } = pages[0]!;
      expect(await faultsAfter((tools) => tools.removeChain(chain, false))).not.toEqual([]);
      expect(await faultsAfter((tools) => tools.removeChain(chain, true))).not.toEqual([]);
    });

    it('finds that all pages and heads were removed', async () => {
      expect(
        await faultsAfter(async (tools) => {
          for (const chain of new Set(pages.map((one) => one.chain))) await tools.removeChain(chain, true);
        }),
      ).not.toEqual([]);
    });

    it('finds a head that was moved back to fit, and a register that was changed or removed', async () => {
      const { chain } = pages[0]!;
      const own = pages.filter((one) => one.chain === chain);
      const last = own.at(-1)!;
      const before = own.at(-2)!;
      expect(
        await faultsAfter(async (tools) => {
          await tools.remove(pages.indexOf(last));
          await tools.moveHead(chain, before.seq, before.hash);
        }),
      ).toEqual([expect.stringContaining('head')]);
      expect(await faultsAfter((tools) => tools.setRegister(['commits']))).not.toEqual([]);
      expect(await faultsAfter((tools) => tools.removeRegister())).not.toEqual([]);
    });

    it('finds a page that was made up without the secret', async () => {
      const last = pages.at(-1)!;
      const forged = auditSeal(new Uint8Array(32)).page(last.chain, last, {
        since: 1,
        at: 1,
        keys: [],
        body: new Uint8Array(Buffer.from('{"t":1,"h":"read","w":{"kind":"nobody"},"r":"x"}')),
      });
      expect(await faultsAfter((tools) => tools.append(forged))).not.toEqual([]);
    });

    it('finds by an archive what even the secret could hide: the whole trail rolled back', async () => {
      const wipe = async (tools: Tools): Promise<void> => {
        for (const chain of new Set(pages.map((one) => one.chain))) await tools.removeChain(chain, true);
        await tools.removeRegister();
      };
      expect(await faultsAfter(wipe, true)).not.toEqual([]);
    });

    it('writes archives that show any change', async () => {
      const stores = await place.open();
      const { secret } = await stores.tenant(TENANT);
      await stores.close();
      expect((await readArchive(linesOf(archive), secret)).heads.length).toBeGreaterThan(1);
      const refuse = (lines: readonly string[]): Promise<unknown> =>
        expect(readArchive(linesOf(lines), secret)).rejects.toThrow(/archive/);
      for (let at = 0; at < archive.length; at += 5) {
        await refuse(
          archive.with(
            at,
            archive[at]!.replace(/\d/, (one) => String((Number(one) + 1) % 10)),
          ),
        );
        await refuse(archive.toSpliced(at, 1));
      }
      await refuse(archive.slice(0, -1));
      await refuse([]);
      await expect(readArchive(linesOf(archive), new Uint8Array(32))).rejects.toThrow(/another server/);
    });
  });
}

async function* linesOf(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
