/** What is worth a look: what is found, and above all what is not. */
import { describe, expect, it } from '@jest/globals';
import type { AuditNote } from '../../../src/access/audit/note.ts';
import { RULES, unusual } from '../../../src/access/audit/unusual.ts';

const NOW = Date.UTC(2026, 10, 24, 15);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const alma = { kind: 'person', accountId: 'alma', clientId: 'chart' } as const;

const note = (at: number, parts: Partial<AuditNote> = {}): AuditNote => ({
  at,
  happening: 'read',
  outcome: 'done',
  who: alma,
  requestId: 'r',
  patients: ['p1'],
  ...parts,
});
/** Each of its own patient. */
const reads = (number: number, at: number, apart: number, name = 'p'): AuditNote[] =>
  Array.from({ length: number }, (_, index) => note(at + index * apart, { patients: [`${name}${index}`] }));
const kinds = (notes: readonly AuditNote[]): readonly string[] => unusual(notes, NOW).map(({ kind }) => kind);
/** A week of work from 9 to 12, ten patients a day. */
const week = (): AuditNote[] =>
  [2, 3, 4, 5, 6, 7].flatMap((ago) =>
    [9, 10, 11, 12].flatMap((hour) => reads(10, Date.UTC(2026, 10, 24) - ago * DAY + hour * HOUR, MINUTE)),
  );

describe('what is worth a look', () => {
  it('is nothing in a quiet trail, nor in none', () => {
    expect(unusual([], NOW)).toEqual([]);
    expect(kinds(week())).toEqual([]);
    expect(kinds([...week(), ...reads(10, NOW - 5 * HOUR, MINUTE)])).toEqual([]);
  });

  it('is one person who opens many records in a short time', () => {
    const found = unusual(reads(RULES.records, NOW - HOUR, 10_000), NOW);
    expect(found).toMatchObject([{ kind: 'many-records', number: RULES.records, who: alma }]);
    expect(found[0]!.to - found[0]!.from).toBeLessThanOrEqual(RULES.burstMs);
  });

  it('is not the same record over and over, nor as many records over a day', () => {
    expect(kinds(Array.from({ length: 500 }, (_, at) => note(NOW - HOUR + at * 1000)))).toEqual([]);
    expect(kinds(reads(RULES.records * 2, NOW - 20 * HOUR, 5 * MINUTE))).toEqual([]);
  });

  it('counts the patients that one answer names', () => {
    const patients = Array.from({ length: RULES.records }, (_, at) => `p${at}`);
    expect(kinds([note(NOW - HOUR, { happening: 'search', patients })])).toEqual(['many-records']);
  });

  it('counts those who share an app apart', () => {
    const each = Array.from({ length: RULES.records }, (_, at) =>
      note(NOW - HOUR + at, {
        who: { kind: 'person', accountId: `a${at}`, clientId: 'chart' },
        patients: [`p${at}`],
      }),
    );
    expect(kinds(each)).toEqual([]);
  });

  it('is an app without a person too', () => {
    const who = { kind: 'service', clientId: 'robot' } as const;
    const many = reads(RULES.records, NOW - HOUR, 1000).map((one) => ({ ...one, who }));
    expect(unusual(many, NOW)).toMatchObject([{ kind: 'many-records', who }]);
  });

  it('is many refusals', () => {
    const refused = (number: number) =>
      Array.from({ length: number }, (_, at) =>
        note(NOW - HOUR + at * 1000, { outcome: 'refused', patients: [] }),
      );
    expect(kinds(refused(RULES.refusals))).toEqual(['refusals']);
    expect(kinds(refused(RULES.refusals - 1))).toEqual([]);
  });

  it('is failed sign-ins for one account, or from one address', () => {
    const failed = (names: (at: number) => string, addresses: (at: number) => string) =>
      Array.from({ length: RULES.signIns }, (_, at) =>
        note(NOW - HOUR + at * MINUTE, {
          happening: 'sign-in',
          outcome: 'refused',
          who: { kind: 'nobody', name: names(at) },
          detail: { address: addresses(at) },
          patients: [],
        }),
      );
    const one = unusual(
      failed(
        () => 'alma',
        (at) => `10.0.0.${at}`,
      ),
      NOW,
    );
    expect(one).toMatchObject([{ kind: 'sign-ins', who: { name: 'alma' }, number: RULES.signIns }]);
    const other = unusual(
      failed(
        (at) => `user-${at}`,
        () => '203.0.113.5',
      ),
      NOW,
    );
    expect(other).toMatchObject([{ kind: 'sign-ins', address: '203.0.113.5' }]);
    expect(
      kinds(
        failed(
          (at) => `user-${at}`,
          (at) => `10.0.0.${at}`,
        ),
      ),
    ).toEqual([]);
  });

  it('is an hour at which a person never worked, and not the hour beside one', () => {
    const at = (hour: number): number => Date.UTC(2026, 10, 24, hour);
    expect(unusual([...week(), note(at(3))], NOW)).toMatchObject([{ kind: 'hour', usual: 3 }]);
    expect(kinds([...week(), note(at(8))])).toEqual([]);
    expect(kinds([...week().slice(0, 40), note(at(3))])).toEqual([]);
  });

  it('is many times the volume of any day before, however slowly', () => {
    const slow = (number: number): AuditNote[] =>
      reads(number, Date.UTC(2026, 10, 24, 9), (5 * HOUR) / number, 'new');
    expect(unusual([...week(), ...slow(100)], NOW)).toMatchObject([
      { kind: 'volume', number: 100, usual: 10 },
    ]);
    expect(kinds([...week(), ...slow(30)])).toEqual([]);
  });

  it('is told for a day', () => {
    expect(kinds(reads(RULES.records, NOW - 2 * DAY, 1000))).toEqual([]);
  });

  it('takes a trail of fifty thousand notes in a few seconds', () => {
    const many = Array.from({ length: 50_000 }, (_, at) =>
      note(NOW - 14 * DAY + at * 24_000, { patients: [`p${at % 300}`] }),
    );
    const begun = process.cpuUsage();
    unusual(many, NOW);
    const { user, system } = process.cpuUsage(begun);
    expect((user + system) / 1000).toBeLessThan(3000);
  });
});
