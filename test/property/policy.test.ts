/**
 * The algebra of policies: whatever rules are stored, they open no more than each of them says by itself, a broken one opens nothing, and the built-in
 * ones in their own form say what their short form says.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Action } from '../../src/access/action.ts';
import { accessOf } from '../../src/access/decide.ts';
import { grantedAccess } from '../../src/access/granted.ts';
import type { Grantee } from '../../src/access/grantee.ts';
import { builtInGrants } from '../../src/access/policy/grants.ts';
import { parsePolicy } from '../../src/access/policy/parse.ts';
import { ACTIONS, type Policy, type Role } from '../../src/access/policy/rule.ts';
import { realmsUnderPolicy } from '../../src/access/realms.ts';
import { parseScopes } from '../../src/access/scopes.ts';
import { loadDefinitions } from '../../src/definitions-file.ts';
import type { Definitions } from '../../src/fhir/definitions/registry.ts';
import { indexValues } from '../../src/fhir/search/extract.ts';
import { match } from '../../src/fhir/search/match.ts';
import type { ResourceTree } from '../../src/fhir/model/tree.ts';
import type { TenantStore } from '../../src/store/ports.ts';
import { policyResource, type ShortRule } from '../support/policy.ts';

const TYPES = ['Observation', 'Condition', 'Patient', 'Encounter'] as const;
const CRITERIA = {
  Observation: [
    'category=laboratory',
    'category=survey,laboratory',
    'category:not=survey',
    'patient=Patient/b',
    'performer={me}',
    'performer={my-organizations}',
    '_filter=not (performer eq {my-locations})',
  ],
  Condition: ['category=survey', 'patient=Patient/a', 'asserter={me}'],
  Patient: ['_id=a,b', 'general-practitioner={me}'],
  Encounter: ['patient=Patient/c', 'participant={me}'],
} as const;
const PATIENTS = ['_id=a', '_id=b,c', '_id={my-patient}', '_id:not={my-patient}'] as const;

const rule: fc.Arbitrary<ShortRule> = fc
  .constantFrom(...TYPES)
  .chain((type) =>
    fc.record({
      types: fc.constantFrom([type], [type], ['*']),
      actions: fc.subarray([...ACTIONS], { minLength: 1 }),
      criteria: fc.option(fc.constantFrom(...CRITERIA[type]), { nil: undefined }),
      patients: fc.option(fc.constantFrom(...PATIENTS), { nil: undefined }),
      purposes: fc.constantFrom([], [], ['TREAT']),
    }),
  )
  // What one type is asked cannot be asked of all.
  .map(({ types, criteria, ...rest }) => ({
    types,
    ...rest,
    ...(criteria !== undefined && types[0] !== '*' && { criteria }),
  }))
  .map((one) => JSON.parse(JSON.stringify(one)) as ShortRule);
const rules = fc.array(rule, { minLength: 1, maxLength: 5 });

const BREAKS: readonly ((one: ShortRule) => ShortRule)[] = [
  (one) => ({ ...one, criteria: 'no-such=1' }),
  (one) => ({ ...one, patients: 'name.given=1' }),
  (one) => ({ ...one, types: ['Nothing'] }),
  (one) => ({ ...one, types: [] }),
  (one) => ({ ...one, actions: ['do'] }),
  (one) => ({ ...one, criteria: 'performer={nobody}' }),
  (one) => ({ ...one, criteria: '_sort=date' }),
  (one) => ({ ...one, hidden: ['Nothing.at'] }),
  (one) => ({ ...one, constraints: [{ expression: '((', human: 'x' }] }),
  (one) => ({ ...one, purposes: ['FUN'] }),
];

const someone = fc.constantFrom(
  'Patient/a',
  'Patient/b',
  'Practitioner/me',
  'Practitioner/you',
  'Organization/o',
);
const resource: fc.Arbitrary<ResourceTree> = fc
  .record({
    resourceType: fc.constantFrom(...TYPES),
    id: fc.constantFrom('a', 'b', 'c', 'x'),
    about: fc.option(fc.constantFrom('Patient/a', 'Patient/b', 'Patient/c'), { nil: undefined }),
    by: fc.option(someone, { nil: undefined }),
    category: fc.constantFrom('laboratory', 'vital-signs', 'survey'),
  })
  .map(({ resourceType, id, about, by, category }) => {
    const coded = [{ coding: [{ code: category }] }];
    const to = (reference: string | undefined): object | undefined =>
      reference === undefined ? undefined : { reference };
    const content: Record<string, unknown> = {
      Observation: { subject: to(about), performer: by && [to(by)], category: coded },
      Condition: { subject: to(about), asserter: to(by), category: coded },
      Patient: { generalPractitioner: by && [to(by)] },
      Encounter: { subject: to(about), participant: by && [{ individual: to(by) }] },
    }[resourceType];
    return JSON.parse(JSON.stringify({ resourceType, id, ...content })) as ResourceTree;
  });

/** No work, no ties, nothing stored: joins find nothing. */
const EMPTY = {
  feed: { last: () => Promise.resolve(1), read: () => Promise.resolve([]) },
  resources: {
    keys: () => Promise.resolve([]),
    search: () => Promise.resolve({ resources: [] }),
    read: (keys: readonly unknown[]) => Promise.resolve(keys.map(() => undefined)),
  },
  tokens: { findBy: () => Promise.resolve([]) },
} as unknown as TenantStore;

