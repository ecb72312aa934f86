/**
 * References between the entries of a transaction: an entry's fullUrl becomes the identity that the server gave it, and a conditional
 * reference (`Patient?identifier=…`) becomes the one resource that it finds, among those of the store and those of this transaction.
 * https://hl7.org/fhir/R4/http.html#trules, https://hl7.org/fhir/R4/http.html#transaction-response
 */
import { fault } from '../../fhir/model/outcome.ts';
import { rewriteReferences } from '../../fhir/model/references.ts';
import { match } from '../../fhir/search/match.ts';
import type { Context } from '../record.ts';
import { criteriaPlan } from './criteria.ts';
import { placed } from './intent.ts';
import type { Target } from './target.ts';
import { indexOf } from '../index-of.ts';

/** A fullUrl that is a RESTful one: relative references of its entry are relative to this base. https://hl7.org/fhir/R4/bundle.html#references */
const RESTFUL = /^(https?:\/\/.+\/)[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/.+)?$/;
const CONDITIONAL = /^([A-Z][A-Za-z]+)\?(.+)$/s;

/** Rewrites the references of all trees in place. Throws FhirError naming the entry whose conditional reference finds none or several. */
export async function resolveBundleReferences(context: Context, targets: readonly Target[]): Promise<void> {
  const identities = fullUrlIdentities(targets);
  const conditional = new Map<string, string>();
  for (const { intent } of targets) {
    if (!intent.tree) continue;
    const base = intent.fullUrl === undefined ? undefined : RESTFUL.exec(intent.fullUrl)?.[1];
    rewriteLiteral(context, intent.tree, identities, base, (reference) =>
      conditional.set(reference, intent.place),
    );
  }
  if (conditional.size === 0) return;
  const found = await resolveConditional(context, targets, conditional);
  for (const { intent } of targets) {
    if (intent.tree)
      rewriteReferences(context.definitions, intent.tree, (one, kind) =>
        kind === 'Reference' ? found.get(one) : undefined,
      );
  }
}

/** fullUrl -> `Type/id`. Matching is by the full URL, never by `Type/id` alone. */
function fullUrlIdentities(targets: readonly Target[]): Map<string, string> {
  const identities = new Map<string, string>();
  for (const { intent, type, id } of targets) {
    if (intent.fullUrl !== undefined && id !== undefined && intent.kind !== 'delete')
      identities.set(intent.fullUrl, `${type}/${id}`);
  }
  return identities;
}

type Tree = NonNullable<Target['intent']['tree']>;

function rewriteLiteral(
  context: Context,
  tree: Tree,
  identities: ReadonlyMap<string, string>,
  base: string | undefined,
  conditional: (reference: string) => void,
): void {
  rewriteReferences(context.definitions, tree, (reference, kind) => {
    const hash = reference.indexOf('#');
    const whole = hash > 0 ? reference.slice(0, hash) : reference;
    const target =
      identities.get(whole) ??
      (base !== undefined && kind === 'Reference' ? identities.get(base + whole) : undefined);
    if (target !== undefined) return hash > 0 ? target + reference.slice(hash) : target;
    if (kind === 'Reference' && CONDITIONAL.test(reference)) conditional(reference);
    return undefined;
  });
}

async function resolveConditional(
  context: Context,
  targets: readonly Target[],
  conditional: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  const pairs = [...conditional].map(async ([reference, place]) => {
    try {
      return [reference, await resolveOne(context, targets, reference)] as const;
    } catch (error) {
      throw placed(error, place);
    }
  });
  return new Map(await Promise.all(pairs));
}

async function resolveOne(context: Context, targets: readonly Target[], reference: string): Promise<string> {
  const [, type = '', criteria = ''] = CONDITIONAL.exec(reference) ?? [];
  if (!context.definitions.isResourceType(type))
    throw fault('invalid', `The conditional reference "${reference}" names no resource type`);
  const plan = await criteriaPlan(context, type, criteria, 2);
  const page = await context.record.store.resources.search(plan);
  const deleted = new Set(targets.flatMap((one) => (one.intent.kind === 'delete' ? [one.id] : [])));
  const stored = page.resources.map((one) => one.id).filter((id) => !deleted.has(id));
  const matches = new Set([...stored, ...matchingEntries(context, targets, type, plan.branches[0]?.where)]);
  if (matches.size === 1) return `${type}/${[...matches][0]}`;
  const many = matches.size > 1;
  const text = `The conditional reference "${reference}" matches ${many ? 'more than one' : 'no'} ${type}: it must match exactly one`;
  throw fault(many ? 'multiple-matches' : 'precondition', text);
}

function matchingEntries(
  context: Context,
  targets: readonly Target[],
  type: string,
  where: Parameters<typeof match>[0] | undefined,
): string[] {
  if (!where) return [];
  return targets.flatMap(({ intent, id, type: own, found }) => {
    if (own !== type || !intent.tree || id === undefined || found) return [];
    const subject = { id, instant: 0, index: indexOf(context, { ...intent.tree, id }) };
    return match(where, subject) ? [id] : [];
  });
}
