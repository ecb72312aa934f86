/** `match` against the laws of logic, and against a second, slower reading of each leaf. https://hl7.org/fhir/R4/search.html */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { and, not, or, within, withoutNegations, type Expression } from '../../src/fhir/search/expression.ts';
import type { IndexValue } from '../../src/fhir/search/index-value.ts';
import { match, type Subject } from '../../src/fhir/search/match.ts';
import { expression, subject } from './arbitraries.ts';

/** A leaf read the slow way: a list of the values that satisfy it. */
function found(leaf: Expression, index: readonly IndexValue[]): readonly IndexValue[] {
  if (leaf.op === 'key')
    return index.filter((v) => v.kind === 'key' && v.param === leaf.param && new Set(leaf.keys).has(v.key));
  if (leaf.op === 'present') return index.filter((v) => v.param === leaf.param && v.kind === leaf.kind);
  if (leaf.op === 'range') {
    const holds = (value: number, is: string, than: number): boolean =>
      (is.includes('=') && value === than) || (is.startsWith('<') ? value < than : value > than);
    return index.filter(
      (v) =>
        v.kind === 'range' &&
        v.param === leaf.param &&
        v.key === leaf.key &&
        leaf.bounds.every(({ end, is, value }) => holds(end === 'low' ? v.low : v.high, is, value)),
    );
  }
  if (leaf.op !== 'text') return [];
  return index.filter((v) => {
    if (v.kind !== 'text' || v.param !== leaf.param) return false;
    if (leaf.test === 'exact') return v.exact === leaf.value;
    if (leaf.test === 'equals') return v.text === leaf.value;
    if (leaf.test === 'ends')
      return v.text.slice(Math.max(0, v.text.length - leaf.value.length)) === leaf.value;
    const at = v.text.indexOf(leaf.value);
    return leaf.test === 'starts' ? at === 0 : at >= 0;
  });
}

function slow(e: Expression, s: Subject): boolean {
  switch (e.op) {
    case 'all':
      return true;
    case 'none':
      return false;
    case 'and':
      return e.of.map((one) => slow(one, s)).reduce((a, b) => a && b, true);
    case 'or':
      return e.of.map((one) => slow(one, s)).reduce((a, b) => a || b, false);
    case 'not':
      return !slow(e.of, s);
    case 'id':
      return e.ids.indexOf(s.id) >= 0;
    case 'updated':
      return (
        found({ op: 'range', param: 'u', key: '', bounds: e.bounds }, [
          { kind: 'range', param: 'u', key: '', low: s.instant, high: s.instant },
        ]).length > 0
      );
    default:
      return found(e, s.index).length > 0;
  }
}

describe('match', () => {
  it('agrees with a slow reading of every Expression', () => {
    fc.assert(
      fc.property(expression(), subject, (e, s) => expect(match(e, s)).toBe(slow(e, s))),
      { numRuns: 3000 },
    );
  });

  it('obeys the laws that and, or and not are built on', () => {
    fc.assert(
      fc.property(expression(), expression(), subject, (a, b, s) => {
        expect(match(and(a, b), s)).toBe(match(a, s) && match(b, s));
        expect(match(or(a, b), s)).toBe(match(a, s) || match(b, s));
        expect(match(not(a), s)).toBe(!match(a, s));
      }),
      { numRuns: 1000 },
    );
  });

  it('within is the conjunction, also where the question says already what the scope does', () => {
    const both = (scope: Expression, asked: Expression, s: Subject): void =>
      expect(match(within(scope, asked), s)).toBe(match(scope, s) && match(asked, s));
    fc.assert(
      fc.property(expression(), expression(), expression(), subject, (a, b, c, s) => {
        both(a, b, s);
        both(or(a, b), and(a, c), s);
        both(and(or(a, b), c), and(a, b), s);
        both(a, a, s);
      }),
      { numRuns: 2000 },
    );
    const [own, inside] = [
      { op: 'key', param: 'patient', keys: ['Patient/1'] },
      { op: 'key', param: 'code', keys: ['x'] },
    ] as const;
    expect(within(or(own, inside), own)).toBe(own);
    expect(within(and(or(own, inside), inside), own)).toEqual(and(inside, own));
    const wider = { ...own, keys: ['Patient/1', 'Patient/2'] };
    expect(within(own, wider)).toEqual(and(own, wider));
    expect(within(not(own), own)).toEqual(and(not(own), own));
  });

  it('what holds without negations on a part of the values holds on all of them', () => {
    fc.assert(
      fc.property(expression(), subject, fc.array(fc.boolean()), (e, s, keep) => {
        const part = { ...s, index: s.index.filter((_, i) => keep[i] ?? true) };
        if (match(withoutNegations(e), part)) expect(match(e, s)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('meets enough matches to mean something', () => {
    const seen = { key: 0, range: 0, text: 0, present: 0 };
    fc.assert(
      fc.property(expression(), subject, (e, s) => {
        if (e.op in seen && match(e, s)) seen[e.op as keyof typeof seen]++;
      }),
      { numRuns: 3000, seed: 1 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(5);
  });
});
