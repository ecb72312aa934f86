/**
 * A Basic of the profile access-policy -> a Policy. Whatever cannot be understood becomes a problem of the policy, which then grants nothing
 * (docs/policies.md). https://hl7.org/fhir/R4/basic.html
 */
import type { Definitions } from '../../fhir/definitions/registry.ts';
import { FhirError, issue, type Issue } from '../../fhir/model/outcome.ts';
import { isObject, type JsonObject, type JsonValue } from '../../fhir/model/tree.ts';
import { compileExpression } from '../../fhir/path/engine.ts';
import type { Action } from '../action.ts';
import { checkCriteria } from './criteria.ts';
import { elementsAt } from './element-path.ts';
import {
  ACTIONS,
  EVERYONE,
  POLICY_CODE,
  POLICY_SYSTEM,
  PURPOSES,
  ROLES,
  URLS,
  type Constraint,
  type Policy,
  type Role,
  type Rule,
  type Whom,
} from './rule.ts';

/** Whether a resource is a policy: by the same code that policies are found by. */
export function isPolicy(tree: JsonObject): boolean {
  if (tree['resourceType'] !== 'Basic' || !isObject(tree['code'])) return false;
  return listOf(tree['code']['coding']).some(
    (one) => isObject(one) && one['system'] === POLICY_SYSTEM && one['code'] === POLICY_CODE,
  );
}

/** What keeps a policy from being stored; none for any other Basic. */
export function policyIssues(definitions: Definitions, tree: JsonObject): readonly Issue[] {
  if (!isPolicy(tree)) return [];
  const policy = parsePolicy(definitions, tree, 'Basic');
  return (policy?.problems ?? []).map((one) =>
    issue('invalid', `The policy cannot be understood: ${one}`, 'Basic'),
  );
}

/** undefined: it is switched off. `source` names the version. */
export function parsePolicy(definitions: Definitions, tree: JsonObject, source: string): Policy | undefined {
  const problems: string[] = [];
  const parts = extensions(tree, 'Policy', problems);
  const active = parts.filter(({ url }) => url === URLS.active);
  if (active.some(({ value }) => value === false)) return undefined;
  if (active.some(({ value }) => typeof value !== 'boolean'))
    problems.push('active is neither true nor false');
  for (const { url } of parts)
    if (url.startsWith('urn:embergate:') && !(Object.values(URLS) as string[]).includes(url))
      problems.push(`"${url.slice(0, 80)}" is not part of a policy`);
  const { roles, whom } = whomOf(
    parts.filter(({ url }) => url === URLS.for),
    problems,
  );
  const rules = parts
    .filter(({ url }) => url === URLS.rule)
    .map((part, i) => ruleOf(definitions, part, `rule ${i + 1}`, problems));
  if (rules.length === 0) problems.push('it has no rule');
  const code = isObject(tree['code']) ? tree['code'] : {};
  const title = typeof code['text'] === 'string' ? code['text'] : source;
  return { title, source, roles, whom, rules, problems };
}

interface Part {
  readonly url: string;
  readonly value: JsonValue | undefined;
  readonly tree: JsonObject;
}