const grantee = (more: Partial<Grantee> = {}, scopeText = 'user/*.cruds'): Grantee => ({
  clientId: 'app',
  accountId: 'ann',
  kind: 'AccessToken',
  scopes: parseScopes(scopeText).filter((one) => one.kind === 'resource'),
  scopeText,
  patient: undefined,
  encounter: undefined,
  fhirUser: 'Practitioner/me',
  expiresAt: Infinity,
  ...more,
});

describe('policies', () => {
  let definitions: Definitions;
  beforeAll(async () => {
    definitions = await loadDefinitions({});
  });

  const place = () => ({ definitions, store: EMPTY, base: 'http://x/fhir' });
  const parsed = (some: readonly ShortRule[], roles: readonly Role[] = ['practitioner']): Policy =>
    parsePolicy(definitions, policyResource('p', { roles, rules: some }), 'Basic/p/_history/1')!;
  const sees = async (
    policies: readonly Policy[],
    action: Action,
    tree: ResourceTree,
    { who = grantee(), purpose }: { who?: Grantee; purpose?: string } = {},
  ): Promise<boolean> => {
    const access = await accessOf(place(), { policies }, { grantee: who, purpose, clock: () => 0 });
    const where = await access.scope(action, tree.resourceType);
    return match(where, { id: tree['id'] as string, instant: 0, index: indexValues(definitions, tree) });
  };
  const every = async (check: (action: Action) => Promise<boolean>): Promise<boolean> => {
    for (const action of ACTIONS) if (!(await check(action))) return false;
    return true;
  };

  it('open exactly the union of what their rules open', async () => {
    await fc.assert(
      fc.asyncProperty(
        rules,
        rules,
        resource,
        fc.constantFrom(undefined, 'TREAT'),
        (some, others, tree, purpose) =>
          every(async (action) => {
            const together = await sees([parsed(some), parsed(others)], action, tree, { purpose });
            const each = await Promise.all(
              [...some, ...others].map((one) => sees([parsed([one])], action, tree, { purpose })),
            );
            return together === each.includes(true);
          }),
      ),
      { numRuns: 300 },
    );
  });

  it('open nothing that their own words do not: type, action, purpose, and the built-in bounds of a record', async () => {
    await fc.assert(
      fc.asyncProperty(rule, resource, (one, tree) =>
        every(async (action) => {
          if (!(await sees([parsed([one])], action, tree))) return true;
          const isNamed = one.types.includes('*') || one.types.includes(tree.resourceType);
          const about =
            tree.resourceType === 'Patient'
              ? `Patient/${tree['id'] as string}`
              : (tree['subject'] as { reference: string } | undefined)?.reference;
          // What says nothing of whom it is about is in the record of the patient who made it.
          const by =
            (tree['performer'] as { reference: string }[] | undefined)?.[0] ??
            (tree['asserter'] as { reference: string } | undefined);
          const whose = (about ?? by?.reference)?.slice('Patient/'.length) ?? '?';
          const inRecord = one.patients === undefined || one.patients.includes(whose);
          return isNamed && one.actions!.includes(action) && (one.purposes ?? []).length === 0 && inRecord;
        }),
      ),
      { numRuns: 500 },
    );
  });

  it('of which one is broken open nothing at all', async () => {
    await fc.assert(
      fc.asyncProperty(
        rules,
        rule,
        fc.constantFrom(...BREAKS),
        fc.boolean(),
        resource,
        (some, one, harm, isApart, tree) =>
          every(async (action) => {
            const broken = harm(one);
            const policies = isApart ? [parsed(some), parsed([broken])] : [parsed([...some, broken])];
            const patients = grantee({ patient: 'a' }, 'user/*.cruds patient/*.cruds fhirUser');
            return (
              !(await sees(policies, action, tree)) &&
              !(await sees(policies, action, tree, { who: patients }))
            );
          }),
      ),
      { numRuns: 300 },
    );
  });

  it('never open more than the scopes of the token', async () => {
    const scopes = fc.constantFrom(
      'user/Observation.rs',
      'user/*.r',
      'patient/*.cruds',
      'user/Patient.rs?gender=male',
      'system/*.cruds',
    );
    await fc.assert(
      fc.asyncProperty(rules, scopes, resource, (some, scope, tree) =>
        every(async (action) => {
          const who = grantee({ patient: 'a' }, scope);
          const under = await sees([parsed(some)], action, tree, { who });
          return !under || (await sees([], action, tree, { who }));
        }),
      ),
      { numRuns: 300 },
    );
  });

  it('that hide something never make more visible', async () => {
    await fc.assert(
      fc.asyncProperty(rules, resource, (some, tree) =>
        every(async (action) => {
          const hiding = some.map((one) =>
            one.types[0] === '*' ? { ...one, hidden: ['Patient.telecom'] } : one,
          );
          return (await sees([parsed(hiding)], action, tree)) === (await sees([parsed(some)], action, tree));
        }),
      ),
      { numRuns: 100 },
    );
  });

  it('in their built-in form say what their short form says', async () => {
    const whom: readonly [Role, Grantee][] = [
      ['practitioner', grantee()],
      ['practitioner', grantee({ patient: 'b' }, 'patient/*.cruds')],
      ['patient', grantee({ fhirUser: 'Patient/a' })],
      ['patient', grantee({ fhirUser: 'Patient/a', patient: 'a' }, 'patient/*.rs user/Observation.cruds')],
      ['patient', grantee({ fhirUser: 'Patient/a', patient: 'b' }, 'patient/*.rs')],
      [
        'service',
        grantee({ kind: 'ClientCredentials', fhirUser: undefined, accountId: undefined }, 'system/*.cruds'),
      ],
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...whom), resource, ([role, who], tree) =>
        every(async (action) => {
          const short = await sees([], action, tree, { who });
          const policy = builtInGrants(place(), { grantee: who, role, purpose: undefined, clock: () => 0 });
          const long = grantedAccess(who, realmsUnderPolicy(who), place(), policy);
          const where = await long.scope(action, tree.resourceType);
          const index = indexValues(definitions, tree);
          return short === match(where, { id: tree['id'] as string, instant: 0, index });
        }),
      ),
      { numRuns: 500 },
    );
  });

  it('are exercised: the random rules above do open something, and not everything', async () => {
    const samples = fc.sample(fc.tuple(rules, resource), { numRuns: 300, seed: 1 });
    const shown = await Promise.all(samples.map(([some, tree]) => sees([parsed(some)], 'read', tree)));
    const count = shown.filter(Boolean).length;
    expect(count).toBeGreaterThan(30);
    expect(count).toBeLessThan(270);
    expect(samples.every(([some]) => parsed(some).problems.length === 0)).toBe(true);
  });

  it('whose joins find more than is joined open nothing', async () => {
    const many = Array.from({ length: 10_002 }, (_, i) => `Patient/p${i}`);
    const store = {
      ...EMPTY,
      resources: { ...EMPTY.resources, keys: () => Promise.resolve(many) },
    } as TenantStore;
    const asked: readonly ShortRule[] = [
      { types: ['Observation'], criteria: 'patient.active=true' },
      { types: ['Observation'], criteria: '_filter=not (patient.active eq true)' },
      { types: ['*'], patients: 'active=true' },
    ];
    for (const one of asked) {
      const access = await accessOf(
        { ...place(), store },
        { policies: [parsed([one])] },
        { grantee: grantee(), purpose: undefined, clock: () => 0 },
      );
      expect((await access.scope('read', 'Observation')).op).toBe('none');
    }
  });
});
