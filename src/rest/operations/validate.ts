/**
 * `$validate`: what is wrong with a resource, and whether it could be created, updated or deleted, without doing so. Asked of the server, of a type or of
 * an instance, with the resource as the body or in Parameters. https://hl7.org/fhir/R4/resource-operation-validate.html
 */
import { scopesOf } from '../../access/context.ts';
import { fault, issue, type Issue } from '../../fhir/model/outcome.ts';
import { withPlaces } from '../../fhir/model/text-place.ts';
import { isObject, type JsonValue, type ResourceTree } from '../../fhir/model/tree.ts';
import { REFERENCE } from '../../fhir/search/index-value.ts';
import { searchPlan } from '../../fhir/search/plan.ts';
import type { Strictness } from '../../fhir/validation/finding.ts';
import { validate } from '../../fhir/validation/validator.ts';
import { asResource, jsonTextOf, sentResource } from '../body.ts';
import { lastValue } from '../query.ts';
import type { Context } from '../record.ts';
import type { FhirResponse } from '../request.ts';
import { outcomeResponse } from '../respond.ts';
import { readWithin, treeOf } from '../visible.ts';

/** Who asks wants to know: what is only a warning on write is an error here where the specification says so. */
const WHEN_ASKED: Strictness = {
  unknownCode: 'error',
  display: 'error',
  unknownExtension: 'error',
  urn: 'error',
  unknownProfile: 'error',
  bestPractice: 'warning',
};

const MODES = ['create', 'update', 'delete', 'profile'] as const;
type Mode = (typeof MODES)[number];

interface Asked {
  readonly resource: ResourceTree | undefined;
  /** where the resource stands in what was sent */
  readonly root?: string;
  readonly mode: Mode | undefined;
  readonly profiles: readonly string[];
}

export async function validateOperation(context: Context, type?: string, id?: string): Promise<FhirResponse> {
  const asked = askedOf(context, type);
  const stored = id === undefined ? undefined : await storedResource(context, type!, id);
  if (asked.mode === 'delete') return outcomeResponse(200, await deletable(context, type, id));
  const resource = asked.resource ?? stored;
  if (!resource)
    throw fault(
      'required',
      '$validate has no resource to look at: send one as the body, or as the parameter "resource"',
    );
  if (type !== undefined && resource.resourceType !== type) {
    throw fault(
      'invalid',
      `The resource is a ${resource.resourceType}, but the URL names ${type}`,
      'resourceType',
    );
  }
  const found = validate(context.definitions, resource, { profiles: asked.profiles, strictness: WHEN_ASKED });
  const all = [...found, ...modeIssues(asked, resource, id)];
  return outcomeResponse(200, asked.resource ? located(context, asked, all) : all);
}

/** With line and column in the text that was sent. */
function located(
  { request: { body } }: Context,
  { root }: Asked,
  issues: readonly Issue[],
): readonly Issue[] {
  const text = jsonTextOf(body);
  return text === undefined ? issues : withPlaces(text, issues, root);
}

async function storedResource(context: Context, type: string, id: string): Promise<ResourceTree> {
  const scope = await scopesOf(context.access, 'read', [type]);
  const [stored] = await readWithin(context, scope, [{ type, id }]);
  if (!stored?.body) throw fault('not-found', `There is no ${type}/${id}`);
  return treeOf(stored.body);
}

/** The parameters of the URL, and those of a Parameters resource. */
function askedOf(context: Context, type: string | undefined): Asked {
  const { query, body } = context.request;
  const sent = body === undefined ? undefined : sentResource(context);
  const isWrapped = sent?.resourceType === 'Parameters' && (type !== 'Parameters' || hasResource(sent));
  const given = isWrapped
    ? parametersOf(context, sent)
    : { resource: sent, values: new Map<string, string[]>() };
  const mode = given.values.get('mode')?.[0] ?? lastValue(query, 'mode');
  if (mode !== undefined && !isMode(mode)) {
    throw fault('value', `mode is "${mode.slice(0, 40)}": give one of ${MODES.join(', ')}`, 'mode');
  }
  const profiles = [
    ...(given.values.get('profile') ?? []),
    ...query.filter(([name]) => name === 'profile').map(([, value]) => value),
  ];
  const at = isWrapped ? entriesOf(sent).findIndex((one) => isObject(one) && one['name'] === 'resource') : -1;
  const root = at < 0 ? undefined : `Parameters.parameter[${at}].resource`;
  return { resource: given.resource, ...(root !== undefined && { root }), mode, profiles };
}

const isMode = (text: string): text is Mode => (MODES as readonly string[]).includes(text);
const entriesOf = (tree: ResourceTree): readonly JsonValue[] => {
  const { parameter } = tree;
  return Array.isArray(parameter) ? parameter : [];
};
const hasResource = (tree: ResourceTree): boolean =>
  entriesOf(tree).some((one) => isObject(one) && one['name'] === 'resource' && one['resource'] !== undefined);

function parametersOf(
  context: Context,
  tree: ResourceTree,
): { readonly resource: ResourceTree | undefined; readonly values: Map<string, string[]> } {
  const values = new Map<string, string[]>();
  let resource: ResourceTree | undefined;
  for (const one of entriesOf(tree)) {
    if (!isObject(one) || typeof one['name'] !== 'string') continue;
    const name = one['name'];
    if (name === 'resource')
      resource = asResource(context, one['resource'], 'Parameters.parameter.resource.');
    const value = Object.entries(one).find(([key]) => key.startsWith('value'))?.[1];
    if (typeof value === 'string') values.set(name, [...(values.get(name) ?? []), value]);
  }
  return { resource, values };
}

/** What only the way of writing asks. */
function modeIssues({ mode }: Asked, resource: ResourceTree, id: string | undefined): Issue[] {
  const { id: own, resourceType } = resource;
  if (mode === 'update' && id !== undefined && own !== id)
    return [
      issue(
        'invalid',
        `An update of ${resourceType}/${id} needs that id in the resource`,
        `${resourceType}.id`,
      ),
    ];
  return [];
}

/** Whether something that the caller can see still refers to it. */
async function deletable(
  context: Context,
  type: string | undefined,
  id: string | undefined,
): Promise<Issue[]> {
  if (type === undefined || id === undefined)
    throw fault('required', 'mode=delete is about one resource: ask [type]/[id]/$validate?mode=delete');
  if (!context.record.rules.referentialIntegrity) return [];
  const types = context.definitions.resourceTypes;
  const where = { op: 'key', param: REFERENCE, keys: [`${type}/${id}`] } as const;
  const scope = await scopesOf(context.access, 'search', types);
  const plan = searchPlan({ branches: types.map((one) => ({ type: one, where })), count: 1 }, scope);
  const { resources } = await context.record.store.resources.search(plan);
  const [by] = resources.filter((one) => one.type !== type || one.id !== id);
  if (!by) return [];
  const name = context.access.view?.of(by.type) ? 'another resource' : `${by.type}/${by.id}`;
  return [issue('referenced', `${type}/${id} is still referred to by ${name}: delete or change that first`)];
}
