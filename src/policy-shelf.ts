/** Policies as the console shows and changes them: every one that is kept, the built-in ones beside them, in words; checked and tried before they count. */
import type { Who } from './access/audit/note.ts';
import { OPEN_ACCESS } from './access/context.ts';
import { IS_POLICY } from './access/policy/book.ts';
import { BUILT_IN } from './access/policy/built-in.ts';
import { isPolicy, parsePolicy, policyIssues } from './access/policy/parse.ts';
import { treeOf } from './access/policy/proxies.ts';
import type { Policy, Role } from './access/policy/rule.ts';
import { limitsInWords, ruleInWords } from './access/policy/words.ts';
import { parseJson, prettyJson } from './fhir/model/json.ts';
import { FhirError } from './fhir/model/outcome.ts';
import { isObject, type JsonObject } from './fhir/model/tree.ts';
import { ALL } from './fhir/search/expression.ts';
import { searchPlan } from './fhir/search/plan.ts';
import { dispatch } from './rest/dispatch.ts';
import { accountGrantee, clientGrantee, explainAccess } from './rest/explain-access.ts';
import type { TenantRecord } from './rest/record.ts';
import { accountOf } from './smart/accounts.ts';
import { clientOf } from './smart/registered-clients.ts';
import type { StoredResource } from './store/ports.ts';
import type { Explained, PolicyRow, PolicyView } from './web/console/view.ts';

const MOST = 200;

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  practitioner: 'clinicians',
  patient: 'patients',
  related: 'family members',
  operator: 'operators',
  service: 'apps that act for themselves',
};

export async function shelf(record: TenantRecord): Promise<readonly PolicyRow[]> {
  const stored = await keptPolicies(record);
  const rows = stored.map((one) => rowOf(record, one));
  const inForce = await record.policies?.current();
  const replaced = new Set(inForce?.policies.flatMap(({ roles }) => roles));
  const builtIn = Object.entries(BUILT_IN).map(([role, policy]) => ({
    ...inWords(policy),
    id: role,
    builtIn: true,
    active: !replaced.has(role as Role),
  }));
  return [...rows, ...builtIn];
}

export async function policyOn(record: TenantRecord, id: string): Promise<PolicyView | undefined> {
  const [stored] = await record.store.resources.read([{ type: 'Basic', id }]);
  if (!stored?.body || !isPolicy(treeOf(stored))) return undefined;
  const text = prettyJson(Buffer.from(stored.body).toString('utf8'));
  return { ...rowOf(record, stored), text };
}

async function keptPolicies({ store }: TenantRecord): Promise<readonly StoredResource[]> {
  const plan = searchPlan({ branches: [{ type: 'Basic', where: IS_POLICY }], count: MOST }, () => ALL);
  return (await store.resources.search(plan)).resources;
}

function rowOf(record: TenantRecord, stored: StoredResource): PolicyRow {
  const policy = parsePolicy(record.definitions(), treeOf(stored), `Basic/${stored.id}`);
  const off = { title: `Basic/${stored.id}`, forWhom: 'nobody now', says: [], faults: [] };
  return { ...(policy ? inWords(policy) : off), id: stored.id, builtIn: false, active: policy !== undefined };
}

function inWords({
  title,
  roles,
  whom,
  rules,
  problems,
}: Policy): Pick<PolicyRow, 'title' | 'forWhom' | 'says' | 'faults'> {
  const some = [...whom.users, ...whom.clients, ...whom.organizations, ...whom.work];
  const only = some.length > 0 ? `, only ${some.join(', ')}` : '';
  const says = rules.map((rule) => {
    const limits = limitsInWords(rule);
    return `${rule.name}: ${ruleInWords(rule)}${limits === undefined ? '' : `; ${limits}`}`;
  });
  return { title, forWhom: roles.map((role) => ROLE_WORDS[role]).join(', ') + only, says, faults: problems };
}

/** What keeps a text from being a policy. */
export function faultsOf(record: TenantRecord, text: string): readonly string[] {
  const read = treeIn(text);
  if ('fault' in read) return [read.fault];
  const issues = [
    ...record.validate(record.definitions(), read.tree as never),
    ...policyIssues(record.definitions(), read.tree),
  ];
  return [...new Set(issues.map(({ diagnostics }) => diagnostics))];
}

