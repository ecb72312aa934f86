/**
 * create, update, patch and delete, and their conditional forms: each is one intent.
 * https://hl7.org/fhir/R4/http.html#create, #update, #patch, #delete
 */
import { fault } from '../../fhir/model/outcome.ts';
import type { ResourceTree } from '../../fhir/model/tree.ts';
import { sentResourceOf } from '../body.ts';
import { sentPatch } from '../patch.ts';
import type { Context } from '../record.ts';
import type { FhirResponse } from '../request.ts';
import { effectResponse } from '../respond.ts';
import type { Intent } from '../write/intent.ts';
import { perform } from '../write/perform.ts';
import { uuidv7 } from '../write/uuid.ts';

export const LOGICAL_ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** The query of a conditional URL as text again, without what only speaks of the answer's form. */
function criteriaOf(context: Context): string {
  return context.request.query
    .filter(([name]) => name !== '_format' && name !== '_pretty')
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .join('&');
}

async function one(context: Context, intent: Intent): Promise<FhirResponse> {
  const [performed] = await perform(context, () => [intent]);
  return effectResponse(context, performed!.effect);
}

export function create(context: Context, type: string): Promise<FhirResponse> {
  const tree = sentResourceOf(context, type);
  const criteria = context.request.headers['if-none-exist'];
  return one(context, {
    kind: 'create',
    type,
    id: uuidv7(),
    tree,
    criteria: criteria && stripType(criteria, type),
    place: '',
  });
}

/** If-None-Exist holds search parameters; some clients send them behind `?` or `Type?`. */
export function stripType(criteria: string, type: string): string {
  return criteria.replace(new RegExp(`^(?:.*/)?(?:${type})?\\?`), '');
}

export function update(context: Context, type: string, id: string): Promise<FhirResponse> {
  const tree = sentResourceOf(context, type);
  requireSameId(tree, type, id);
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = context.request.headers;
  return one(context, { kind: 'update', type, id, tree, ifMatch, ifNoneMatch, place: '' });
}

/** The id in the body must be that of the URL. */
export function requireSameId(tree: ResourceTree, type: string, id: string): void {
  if (!LOGICAL_ID.test(id)) {
    throw fault(
      'value',
      `"${id.slice(0, 80)}" is not a legal id: use 1 to 64 of the characters A-Z a-z 0-9 - and .`,
      `${type}.id`,
    );
  }
  if (tree['id'] === id) return;
  const found = tree['id'] === undefined ? 'has no id' : `has id ${JSON.stringify(tree['id']).slice(0, 80)}`;
  throw fault(
    'invalid',
    `The URL names ${type}/${id}, but the body ${found}: both must be the same`,
    `${type}.id`,
  );
}

/** The id of a resource whose URL names none: absent or legal. */
export function requireOwnId(tree: ResourceTree, type: string): void {
  const id = tree['id'];
  if (id === undefined) return;
  if (typeof id !== 'string') throw fault('value', `${type}.id is not a text in quotes`, `${type}.id`);
  requireSameId(tree, type, id);
}

export function conditionalUpdate(context: Context, type: string): Promise<FhirResponse> {
  const tree = sentResourceOf(context, type);
  requireOwnId(tree, type);
  return one(context, {
    kind: 'update',
    type,
    tree,
    criteria: criteriaOf(context),
    ifMatch: context.request.headers['if-match'],
    place: '',
  });
}

export function patch(context: Context, type: string, id: string): Promise<FhirResponse> {
  return one(context, {
    kind: 'patch',
    type,
    id,
    patch: sentPatch(context),
    ifMatch: context.request.headers['if-match'],
    place: '',
  });
}

export function conditionalPatch(context: Context, type: string): Promise<FhirResponse> {
  const ifMatch = context.request.headers['if-match'];
  return one(context, {
    kind: 'patch',
    type,
    criteria: criteriaOf(context),
    patch: sentPatch(context),
    ifMatch,
    place: '',
  });
}

export function remove(context: Context, type: string, id: string): Promise<FhirResponse> {
  return one(context, { kind: 'delete', type, id, ifMatch: context.request.headers['if-match'], place: '' });
}

export function conditionalRemove(context: Context, type: string): Promise<FhirResponse> {
  return one(context, {
    kind: 'delete',
    type,
    criteria: criteriaOf(context),
    ifMatch: context.request.headers['if-match'],
    place: '',
  });
}