const listOf = (value: JsonValue | undefined): readonly JsonValue[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

function extensions(tree: JsonObject, where: string, problems: string[]): Part[] {
  if (tree['modifierExtension'] !== undefined) problems.push(`${where} has a modifierExtension`);
  return listOf(tree['extension']).flatMap((one): Part[] => {
    if (!isObject(one) || typeof one['url'] !== 'string') {
      problems.push(`${where} has an extension without a url`);
      return [];
    }
    const name = Object.keys(one).find((key) => key.startsWith('value'));
    return [{ url: one['url'], value: name === undefined ? undefined : one[name], tree: one }];
  });
}

/** Whom it is for. A policy that does not say so readably is taken to be meant for everyone but operators, who have to mend it. */
function whomOf(
  parts: readonly Part[],
  problems: string[],
): { readonly roles: readonly Role[]; readonly whom: Whom } {
  const before = problems.length;
  if (parts.length !== 1)
    problems.push('it does not say once for whom it is (extension urn:embergate:access:for)');
  const roles: Role[] = [];
  const whom = {
    users: [] as string[],
    clients: [] as string[],
    organizations: [] as string[],
    work: [] as string[],
  };
  for (const { url, value } of parts.flatMap(({ tree }) => extensions(tree, 'for', problems))) {
    const text = url === 'work' ? codingOf(value) : referenceOf(value);
    if (text === undefined) problems.push(`for.${url.slice(0, 40)} has no value that can be read`);
    else if (url === 'role') {
      if (ROLES.includes(text as Role)) roles.push(text as Role);
      else problems.push(`for.role is "${text.slice(0, 40)}": give one of ${ROLES.join(', ')}`);
    } else if (url === 'user')
      whom.users.push(
        checked(text, /^(?:Practitioner|PractitionerRole|Patient|RelatedPerson)\//, 'user', problems),
      );
    else if (url === 'organization')
      whom.organizations.push(checked(text, /^Organization\//, 'organization', problems));
    else if (url === 'client') whom.clients.push(text);
    else if (url === 'work') whom.work.push(text);
    else problems.push(`for has no part "${url.slice(0, 40)}"`);
  }
  if (roles.length === 0) problems.push('for names no role');
  if (problems.length === before) return { roles, whom };
  return { roles: ROLES.filter((role) => role !== 'operator'), whom: EVERYONE };
}

function checked(text: string, kind: RegExp, name: string, problems: string[]): string {
  if (!kind.test(text) || !/\/[A-Za-z0-9\-.]{1,64}$/.test(text))
    problems.push(`for.${name} is "${text.slice(0, 80)}", which is no reference to one`);
  return text;
}

function referenceOf(value: JsonValue | undefined): string | undefined {
  const text = isObject(value) ? value['reference'] : value;
  return typeof text === 'string' && text !== '' ? text : undefined;
}

function codingOf(value: JsonValue | undefined): string | undefined {
  const coding = isObject(value) && Array.isArray(value['coding']) ? value['coding'][0] : value;
  if (!isObject(coding) || typeof coding['code'] !== 'string') return undefined;
  return `${typeof coding['system'] === 'string' ? coding['system'] : ''}|${coding['code']}`;
}

interface Gathered {
  name: string;
  readonly types: string[];
  readonly actions: Action[];
  readonly criteria: string[];
  readonly patients: string[];
  readonly purposes: string[];
  readonly hidden: string[];
  readonly readOnly: string[];
  readonly constraints: Constraint[];
}

type Take = (rule: Gathered, text: string) => string | undefined;

/** Parts of a rule that are plain texts; each gives what is wrong with its value. */
const TEXTS: Readonly<Record<string, Take>> = {
  name: (rule, text) => void (rule.name = text),
  type: (rule, text) => void rule.types.push(text),
  action: (rule, text) => {
    if (!(ACTIONS as readonly string[]).includes(text)) return `give one of ${ACTIONS.join(', ')}`;
    rule.actions.push(text as Action);
    return undefined;
  },
  criteria: (rule, text) => void rule.criteria.push(text),
  patients: (rule, text) => void rule.patients.push(text),
  purpose: (rule, text) => {
    rule.purposes.push(text);
    return PURPOSES.includes(text) ? undefined : `give one of ${PURPOSES.join(', ')}`;
  },
  hidden: (rule, text) => void rule.hidden.push(text),
  'read-only': (rule, text) => void rule.readOnly.push(text),
};

function ruleOf(definitions: Definitions, part: Part, place: string, problems: string[]): Rule {
  const rule: Gathered = {
    name: place,
    types: [],
    actions: [],
    criteria: [],
    patients: [],
    purposes: [],
    hidden: [],
    readOnly: [],
    constraints: [],
  };
  const tell = (text: string): void => void problems.push(`${place}: ${text}`);
  for (const { url, value } of extensions(part.tree, place, problems)) {
    const take = Object.hasOwn(TEXTS, url) ? TEXTS[url] : undefined;
    if (url === 'constraint') takeConstraint(definitions, rule, value, tell);
    else if (!take) tell(`there is no part "${url.slice(0, 40)}"`);
    else if (typeof value !== 'string' || value === '') tell(`${url} has no text`);
    else {
      const wrong = take(rule, value);
      if (wrong !== undefined) tell(`${url} is "${value.slice(0, 80)}": ${wrong}`);
    }
  }
  checkRule(definitions, rule, tell);
  const { criteria, patients, ...rest } = rule;
  return {
    ...rest,
    ...(criteria[0] !== undefined && { criteria: criteria[0] }),
    ...(patients[0] !== undefined && { patients: patients[0] }),
  };
}

function takeConstraint(
  definitions: Definitions,
  rule: Gathered,
  value: JsonValue | undefined,
  tell: (text: string) => void,
): void {
  const { language, expression, description } = isObject(value) ? value : {};
  if (language !== 'text/fhirpath' || typeof expression !== 'string')
    return tell('constraint is no Expression in text/fhirpath');
  try {
    compileExpression(definitions, expression);
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return tell(`constraint is not FHIRPath: ${error.issues[0]!.diagnostics}`);
  }
  const human = typeof description === 'string' ? description : expression;
  rule.constraints.push({ expression, human });
}

function checkRule(definitions: Definitions, rule: Gathered, tell: (text: string) => void): void {
  if (rule.types.length === 0) tell('it names no type');
  if (rule.actions.length === 0) tell('it names no action');
  if (rule.criteria.length > 1 || rule.patients.length > 1) tell('criteria and patients may be there once');
  const strange = rule.types.filter((type) => type !== '*' && !definitions.isResourceType(type));
  for (const type of strange) tell(`"${type.slice(0, 64)}" is not a resource type`);
  if (strange.length > 0) return;
  const types = rule.types.includes('*') ? definitions.resourceTypes : rule.types;
  for (const text of rule.criteria)
    for (const problem of checkCriteria(definitions, types, text)) tell(`criteria: ${problem}`);
  for (const text of rule.patients)
    for (const problem of checkCriteria(definitions, ['Patient'], text)) tell(`patients: ${problem}`);
  for (const path of [...rule.hidden, ...rule.readOnly]) {
    const type = path.split('.', 1)[0]!;
    if (!elementsAt(definitions, path))
      tell(`"${path.slice(0, 100)}" is not an element that a policy can name`);
    else if (!types.includes(type)) tell(`"${path.slice(0, 100)}" is of a type that the rule does not name`);
  }
}
