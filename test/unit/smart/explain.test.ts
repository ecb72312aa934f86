/** Problems in words: each says what to do, who can do it, and what the rule is. */
import { describe, expect, it } from '@jest/globals';
import { problemView } from '../../../src/smart/explain.ts';
import { shown, type Problem } from '../../../src/smart/problem.ts';

const PROBLEMS: readonly (readonly [Problem, expected: RegExp])[] = [
  [
    { kind: 'aud', sent: 'https://other.test/fhir', expected: 'https://here.test/fhir' },
    /other\.test.*here\.test/s,
  ],
  [{ kind: 'aud', sent: undefined, expected: 'https://here.test/fhir' }, /nothing/],
  [{ kind: 'pkce', method: 'plain' }, /plain.*S256/s],
  [
    { kind: 'redirect', sent: 'https://a.test/cb/', registered: ['https://z.test/cb', 'https://a.test/cb'] },
    /a\.test\/cb/,
  ],
  [{ kind: 'redirect', sent: undefined, registered: [] }, /nothing/],
  [{ kind: 'client', sent: 'nobody' }, /nobody/],
  [{ kind: 'scope', sent: 'patient/Observation.sr', nearest: ['patient/Observation.rs'] }, /\.sr.*\.rs/s],
  [{ kind: 'origin', sent: 'https://evil.test', registered: ['https://a.test'] }, /evil\.test/],
  [
    { kind: 'clock', sent: 'exp 2026-01-01T00:00:00.000Z', ours: '2026-02-02T00:00:00.000Z' },
    /2026-01-01.*2026-02-02/s,
  ],
  [{ kind: 'kid', sent: 'k1', registered: ['k2'] }, /k1.*k2/s],
  [{ kind: 'other', error: 'invalid_request', description: 'client_id is missing' }, /client_id is missing/],
  ...(['unknown', 'used', 'expired', 'client', 'user'] as const).map(
    (fault) => [{ kind: 'launch', fault }, /launch/i] as const,
  ),
];

describe('problems', () => {
  it.each(PROBLEMS)('%j', (problem, expected) => {
    const view = problemView(problem, 'id-1');
    expect(view.status).toBeGreaterThanOrEqual(400);
    expect(view.requestId).toBe('id-1');
    expect(view.whoCanFix).not.toBe('');
    expect(view.sentence).toMatch(/\.$/);
    expect(view.detail!.fix).not.toBe('');
    expect(view.detail!.rule.url).toMatch(
      /^https:\/\/(?:hl7\.org\/fhir\/smart-app-launch|www\.rfc-editor\.org)\//,
    );
    expect(JSON.stringify(view)).toMatch(expected);
  });

  it('the nearest registered address comes first', () => {
    const registered = ['https://z.test/', 'https://app.test/other', 'https://app.test/callback'];
    const { detail } = problemView({ kind: 'redirect', sent: 'https://app.test/callback/', registered }, 'x');
    expect(detail!.nearest![0]).toBe('https://app.test/callback');
  });

  it('those of a person are in words for a person', () => {
    for (const kind of ['session', 'no-record'] as const) {
      const view = problemView({ kind }, 'x');
      expect(view.detail).toBeUndefined();
      expect(view.sentence).not.toMatch(/scope|client|token|OAuth/);
    }
  });
});

it('what was sent is shown in characters that an error description may have, and not at length', () => {
  expect(shown('a"b\\c\nd')).toBe('a?b?c?d');
  expect(shown('x'.repeat(1000)).length).toBeLessThan(250);
});
