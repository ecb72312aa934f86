// Scopes in the words of a person, and ticked boxes back to scopes.

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseScope, type ResourceScope } from '../../../src/access/scopes.ts';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import { covers, narrow, permissionsOf } from '../../../src/smart/permissions.ts';
import { KINDS, RECORD_GROUPS } from '../../../src/smart/record-parts.ts';

const said = (...scopes: string[]): readonly string[] =>
  permissionsOf(scopes).permissions.flatMap(({ group, items }) =>
    items.map(({ title, can }) => `${group}: ${title}: ${can}`),
  );
const items = (...scopes: string[]) => permissionsOf(scopes).permissions.flatMap((group) => group.items);
const LAB = 'category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory';

describe('permissionsOf', () => {
  it.each([
    ['patient/Observation.rs', 'Results and measurements: Lab results, measurements and observations: see'],
    ['patient/Observation.read', 'Results and measurements: Lab results, measurements and observations: see'],
    [`patient/Observation.rs?${LAB}`, 'Results and measurements: Lab results: see'],
    ['patient/MedicationRequest.cu', 'Medicines and vaccines: Prescriptions: add and change'],
    ['patient/Goal.write', 'Care and visits: Goals of care: add, change and delete'],
    [
      'patient/Goal.rs?lifecycle-status=active,on-hold',
      'Care and visits: Goals of care, only where lifecycle-status is active or on-hold: see',
    ],
    [
      'user/Patient.s',
      'About the person, in every record that you may open: Name, birth date, sex and contact details: see',
    ],
    ['patient/*.rs', 'Everything: The whole record: see'],
    ['patient/NewThing.rs', 'Other: New Thing: see'],
  ])('says %s', (scope, words) => expect(said(scope)).toEqual([words]));

  it('shows seeing and writing as two permissions of one scope', () => {
    expect(items('patient/Condition.*').map(({ value, can }) => [value, can])).toEqual([
      ['patient/Condition.read', 'see'],
      ['patient/Condition.write', 'add, change and delete'],
    ]);
  });

  it('shows scopes that say the same as one, and those within others not at all', () => {
    expect(items('patient/Condition.rs', 'patient/Condition.read').map(({ value }) => value)).toEqual([
      'patient/Condition.rs patient/Condition.read',
    ]);
    expect(items('patient/Observation.rs', `patient/Observation.r?${LAB}`)).toHaveLength(1);
    expect(
      items('patient/*.read', 'patient/Patient.read', 'patient/Goal.write').map(({ title }) => title),
    ).toEqual(['The whole record', 'Goals of care']);
  });

  it.each(['Condition', 'Observation'])('offers %s by kind, as ONC (g)(10) wants', (type) => {
    const [item] = items(`patient/${type}.rs`);
    expect(item!.children!.map(({ value, ticked }) => [value, ticked])).toEqual(
      KINDS[type]!.map(({ category }) => [`patient/${type}.rs?category=${category}`, false]),
    );
  });

  it('warns of everything, and offers its parts', () => {
    const [item] = items('patient/*.rs');
    expect(item!.wildcard).toBe(true);
    expect(item!.children!.map(({ title }) => title)).toContain('Medicines and vaccines');
  });

  it('says who one is in words, and nothing of launches', () => {
    expect(said('openid', 'fhirUser', 'launch/patient', 'offline_access')).toEqual([
      'About you who sign in: Who you are: your name and your entry here: see',
    ]);
  });

  it('says what an app cannot do', () => {
    expect(permissionsOf(['patient/Patient.rs', 'patient/Observation.rs']).cannot).toEqual([
      'add, change or delete anything',
      'see diagnoses or allergies',
      'see medicines or vaccines',
      'see visits or care plans',
      'see notes or documents',
      'see the record of anyone else',
      'look at the record while you are away',
      'see your password',
    ]);
    expect(permissionsOf(['user/*.cruds', 'offline_access']).cannot).toEqual(['see your password']);
    expect(permissionsOf(['openid']).cannot).toContain('see any record');
  });

  it('knows every resource type of R4, each in one group', async () => {
    const { resourceTypes } = await loadDefinitions({ packages: './profiles' });
    const known = RECORD_GROUPS.flatMap(({ types }) => Object.keys(types));
    expect(resourceTypes.filter((type) => !known.includes(type))).toEqual([]);
    expect(new Set(known).size).toBe(known.length);
  });
});

