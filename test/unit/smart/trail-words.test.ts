/** What stands in the trail, in words: for the patient whom it concerns, and for the operator who has to know exactly. */
import { describe, expect, it } from '@jest/globals';
import type { AuditNote } from '../../../src/access/audit/note.ts';
import { isTold, sentenceOf, sentencesOf, type Names } from '../../../src/smart/trail-words.ts';

const NOW = Date.UTC(2026, 10, 24, 9);
const MINUTE = 60_000;
const names: Names = {
  account: (id) => ({ alma: 'Dr. Alma Reyes', jonas: 'Jonas Weber', ops: 'Operator' })[id],
  client: (id) => ({ growth: 'Growth Tracker' })[id],
  resource: (reference) => ({ 'Practitioner/gone': 'Dr. Gone' })[reference],
};
const alma = {
  kind: 'person',
  accountId: 'alma',
  fhirUser: 'Practitioner/alma',
  clientId: 'growth',
} as const;
const note = (parts: Partial<AuditNote>): AuditNote => ({
  at: NOW,
  happening: 'read',
  outcome: 'done',
  who: alma,
  requestId: 'r',
  patients: ['jonas'],
  ...parts,
});
const say = (parts: Partial<AuditNote>, reader = {}): string => {
  const { who, what, why } = sentenceOf(note(parts), names, reader);
  return [who, what, why && `(${why})`].filter(Boolean).join(' ');
};

