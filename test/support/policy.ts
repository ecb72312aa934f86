/** Policies as resources, written shortly. */
import type { JsonObject } from '../../src/fhir/model/tree.ts';
import {
  POLICY_CODE,
  POLICY_PROFILE,
  POLICY_SYSTEM,
  URLS,
  type Constraint,
  type Role,
} from '../../src/access/policy/rule.ts';

export interface ShortRule {
  readonly name?: string;
  readonly types: readonly string[];
  readonly actions?: readonly string[];
  readonly criteria?: string;
  readonly patients?: string;
  readonly purposes?: readonly string[];
  readonly hidden?: readonly string[];
  readonly readOnly?: readonly string[];
  readonly constraints?: readonly Constraint[];
}

export interface ShortPolicy {
  readonly roles: readonly Role[];
  readonly clients?: readonly string[];
  readonly users?: readonly string[];
  readonly organizations?: readonly string[];
  readonly work?: readonly string[];
  readonly active?: boolean;
  readonly rules: readonly ShortRule[];
}

export const ALL_ACTIONS = ['create', 'read', 'update', 'delete', 'search'];

const part = (url: string, key: string, values: readonly unknown[] = []): JsonObject[] =>
  values.map((value) => ({ url, [key]: value }) as JsonObject);

export function policyResource(id: string, policy: ShortPolicy): JsonObject {
  const { roles, clients, users, organizations, work = [], active, rules } = policy;
  const reference = (all: readonly string[] = []): JsonObject[] => all.map((one) => ({ reference: one }));
  const codes = work.map((one) => {
    const [system, code] = one.split('|') as [string, string];
    return { coding: [{ system, code }] };
  });
  return {
    resourceType: 'Basic',
    id,
    meta: { profile: [POLICY_PROFILE] },
    code: { coding: [{ system: POLICY_SYSTEM, code: POLICY_CODE }], text: `Policy ${id}` },
    extension: [
      ...part(URLS.active, 'valueBoolean', active === undefined ? [] : [active]),
      {
        url: URLS.for,
        extension: [
          ...part('role', 'valueCode', roles),
          ...part('user', 'valueReference', reference(users)),
          ...part('organization', 'valueReference', reference(organizations)),
          ...part('work', 'valueCodeableConcept', codes),
          ...part('client', 'valueString', clients),
        ],
      },
      ...rules.map(ruleExtension),
    ],
  };
}

function ruleExtension(rule: ShortRule): JsonObject {
  const constraints = (rule.constraints ?? []).map(({ expression, human }) => ({
    language: 'text/fhirpath',
    expression,
    description: human,
  }));
  return {
    url: URLS.rule,
    extension: [
      ...part('name', 'valueString', [rule.name ?? 'a rule']),
      ...part('type', 'valueCode', rule.types),
      ...part('action', 'valueCode', rule.actions ?? ALL_ACTIONS),
      ...part('criteria', 'valueString', rule.criteria === undefined ? [] : [rule.criteria]),
      ...part('patients', 'valueString', rule.patients === undefined ? [] : [rule.patients]),
      ...part('purpose', 'valueCode', rule.purposes),
      ...part('hidden', 'valueString', rule.hidden),
      ...part('read-only', 'valueString', rule.readOnly),
      ...part('constraint', 'valueExpression', constraints),
    ],
  };
}
