/**
 * Why a caller may do something, or may not: each scope and each rule with what it says, and where it stands. It asks the very functions that decide, and
 * decides nothing itself (docs/policies.md).
 */
import { FhirError } from '../../fhir/model/outcome.ts';
import type { Action } from '../action.ts';
import { accessOf, grantsFor, wholeRole, type DecisionAsker, type DecisionPlace } from '../decide.ts';
import type { AccessContext } from '../context.ts';
import { LETTERS, type ResourceScope } from '../scopes.ts';
import type { PolicySet } from './book.ts';
import { BUILT_IN } from './built-in.ts';
import type { PolicyGrants } from './grants.ts';
import { namesAction, type Policy, type Role, type Rule } from './rule.ts';
import { limitsInWords, ruleInWords, scopeInWords } from './words.ts';

export interface ExplainedRule {
  /** the rule in words */
  readonly rule: string;
  /** `allows`: as far as it goes; `refuses`: it is not about this, or cannot be understood; `limits`: it hides, locks or demands; `waits`: for a purpose of use */
  readonly says: 'allows' | 'refuses' | 'limits' | 'waits';
  /** `scope of the token`, `built-in`, `Basic/own-patients/_history/3` */
  readonly source: string;
}

export interface Explanation {
  readonly allowed: boolean;
  /** one sentence */
  readonly decision: string;
  readonly role: Role | undefined;
  readonly rules: readonly ExplainedRule[];
  /** what of it may be met, in words */
  readonly scope: string;
  /** whether only a part of what is asked for may be met: others' are as if they were not there */
  readonly wouldFilter: boolean;
  /** `Patient.telecom`: left out of what is shown */
  readonly hidden: readonly string[];
}

/** What a request takes. `type` undefined: any. */
export interface Need {
  readonly actions: readonly Action[];
  readonly type: string | undefined;
}

export interface Explained extends Explanation {
  /** for asking further */
  readonly access: AccessContext;
}

export async function explainNeed(
  place: DecisionPlace,
  set: PolicySet | undefined,
  asker: DecisionAsker,
  need: Need,
): Promise<Explained> {
  const [access, grants, role] = [
    await accessOf(place, set, asker),
    await grantsFor(place, set, asker),
    await wholeRole(place, asker.grantee, asker.clock()),
  ];
  const refusal = need.actions.map((action) => access.refusal(action, need.type)).find((one) => one);
  const rules = [
    ...asker.grantee.scopes.map((scope) => explainScope(scope, need)),
    ...(grants ? await explainPolicies(grants, need) : builtIn(role, need)),
  ];
  const where = await widest(access, need);
  const hidden = (access.view?.hidden ?? []).filter(
    (path) => need.type === undefined || path.startsWith(`${need.type}.`),
  );
  const isNothing = refusal !== undefined || where === 'none';
  return {
    allowed: !isNothing,
    decision: refusal
      ? refusal.issues[0]!.diagnostics
      : isNothing
        ? 'It is allowed in general, and nothing of it lies within what is open to this caller at present'
        : `It is allowed${where === 'all' ? '' : ' for a part of it'}`,
    role,
    rules,
    scope: scopeWords(rules, where, need),
    wouldFilter: where === 'some' || isNothing,
    hidden,
    access,
  };
}

function explainScope(scope: ResourceScope, { actions, type }: Need): ExplainedRule {
  const isNamed = scope.type === '*' || type === undefined || scope.type === type;
  const allows = isNamed && actions.every((action) => scope.letters.includes(LETTERS[action]));
  return {
    rule: `${scope.text}: ${scopeInWords(scope)}`,
    says: allows ? 'allows' : 'refuses',
    source: 'scope of the token',
  };
}

const speaksOf = (rule: Rule, { actions, type }: Need): boolean =>
  actions.some((action) =>
    type === undefined ? rule.actions.includes(action) : namesAction(rule, action, type),
  );

function builtIn(role: Role | undefined, need: Need): ExplainedRule[] {
  if (role === undefined)
    return [
      { rule: 'whoever is nothing in the record may see nothing of it', says: 'refuses', source: 'built-in' },
    ];
  const { rules, source, title } = BUILT_IN[role];
  return rules.map((rule) => ({
    rule: `${title}: ${ruleInWords(rule)}`,
    says: speaksOf(rule, need) ? 'allows' : 'refuses',
    source,
  }));
}

async function explainPolicies(grants: PolicyGrants, need: Need): Promise<ExplainedRule[]> {
  const told: ExplainedRule[] = grants.broken.map(brokenRule);
  if (grants.policies.length === 0)
    told.push({
      rule: `no policy for the role ${grants.role} is meant for this caller`,
      says: 'refuses',
      source: 'stored policies',
    });
  for (const { rule, source } of grants.rules) {
    const words = `${rule.name}: ${ruleInWords(rule)}`;
    const problem = await problemOf(grants, rule, need);
    if (problem !== undefined) told.push({ rule: `${words} (${problem})`, says: 'refuses', source });
    else told.push({ rule: words, says: speaksOf(rule, need) ? 'allows' : 'refuses', source });
    const limits = limitsInWords(rule);
    if (limits !== undefined) told.push({ rule: `${rule.name}: ${limits}`, says: 'limits', source });
  }
  for (const { rule, source } of grants.idle)
    told.push({ rule: `${rule.name}: ${ruleInWords(rule)}`, says: 'waits', source });
  return told;
}

const brokenRule = ({ title, problems, source }: Policy): ExplainedRule => ({
  rule: `${title}: cannot be understood, so nothing is granted: ${problems.join('; ')}`,
  says: 'refuses',
  source,
});

/** Why the criteria of a rule cannot be answered, or find nothing. */
async function problemOf(grants: PolicyGrants, rule: Rule, need: Need): Promise<string | undefined> {
  const { type } = need;
  const action = need.actions.find((one) => type !== undefined && namesAction(rule, one, type));
  if (action === undefined || type === undefined) return undefined;
  try {
    const { op } = await grants.scopeOf(rule, action, type);
    return op === 'none' ? 'it opens nothing at present' : undefined;
  } catch (error) {
    if (error instanceof FhirError) return error.issues[0]!.diagnostics;
    throw error;
  }
}

/** How much of a type is open: everything, some of it, nothing. */
async function widest(access: AccessContext, { actions, type }: Need): Promise<'all' | 'some' | 'none'> {
  if (type === undefined) return 'some';
  const found = await Promise.all(actions.map(async (action) => access.scope(action, type)));
  if (found.some(({ op }) => op === 'none')) return 'none';
  return found.every(({ op }) => op === 'all') ? 'all' : 'some';
}

function scopeWords(rules: readonly ExplainedRule[], where: 'all' | 'some' | 'none', { type }: Need): string {
  const what = type ?? 'resources';
  if (where === 'none') return `no ${what}`;
  if (where === 'all') return `every ${what} of the tenant`;
  const by = rules.filter(({ says }) => says === 'allows');
  const [tokens, policies] = [
    by.filter(({ source }) => source === 'scope of the token'),
    by.filter(({ source }) => source !== 'scope of the token'),
  ];
  const list = (some: readonly ExplainedRule[]): string => some.map(({ rule }) => rule).join('; or ');
  return `${what} within the scopes (${list(tokens)}) and the policy (${list(policies)})`;
}