function treeIn(text: string): { readonly tree: JsonObject } | { readonly fault: string } {
  try {
    const tree = parseJson(text);
    if (!isObject(tree)) return { fault: 'The text is no JSON object' };
    if (tree['resourceType'] !== 'Basic') return { fault: 'resourceType must be Basic' };
    if (!isPolicy(tree))
      return {
        fault: 'code must be urn:embergate:CodeSystem:kinds|access-policy: nothing else is kept from here',
      };
    return { tree };
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return { fault: error.issues[0]!.diagnostics };
  }
}

export interface Shelving {
  readonly record: TenantRecord;
  readonly base: string;
  readonly who: Who;
}

/** Keeps a policy, as a new one where no id is given. Gives what kept it from being kept. */
export async function shelve(
  { record, base, who }: Shelving,
  id: string | undefined,
  text: string,
): Promise<string | undefined> {
  const read = treeIn(text);
  if ('fault' in read) return read.fault;
  const tree = id === undefined ? read.tree : { ...read.tree, id };
  const at = {
    query: [],
    headers: {},
    baseUrl: base,
    id: crypto.randomUUID(),
    body: { kind: 'tree', tree },
  } as const;
  const request =
    id === undefined
      ? ({ method: 'POST', path: ['Basic'], ...at } as const)
      : ({ method: 'PUT', path: ['Basic', id], ...at } as const);
  return faultIn(await dispatch(record, { ...OPEN_ACCESS, who }, request));
}

export async function unshelve({ record, base, who }: Shelving, id: string): Promise<string | undefined> {
  if (!(await policyOn(record, id))) return 'There are no such rules any more.';
  const request = {
    method: 'DELETE',
    path: ['Basic', id],
    query: [],
    headers: {},
    baseUrl: base,
    id: crypto.randomUUID(),
  } as const;
  return faultIn(await dispatch(record, { ...OPEN_ACCESS, who }, request));
}

function faultIn({ response, failure }: Awaited<ReturnType<typeof dispatch>>): string | undefined {
  if (failure !== undefined) throw new Error('the policy could not be kept', { cause: failure });
  if (response.status < 300) return undefined;
  const tree = response.body?.kind === 'tree' ? response.body.tree : {};
  const issues = Array.isArray(tree['issue']) ? tree['issue'].filter(isObject) : [];
  return (
    issues.map(({ diagnostics }) => String(diagnostics)).join(' ') || `It was refused (${response.status})`
  );
}

export interface Asked {
  /** user name or client_id */
  readonly who: string;
  readonly method: string;
  readonly url: string;
  /** as if this text were in force beside the others */
  readonly policy: string | undefined;
}

/** Undefined: there is no such person or app. */
export async function explained(
  record: TenantRecord,
  base: string,
  asked: Asked,
): Promise<Explained | undefined> {
  const { tokens } = record.store;
  const now = Date.now();
  const account = await accountOf(tokens, asked.who, now);
  const client = account ? undefined : await clientOf(tokens, asked.who, now);
  if (!account && !client) return undefined;
  const grantee = account ? accountGrantee(account) : clientGrantee(asked.who, client?.smart_scopes);
  const judge = asked.policy === undefined ? record : await onTrial(record, asked.policy);
  return explainAccess(judge, grantee, asked.method, asked.url, { base, now, reveals: true });
}

/** The tenant as it would be with this policy in force, in place of the kept one of the same id. */
async function onTrial(record: TenantRecord, text: string): Promise<TenantRecord> {
  const read = treeIn(text);
  if ('fault' in read) return record;
  const tried = parsePolicy(record.definitions(), read.tree, 'on trial');
  const id = read.tree['id'];
  const others = (await record.policies?.current())?.policies ?? [];
  const kept = others.filter(({ source }) => typeof id !== 'string' || !source.startsWith(`Basic/${id}/`));
  const set = { policies: [...kept, ...(tried ? [tried] : [])] };
  return { ...record, policies: { current: () => set, written: () => undefined, stop: () => undefined } };
}
