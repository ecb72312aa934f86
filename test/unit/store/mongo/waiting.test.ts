/** Groups: what is taken from the front of the line, and who may join one that was taken before. */
import { describe, expect, it } from '@jest/globals';
import { chain } from '../../../../src/store/mongo/chain.ts';
import { isKnown } from '../../../../src/store/mongo/snapshot.ts';
import { sizeOf, takeGroup, type Waiting } from '../../../../src/store/mongo/waiting.ts';
import type { UnitOfWork, Write } from '../../../../src/store/ports.ts';
import { ALL } from '../../../../src/fhir/search/expression.ts';
import { searchPlan } from '../../../../src/fhir/search/plan.ts';

function write(id: string, expected = 0, bytes = 10): Write {
  const content = { body: new Uint8Array(bytes), stampAt: -1, index: [] };
  return { type: 'Pear', id, expected, versionId: expected + 1, method: 'PUT', content };
}

const none = (): void => undefined;
const waiting = (unit: UnitOfWork): Waiting => ({ unit, bytes: sizeOf(unit), resolve: none, reject: none });
const one = (id: string): Waiting => waiting({ writes: [write(id)] });
const names = (group: readonly Waiting[]): string => group.map(({ unit }) => unit.writes[0]!.id).join();

describe('a group', () => {
  it('takes all that wait up to its size, and leaves the rest in their order', () => {
    const line = Array.from({ length: 401 }, (_, i) => one(`${i}`));
    expect(takeGroup(line)).toHaveLength(400);
    expect(names(line)).toBe('400');
  });

  it('takes a unit that is too large for it alone', () => {
    const large = waiting({ writes: [write('large', 0, 9 << 20)] });
    const line = [large, one('b')];
    expect(names(takeGroup(line))).toBe('large');
    expect(names(line)).toBe('b');
  });

  it('is joined from the front, up to the first that does not fit, while there is room', () => {
    const line = ['a', 'b', 'x', 'c'].map(one);
    const group = takeGroup(line, [one('early')], ({ writes }) => writes[0]!.id !== 'x');
    expect([names(group), names(line)]).toEqual(['early,a,b', 'x,c']);
    const full = Array.from({ length: 400 }, () => one('e'));
    expect(takeGroup(line, full)).toHaveLength(400);
  });
});

describe('a unit of which all is known', () => {
  const live = { version: 3, live: true, order: 1 };
  const tip = chain();
  tip.committed({
    before: { n: 1, w: 1, j: 0 },
    next: { n: 2, w: 1, j: 0 },
    seen: [['Pear/known', live]],
    accepted: [],
  });
  const plan = searchPlan({ branches: [{ type: 'Pear', where: ALL }], count: 1 }, () => ALL);
  const { content: _, ...deletion } = write('known', 3);

  it.each<[string, boolean, UnitOfWork]>([
    ['creates', true, { writes: [write('new')] }],
    [
      'changes what is known',
      true,
      { writes: [write('known', 3)], present: [{ type: 'Pear', id: 'known' }] },
    ],
    ['deletes without looking at references', true, { writes: [deletion], integrity: false }],
    ['changes what is not known', false, { writes: [write('other', 3)] }],
    [
      'refers to what is not known',
      false,
      { writes: [write('new')], present: [{ type: 'Pear', id: 'other' }] },
    ],
    [
      'refers to what it takes for new',
      false,
      { writes: [write('new')], present: [{ type: 'Pear', id: 'new' }] },
    ],
    ['deletes what may be referred to', false, { writes: [deletion], integrity: true }],
    ['has a condition', false, { writes: [write('new')], guards: [{ plan, matches: [] }] }],
  ])('%s: %s', (_name, known, unit) => {
    expect(isKnown(tip, unit)).toBe(known);
  });
});
