/**
 * `explainAccess`: what would become of a request, and which rule says so, without performing it. Shown by `embergate access explain`, the pages of
 * developers and operators (docs/policies.md).
 */
import type { DecisionAsker } from '../access/decide.ts';
import type { Grantee } from '../access/grantee.ts';
import { explainNeed, type Explained, type Explanation } from '../access/policy/explain.ts';
import { purposeOf } from '../access/policy/subject.ts';
import { FhirError } from '../fhir/model/outcome.ts';
import { NONE } from '../fhir/search/expression.ts';
import { NEEDS } from './authorize.ts';
import { decodeSegment, parseQuery } from './query.ts';
import type { TenantRecord } from './record.ts';
import type { Method } from './request.ts';
import { route, type Interaction } from './routes.ts';

export type { ExplainedRule, Explanation } from '../access/policy/explain.ts';
export { accountGrantee, clientGrantee } from '../access/policy/subject.ts';

export interface ExplainOptions {
  /** FHIR base of the tenant */
  readonly base: string;
  /** as the header X-Purpose-Of-Use would have it */
  readonly purpose?: string;
  /** ms since 1970 */
  readonly now?: number;
  /**
   * Tell whether a resource that the caller may not meet exists: for operators only. Without it nothing is told that the caller's own request would not
   * tell.
   */
  readonly reveals?: boolean;
}

/** `grantee`: of a token (`authenticate`), an account (`accountGrantee`) or a client (`clientGrantee`). `url`: below the base, or absolute. */
export async function explainAccess(
  record: TenantRecord,
  grantee: Grantee,
  method: string,
  url: string,
  options: ExplainOptions,
): Promise<Explanation> {
  try {
    return await explained(record, grantee, method as Method, url, options);
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return refused(error.issues[0]!.diagnostics);
  }
}

const refused = (decision: string): Explanation => ({
  allowed: false,
  decision,
  role: undefined,
  rules: [],
  scope: '',
  wouldFilter: false,
  hidden: [],
});

async function explained(
  record: TenantRecord,
  grantee: Grantee,
  method: Method,
  url: string,
  { base, purpose, now, reveals = false }: ExplainOptions,
): Promise<Explanation> {
  const definitions = record.definitions();
  const { path, query } = addressOf(base, url);
  const interaction = route(definitions, method, path);
  const need = NEEDS[interaction];
  if (need === 'open') return { ...refused(OPEN[interaction] ?? OPEN['capabilities']!), allowed: true };
  const type = need.of === undefined ? undefined : path[need.of];
  const asker: DecisionAsker = {
    grantee,
    purpose: purposeOf(purpose),
    clock: now === undefined ? Date.now : () => now,
  };
  const place = { definitions, store: record.store, base };
  const { access, ...told } = await explainNeed(place, await record.policies?.current(), asker, {
    actions: need.actions,
    type,
  });
  if (!told.allowed) return told;
  const unseen = hiddenParameter(record, access, type, query);
  if (unseen !== undefined)
    return {
      ...told,
      allowed: false,
      decision: `The parameter ${unseen} looks at what is hidden: it is unknown to this caller`,
    };
  const [, id] = path;
  if (need.of !== 0 || id === undefined || id.startsWith('_') || interaction === 'search-compartment')
    return told;
  return ofInstance(record, { ...told, access }, { type: type!, id }, need.actions[0]!, reveals);
}

/** What takes no scope. */
const OPEN: Readonly<Partial<Record<Interaction, string>>> = {
  capabilities: 'It is open to everyone',
  bundle: 'Each entry of a Bundle is judged by itself: ask about the entry',
  validate: 'It looks at what the caller brings; a stored resource is read within what the caller may see',
};

function addressOf(
  base: string,
  url: string,
): { readonly path: string[]; readonly query: readonly (readonly [string, string])[] } {
  const below = url.startsWith(base)
    ? url.slice(base.length)
    : url.replace(/^https?:\/\/[^/]+(?:\/t\/[^/]+)?\/fhir/, '');
  const [path = '', ...rest] = below.split('?');
  return {
    path: path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeSegment),
    query: parseQuery(rest.join('?')),
  };
}

function hiddenParameter(
  record: TenantRecord,
  { view }: Explained['access'],
  type: string | undefined,
  query: readonly (readonly [string, string])[],
): string | undefined {
  if (!view || type === undefined) return undefined;
  const definitions = record.definitions();
  const [all, seen] = [
    definitions.searchParameters(type),
    view.definitions(definitions).searchParameters(type),
  ];
  return query.map(([name]) => name.split(/[:.]/, 1)[0]!).find((code) => all.has(code) && !seen.has(code));
}

async function ofInstance(
  record: TenantRecord,
  { access, ...told }: Explained,
  key: { readonly type: string; readonly id: string },
  action: Parameters<typeof access.scope>[0],
  reveals: boolean,
): Promise<Explanation> {
  const where = await access.scope(action, key.type);
  const [found] = await record.store.resources.read([key], (type) => (type === key.type ? where : NONE));
  const name = `${key.type}/${key.id}`;
  if (found?.body) return { ...told, decision: `It is allowed: ${name} lies within what is open` };
  if (!reveals)
    return {
      ...told,
      allowed: false,
      decision: `It is answered as if there were no ${name}: there is none, or it lies outside`,
    };
  const [there] = await record.store.resources.read([key]);
  const decision = there?.body
    ? `${name} exists and lies outside what is open: the caller is told that there is none`
    : `There is no ${name}`;
  return { ...told, allowed: false, decision };
}
