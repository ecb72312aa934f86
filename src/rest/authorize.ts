/**
 * What an interaction takes, by the letters of SMART's scopes: who was granted nothing of the kind gets 403 before anything is looked at. What of it may
 * be met is decided by the scope inside each plan. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#fhir-resource-scope-syntax
 */
import type { Action } from '../access/context.ts';
import type { Context } from './record.ts';
import type { Interaction } from './routes.ts';

/** All that an interaction takes of its type; `of` is the path segment that names the type, undefined: any type. */
interface Need {
  readonly actions: readonly Action[];
  readonly of?: 0 | 2;
}

/** `open`: it is for everyone, or each of its entries is judged by itself. */
export const NEEDS: Readonly<Record<Interaction, Need | 'open'>> = {
  capabilities: 'open',
  bundle: 'open',
  read: { actions: ['read'], of: 0 },
  vread: { actions: ['read'], of: 0 },
  create: { actions: ['create'], of: 0 },
  update: { actions: ['update'], of: 0 },
  'update-conditional': { actions: ['update', 'search'], of: 0 },
  patch: { actions: ['update'], of: 0 },
  'patch-conditional': { actions: ['update', 'search'], of: 0 },
  delete: { actions: ['delete'], of: 0 },
  'delete-conditional': { actions: ['delete', 'search'], of: 0 },
  'history-instance': { actions: ['read'], of: 0 },
  'history-type': { actions: ['search'], of: 0 },
  'history-system': { actions: ['search'] },
  reindex: { actions: ['update'] },
  'reindex-status': { actions: ['update'] },
  // The resource is the caller's own; one that is stored is read within the scope.
  validate: 'open',
  // Codes and their names are no part of any record; a stored resource is read within the scope.
  terminology: 'open',
  'search-type': { actions: ['search'], of: 0 },
  'search-system': { actions: ['search'] },
  'search-compartment': { actions: ['search'], of: 2 },
};

/** Throws FhirError 403. */
export function authorize(context: Context, interaction: Interaction, path: readonly string[]): void {
  const need = NEEDS[interaction];
  if (need === 'open') return;
  const type = need.of === undefined ? undefined : path[need.of];
  // An unknown type in the third place is told by the search itself.
  const known = type !== undefined && context.definitions.isResourceType(type);
  requireGranted(context, need.actions, known ? type : undefined);
}

/** Throws FhirError 403 for the first action that nothing was granted for. */
export function requireGranted(context: Context, actions: readonly Action[], type: string | undefined): void {
  for (const action of actions) {
    const refusal = context.access.refusal(action, type);
    if (refusal) throw refusal;
  }
}