describe('the trail in words', () => {
  it.each<[string, Partial<AuditNote>, string]>([
    [
      'a look',
      { what: ['Condition/1'] },
      'Dr. Alma Reyes looked at diagnoses and health problems with Growth Tracker',
    ],
    [
      'a purpose',
      { what: ['Condition/1'], purpose: 'TREAT' },
      'Dr. Alma Reyes looked at diagnoses and health problems with Growth Tracker (for treatment)',
    ],
    [
      'a search that found nothing',
      { happening: 'search', query: 'Immunization?date=2026' },
      'Dr. Alma Reyes looked at vaccines given with Growth Tracker',
    ],
    [
      'a refusal, without its reason',
      { outcome: 'refused', what: ['Claim/1'], reason: '403 no scope' },
      'Dr. Alma Reyes asked for claims to insurance with Growth Tracker',
    ],
    [
      'something new',
      { happening: 'create', what: ['AllergyIntolerance/1'] },
      'Dr. Alma Reyes added allergies with Growth Tracker',
    ],
    [
      'a change that failed',
      { happening: 'update', outcome: 'failed', what: ['Goal/1'] },
      'Dr. Alma Reyes tried to change goals of care with Growth Tracker',
    ],
    [
      'an app that was stopped',
      { happening: 'revocation', who: { kind: 'person', accountId: 'jonas' }, detail: { app: 'growth' } },
      'Jonas Weber ended what Growth Tracker may see',
    ],
    [
      'a copy',
      { happening: 'export', who: { kind: 'person', accountId: 'jonas' } },
      'Jonas Weber took a copy of the record away',
    ],
    [
      'a proxy that ended',
      {
        happening: 'administration',
        who: { kind: 'person', accountId: 'jonas' },
        what: ['RelatedPerson/1'],
        reason: 'we live apart',
      },
      'Jonas Weber ended that someone acts for this record (we live apart)',
    ],
    [
      'a service',
      { who: { kind: 'service', clientId: 'growth' }, what: ['Patient/1'] },
      'The app Growth Tracker looked at name, birth date, sex and contact details',
    ],
    [
      'an app that is gone',
      { who: { ...alma, clientId: 'old' }, what: ['Goal/1'] },
      'Dr. Alma Reyes looked at goals of care with old',
    ],
    [
      'an account that is gone',
      { who: { kind: 'person', accountId: 'x', fhirUser: 'Practitioner/gone' }, what: ['Goal/1'] },
      'Dr. Gone looked at goals of care',
    ],
    [
      'nobody',
      { who: { kind: 'nobody', name: 'root' }, outcome: 'refused' },
      'Someone who was not signed in asked for the record',
    ],
    [
      'our own pages',
      { who: { kind: 'person', accountId: 'jonas', clientId: 'picker' }, what: ['Goal/1'] },
      'Jonas Weber looked at goals of care',
    ],
  ])('tells %s', (_name, parts, expected) => {
    expect(say(parts)).toBe(expected);
  });

  it('calls the reader "You"', () => {
    expect(say({ what: ['Goal/1'] }, { accountId: 'alma' })).toBe(
      'You looked at goals of care with Growth Tracker',
    );
  });

  it('makes one line of the twenty things that an app asks for at once, newest first', () => {
    const types = ['Condition', 'Goal', 'Condition', 'AllergyIntolerance'];
    const notes = types.map((type, at) => note({ at: NOW - at * 1000, what: [`${type}/${at}`] }));
    const [line, ...others] = sentencesOf(notes, names, {});
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      at: NOW,
      what: 'looked at diagnoses and health problems · goals of care · allergies with Growth Tracker',
    });
  });

  it('keeps apart what is of others, of other apps, for other purposes, refused, or of another hour', () => {
    const apart = [
      note({ what: ['Goal/1'] }),
      note({ what: ['Goal/1'], who: { ...alma, accountId: 'jonas' } }),
      note({ what: ['Goal/1'], who: { ...alma, clientId: 'other' } }),
      note({ what: ['Goal/1'], purpose: 'TREAT' }),
      note({ what: ['Goal/1'], outcome: 'refused' }),
      note({ what: ['Goal/1'], at: NOW - 60 * MINUTE }),
      note({ what: ['Goal/1'], happening: 'create' }),
      note({ what: ['Goal/1'], happening: 'create' }),
    ];
    expect(sentencesOf(apart, names, {}).length).toBe(apart.length);
  });

  it('makes one line of what a program brings in', () => {
    const who = { kind: 'server' } as const;
    const notes = ['Goal', 'Condition', 'Goal'].map((type) =>
      note({ happening: 'create', who, what: [`${type}/1`] }),
    );
    expect(sentencesOf(notes, names, {})).toMatchObject([
      { who: 'This server', what: 'added goals of care · diagnoses and health problems' },
    ]);
  });

  it('says four parts at most', () => {
    const what = ['Condition', 'Goal', 'AllergyIntolerance', 'Encounter', 'Claim', 'CarePlan'].map(
      (type) => `${type}/1`,
    );
    expect(say({ what })).toBe(
      'Dr. Alma Reyes looked at diagnoses and health problems · goals of care · allergies · 3 other parts with Growth Tracker',
    );
  });

  it('tells an operator ids, queries, rules and reasons', () => {
    const exact = { exact: true };
    expect(say({ what: ['Goal/1'], rule: 'Basic/own' }, exact)).toBe(
      'Dr. Alma Reyes looked at goals of care (Goal/1) with Growth Tracker (by Basic/own)',
    );
    expect(say({ happening: 'search', query: 'Goal?subject=1' }, exact)).toContain('(Goal?subject=1)');
    expect(say({ outcome: 'refused', what: ['Claim/1'], reason: '403 no scope' }, exact)).toContain(
      '(403 no scope)',
    );
    expect(
      say({ happening: 'sign-in', outcome: 'refused', who: { kind: 'nobody', name: 'root' } }, exact),
    ).toBe('Someone as "root" tried to sign in');
    const detail = { done: 'switched off the account', on: 'alma' };
    expect(
      say(
        { happening: 'administration', who: { kind: 'person', accountId: 'ops' }, detail, reason: 'left' },
        exact,
      ),
    ).toBe('Operator changed who may do what: switched off the account alma (left)');
  });

  it('leaves tokens and sign-ins out of what a patient is told', () => {
    expect(
      (['token', 'introspection', 'sign-in', 'sign-out', 'step-up', 'registration'] as const).some(
        (happening) => isTold({ happening }),
      ),
    ).toBe(false);
    expect(
      (['read', 'search', 'create', 'delete', 'export', 'consent', 'revocation'] as const).every(
        (happening) => isTold({ happening }),
      ),
    ).toBe(true);
  });
});