describe('narrow', () => {
  const all = (requested: readonly string[]): readonly string[] =>
    items(...requested).map(({ value }) => value);

  it('gives back every scope, as it was written, where everything stays ticked', () => {
    const requested = [
      'launch/patient',
      'openid',
      'fhirUser',
      'offline_access',
      'patient/Observation.*',
      'patient/Condition.cruds',
      'patient/Condition.read',
      `patient/Observation.rs?${LAB}`,
      'user/Patient.rs',
    ];
    expect(narrow(requested, all(requested))).toEqual(requested);
  });

  it('leaves out what is unticked, and keeps what is no permission of its own', () => {
    const requested = ['launch/patient', 'offline_access', 'openid', 'patient/Goal.rs', 'patient/Patient.rs'];
    expect(narrow(requested, ['patient/Patient.rs'])).toEqual([
      'launch/patient',
      'offline_access',
      'patient/Patient.rs',
    ]);
    expect(narrow(requested, [])).toEqual(['launch/patient', 'offline_access']);
  });

  it('lets a kind stand in place of the whole', () => {
    const lab = `patient/Observation.rs?${LAB}`;
    expect(narrow(['patient/Observation.rs'], ['patient/Observation.rs', lab])).toEqual([lab]);
    expect(narrow(['patient/Observation.read'], [lab])).toEqual([lab]);
  });

  it('narrows everything to parts of the record', () => {
    const medicines = items('patient/*.rs')[0]!.children!.find(
      ({ title }) => title === 'Medicines and vaccines',
    )!;
    const kept = narrow(['patient/*.rs'], [medicines.value]);
    expect(kept).toContain('patient/Immunization.rs');
    expect(kept).not.toContain('patient/Observation.rs');
  });

  it('cuts a scope down to seeing, in the way it was written', () => {
    expect(narrow(['patient/Goal.*'], ['patient/Goal.read'])).toEqual(['patient/Goal.read']);
    expect(narrow(['patient/Goal.cruds'], ['patient/Goal.rs'])).toEqual(['patient/Goal.rs']);
  });

  it('11: passes over what was never asked', () => {
    const forged = [
      'patient/*.cruds',
      'patient/Patient.cruds',
      'user/Patient.rs',
      'openid',
      'launch',
      'system/*.rs',
    ];
    expect(narrow(['patient/Patient.rs'], forged)).toEqual([]);
    expect(narrow([`patient/Observation.rs?${LAB}`], ['patient/Observation.rs'])).toEqual([]);
  });

  const scope = fc.oneof(
    fc.constantFrom(
      'launch',
      'launch/patient',
      'openid',
      'fhirUser',
      'offline_access',
      'nonsense',
      'patient/Goal.sr',
    ),
    fc
      .tuple(
        fc.constantFrom('patient', 'user'),
        fc.constantFrom('*', 'Observation', 'Condition', 'Goal', 'Unknown'),
        fc.constantFrom('rs', 'r', 's', 'cud', 'u', 'cruds', 'read', 'write', '*'),
        fc.constantFrom('', `?${LAB}`, '?status=active', `?status=active&${LAB}`),
      )
      .map(([level, type, letters, query]) => `${level}/${type}.${letters}${query}`),
  );
  const scopes = fc.uniqueArray(scope, { maxLength: 6 });
  const resources = (texts: readonly string[]): readonly ResourceScope[] =>
    texts.flatMap((text) => {
      const parsed = parseScope(text);
      return parsed?.kind === 'resource' ? [parsed] : [];
    });

  /** Any boxes of the page, and anything else that someone may post. */
  const posted = scopes.chain((requested) => {
    const boxes = items(...requested).flatMap(({ value, children = [] }) => [
      value,
      ...children.map((kind) => kind.value),
    ]);
    return fc.record({
      requested: fc.constant(requested),
      ticked: fc.tuple(fc.subarray(boxes), scopes).map(([own, forged]) => [...own, ...forged]),
    });
  });

  it('never exceeds what was asked, whatever is posted', () => {
    fc.assert(
      fc.property(posted, ({ requested, ticked }) => {
        const kept = narrow(requested, ticked);
        const asked = resources(requested);
        for (const one of resources(kept)) expect(asked.some((wide) => covers(wide, one))).toBe(true);
        for (const one of kept)
          if (!one.includes('/') || one.startsWith('launch')) expect(requested).toContain(one);
      }),
    );
  });

  it('grants nothing of which no box was ticked', () => {
    fc.assert(
      fc.property(posted, ({ requested, ticked }) => {
        const ticks = resources(ticked.flatMap((value) => value.split(' ')));
        for (const one of resources(narrow(requested, ticked))) {
          for (const letter of one.letters) {
            const reached = ticks.some(
              (tick) => covers({ ...tick, letters: 'cruds' }, one) && tick.letters.includes(letter),
            );
            expect({ one: one.text, letter, reached }).toEqual({ one: one.text, letter, reached: true });
          }
        }
      }),
    );
  });

  it('gives all that was understood where all is ticked', () => {
    fc.assert(
      fc.property(scopes, (requested) => {
        expect(narrow(requested, all(requested))).toEqual(requested.filter((text) => parseScope(text)));
      }),
    );
  });
});
