/** The algebra of scopes: more scopes never show less, a filter never shows more, a union shows what its parts show, and a plan is its scope and its query. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Action, AccessContext } from '../../src/access/context.ts';
import { grantedAccess, type Realms } from '../../src/access/granted.ts';
import type { Grantee } from '../../src/access/grantee.ts';
import { parseScopes } from '../../src/access/scopes.ts';
import { loadDefinitions } from '../../src/definitions-file.ts';
import type { Definitions } from '../../src/fhir/definitions/registry.ts';
import type { Expression } from '../../src/fhir/search/expression.ts';
import { indexValues } from '../../src/fhir/search/extract.ts';
import { match } from '../../src/fhir/search/match.ts';
import { searchPlan } from '../../src/fhir/search/plan.ts';
import type { ResourceTree } from '../../src/fhir/model/tree.ts';
import type { TenantStore } from '../../src/store/ports.ts';
import { expression, indexValueList } from './arbitraries.ts';

const ACTIONS: readonly Action[] = ['create', 'read', 'update', 'delete', 'search'];
const TYPES = ['Observation', 'Condition', 'Patient', 'Device', 'Coverage'] as const;
const CATEGORIES = ['laboratory', 'vital-signs', 'survey'] as const;
const PATIENTS = ['a', 'b', 'c'] as const;

const letters = fc.oneof(
  fc.constant('cruds'),
  fc.subarray(['c', 'r', 'u', 'd', 's'], { minLength: 1 }).map((some) => some.join('')),
);
const filter = fc.constantFrom(
  '',
  ...CATEGORIES.map((one) => `?category=${one}`),
  '?category=survey,laboratory',
  '?nonsense=1',
);
const scopeText = fc
  .tuple(fc.constantFrom('patient', 'user', 'system'), fc.constantFrom('*', ...TYPES), letters, filter)
  .map(([level, type, some, question]) => `${level}/${type}.${some}${question}`);
const scopeTexts = fc.array(scopeText, { minLength: 1, maxLength: 6 });

const realm = fc.oneof(
  fc.constant({ kind: 'none' as const }),
  fc.constant({ kind: 'tenant' as const }),
  fc.constantFrom(...PATIENTS).map((patient) => ({ kind: 'record' as const, patients: [patient] })),
);
const realms: fc.Arbitrary<Realms> = fc.record({ patient: realm, user: realm, system: realm });

const reference = fc.constantFrom(...PATIENTS).map((id) => ({ reference: `Patient/${id}` }));
const resource: fc.Arbitrary<ResourceTree> = fc
  .record({
    resourceType: fc.constantFrom(...TYPES),
    id: fc.constantFrom(...PATIENTS, 'x', 'y'),
    about: fc.option(reference, { nil: undefined }),
    also: fc.option(reference, { nil: undefined }),
    category: fc.constantFrom(...CATEGORIES),
  })
  .map(({ resourceType, id, about, also, category }) => {
    const coded = [{ coding: [{ code: category }] }];
    const content: Record<string, unknown> = {
      Observation: { subject: about, performer: also && [also], category: coded },
      Condition: { subject: about, asserter: also, category: coded },
      Patient: { link: also && [{ other: also, type: 'seealso' }] },
      Device: { patient: about },
      Coverage: { beneficiary: about, policyHolder: also },
    }[resourceType];
    return JSON.parse(JSON.stringify({ resourceType, id, ...content })) as ResourceTree;
  });

describe('scopes', () => {
  let definitions: Definitions;
  beforeAll(async () => {
    definitions = await loadDefinitions({});
  });

  const contextOf = (texts: readonly string[], of: Realms): AccessContext => {
    const text = texts.join(' ');
    const grantee: Grantee = {
      clientId: 'app',
      accountId: 'ann',
      kind: 'AccessToken',
      scopes: parseScopes(text).filter((one) => one.kind === 'resource'),
      scopeText: text,
      patient: undefined,
      encounter: undefined,
      fhirUser: undefined,
      expiresAt: Infinity,
    };
    return grantedAccess(grantee, of, { definitions, store: {} as TenantStore, base: 'http://x/fhir' });
  };
  const sees = (context: AccessContext, action: Action, tree: ResourceTree): boolean => {
    const where = context.scope(action, tree.resourceType) as Expression;
    return match(where, { id: tree['id'] as string, instant: 0, index: indexValues(definitions, tree) });
  };

  it('of a union show what one or the other shows', () => {
    fc.assert(
      fc.property(scopeTexts, scopeTexts, realms, resource, (one, other, of, tree) =>
        ACTIONS.every(
          (action) =>
            sees(contextOf([...one, ...other], of), action, tree) ===
            (sees(contextOf(one, of), action, tree) || sees(contextOf(other, of), action, tree)),
        ),
      ),
      { numRuns: 1000 },
    );
  });

  it('narrow and never widen by a filter, and a filter means the same to every action', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TYPES),
        fc.constantFrom(...CATEGORIES),
        realms,
        resource,
        (type, code, of, tree) => {
          const whole = contextOf([`patient/${type}.cruds`], of);
          const some = contextOf([`patient/${type}.cruds?category=${code}`], of);
          return ACTIONS.every((action) => {
            const [narrow, wide] = [sees(some, action, tree), sees(whole, action, tree)];
            const category = tree['category'] as { coding: { code: string }[] }[] | undefined;
            const meets = tree.resourceType === type && category?.[0]?.coding[0]?.code === code;
            return narrow === (wide && meets);
          });
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('show nothing by a letter that is not among them', () => {
    fc.assert(
      fc.property(scopeTexts, realms, resource, (texts, of, tree) => {
        const context = contextOf(texts, of);
        return ACTIONS.every((action) => {
          const letter = { create: 'c', read: 'r', update: 'u', delete: 'd', search: 's' }[action];
          const named = texts.some((text) => text.split('.')[1]!.split('?')[0]!.includes(letter));
          return named || !sees(context, action, tree);
        });
      }),
    );
  });

  it('refuse exactly where they give nothing of a type to anyone', () => {
    fc.assert(
      fc.property(
        scopeTexts,
        realms,
        fc.constantFrom(...TYPES),
        fc.constantFrom(...ACTIONS),
        (texts, of, type, action) => {
          const context = contextOf(texts, of);
          const isNone = (context.scope(action, type) as Expression).op === 'none';
          return isNone === (context.refusal(action, type) !== undefined);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('of one patient show nothing that is about another one', () => {
    fc.assert(
      fc.property(scopeTexts, fc.constantFrom(...PATIENTS), resource, (texts, patient, tree) => {
        const own = { kind: 'record', patients: [patient] } as const;
        const context = contextOf(texts, { patient: own, user: own, system: { kind: 'none' } });
        const about = (tree['subject'] ?? tree['patient'] ?? tree['beneficiary']) as
          { reference: string } | undefined;
        const isOthers =
          tree.resourceType === 'Patient'
            ? tree['id'] !== patient
            : about !== undefined && about.reference !== `Patient/${patient}`;
        return !isOthers || ACTIONS.every((action) => !sees(context, action, tree));
      }),
      { numRuns: 500 },
    );
  });

  it('and a query make a plan that holds where both hold', () => {
    const options = { ids: ['a', 'b'], instants: [1, 2] };
    fc.assert(
      fc.property(
        expression(options),
        expression(options),
        indexValueList,
        fc.boolean(),
        (scope, where, index, repeats) => {
          const asked: Expression = repeats
            ? { op: 'and', of: [scope.op === 'or' ? (scope.of[0] ?? scope) : scope, where] }
            : where;
          const { branches } = searchPlan({ branches: [{ type: 'T', where: asked }], count: 1 }, () => scope);
          const subject = { id: 'a', instant: 1, index };
          const both = match(scope, subject) && match(asked, subject);
          return branches.some((branch) => match(branch.where, subject)) === both;
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('are exercised: the random scopes above do show something', () => {
    const shown = fc
      .sample(fc.tuple(scopeTexts, realms, resource), { numRuns: 500, seed: 1 })
      .filter(([texts, of, tree]) => sees(contextOf(texts, of), 'read', tree));
    expect(shown.length).toBeGreaterThan(40);
  });
});
