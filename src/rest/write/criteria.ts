/**
 * Conditional interactions: finds what the criteria match now, and makes the guard that the same must still hold at commit, so that of two
 * racers only one can act on "no match". https://hl7.org/fhir/R4/http.html#cond-update
 */
import { scopesOf } from '../../access/context.ts';
import { fault, refuseIf } from '../../fhir/model/outcome.ts';
import { parseSearch } from '../../fhir/search/parse.ts';
import { searchPlan, type SearchPlan } from '../../fhir/search/plan.ts';
import type { Guard, ResourceKey } from '../../store/ports.ts';
import type { Context } from '../record.ts';
import { answeredBranches } from '../joins.ts';
import { parseQuery } from '../query.ts';

/** Most resources that one conditional delete takes away. */
export const MOST_MATCHES = 1000;

export interface Matched {
  readonly plan: SearchPlan;
  readonly matches: readonly ResourceKey[];
  readonly guard: Guard;
}

/** The plan of a conditional interaction. Criteria that select nothing in particular are refused: they would mean "any resource". */
export async function criteriaPlan(
  context: Context,
  type: string,
  criteria: string,
  count: number,
): Promise<SearchPlan> {
  const parameters = parseQuery(criteria);
  const parsed = parseSearch(context.definitions, {
    now: Date.now(),
    types: [type],
    parameters,
    handling: 'strict',
    baseUrl: context.request.baseUrl,
  });
  refuseIf(parsed.issues, 'unknown-parameter');
  if (parsed.branches.every((branch) => branch.where.op === 'all')) {
    throw fault(
      'precondition',
      `The condition "${criteria}" selects nothing: give at least one search parameter of ${type}`,
    );
  }
  // The guard of a commit judges the criteria with their joins as they were answered here.
  const branches = await answeredBranches(context, parsed.branches);
  return searchPlan({ branches, count }, await scopesOf(context.access, 'search', [type]));
}

/** Resources that match the criteria now: at most `most + 1`, so that the caller can tell "several" and "too many". */
export async function matchCriteria(
  context: Context,
  type: string,
  criteria: string,
  most: number,
): Promise<Matched> {
  const plan = await criteriaPlan(context, type, criteria, most + 1);
  const page = await context.record.store.resources.search(plan);
  const matches = page.resources.map(({ type, id }) => ({ type, id }));
  return { plan, matches, guard: { plan, matches } };
}
