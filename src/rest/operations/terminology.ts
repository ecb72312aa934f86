/**
 * The terminology operations: of code systems, value sets and concept maps, at the type, at one instance and at the server, by GET and POST. The service
 * decides (`fhir/terminology`); here a request becomes its question. https://hl7.org/fhir/R4/terminology-service.html
 */
import { randomUUID } from 'node:crypto';
import type {
  CodeSystem,
  Coding,
  ConceptMap,
  Parameters,
  ParametersParameter,
  Resource,
  ValueSet,
} from '@medplum/fhirtypes';
import { scopesOf } from '../../access/context.ts';
import { stringifyJson } from '../../fhir/model/json.ts';
import { fault } from '../../fhir/model/outcome.ts';
import type { JsonObject } from '../../fhir/model/tree.ts';
import { batchValidate } from '../../fhir/terminology/batch-validate.ts';
import { close, type ClosureTable } from '../../fhir/terminology/closure.ts';
import { expand } from '../../fhir/terminology/expand.ts';
import { findMatches } from '../../fhir/terminology/find-matches.ts';
import { TxRefusal } from '../../fhir/terminology/issue.ts';
import { lookup } from '../../fhir/terminology/lookup.ts';
import { questionOf, type Question } from '../../fhir/terminology/question.ts';
import { subsumes } from '../../fhir/terminology/subsumes.ts';
import { translate } from '../../fhir/terminology/translate.ts';
import { validateCode, validateInSystem } from '../../fhir/terminology/validate-code.ts';
import { worldWith, type World } from '../../fhir/terminology/world.ts';
import { sentResource } from '../body.ts';
import type { Context } from '../record.ts';
import type { FhirResponse } from '../request.ts';
import type { TerminologyOperation } from '../terminology-operations.ts';
import { readWithin, treeOf } from '../visible.ts';

interface Asked {
  readonly context: Context;
  readonly world: World;
  readonly question: Question;
  readonly parameters: Parameters;
  /** the resource of the instance, or the one that was sent in its place */
  readonly given: Resource | undefined;
}

type Answer = (asked: Asked) => Resource | Promise<Resource>;

/** `Type/$name`, or `$name` of the server -> what answers it. */
const OPERATIONS: Readonly<Record<TerminologyOperation, Answer>> = {
  'CodeSystem/$lookup': ({ world, question, given }) =>
    lookup(world, question, given as CodeSystem | undefined),
  'CodeSystem/$validate-code': ({ world, question, given }) =>
    validateInSystem(world, question, given as CodeSystem | undefined),
  'CodeSystem/$subsumes': ({ world, question, given }) =>
    subsumes(world, question, given as CodeSystem | undefined),
  'CodeSystem/$find-matches': ({ world, question, given }) =>
    findMatches(world, question, given as CodeSystem | undefined),
  'ValueSet/$expand': ({ world, question, given }) =>
    expand(world, question, given as ValueSet | undefined, {
      identifier: `urn:uuid:${randomUUID()}`,
      timestamp: new Date().toISOString(),
    }),
  'ValueSet/$validate-code': ({ world, question, given }) =>
    validateCode(world, question, given as ValueSet | undefined),
  'ValueSet/$batch-validate-code': (asked) =>
    batchValidate(asked.parameters, (one) => validateOne(asked, one)),
  'ConceptMap/$translate': ({ world, question, given }) =>
    translate(world, question, given as ConceptMap | undefined),
  $closure: closure,
  $versions: () => ({
    resourceType: 'Parameters',
    parameter: [
      { name: 'version', valueString: '4.0' },
      { name: 'default', valueString: '4.0' },
    ],
  }),
};

export async function terminology(context: Context, path: readonly string[]): Promise<FhirResponse> {
  const name = path.length === 3 ? `${path[0]}/${path[2]}` : path.join('/');
  try {
    const asked = await askedOf(context, path);
    return respond(200, await OPERATIONS[name as TerminologyOperation](asked));
  } catch (error) {
    if (!(error instanceof TxRefusal)) throw error;
    return respond(error.status, { resourceType: 'OperationOutcome', issue: [error.issue] });
  }
}

const respond = (status: number, resource: Resource): FhirResponse => ({
  status,
  headers: {},
  body: { kind: 'tree', tree: resource as unknown as JsonObject },
});

async function askedOf(context: Context, path: readonly string[]): Promise<Asked> {
  const { record } = context;
  await record.settled();
  const parameters = parametersOf(context, path[0] ?? '');
  const question = questionOf(parameters, context.request.headers['accept-language']);
  const stored = path.length === 3 ? await storedResource(context, path[0]!, path[1]!) : undefined;
  const sent = INLINE.map((name) => question.resource(name)).find((one) => one?.resourceType === path[0]);
  return {
    context,
    parameters,
    question,
    world: worldWith(record.definitions(), question.resources, record.imported),
    given: stored ?? sent,
  };
}

/** Parameters that carry the resource itself. */
const INLINE = ['valueSet', 'codeSystem', 'conceptMap'];

async function storedResource(context: Context, type: string, id: string): Promise<Resource> {
  const scope = await scopesOf(context.access, 'read', [type]);
  const [stored] = await readWithin(context, scope, [{ type, id }]);
  if (!stored?.body) throw fault('not-found', `There is no ${type}/${id}`);
  return plain(treeOf(stored.body)) as Resource;
}

/** A tree without our own kind of numbers. */
const plain = (tree: unknown): unknown => JSON.parse(stringifyJson(tree as never));

/** The body as it is, or what the address says as a body. A bare ValueSet stands for a question about it. */
function parametersOf(context: Context, type: string): Parameters {
  const { query, body } = context.request;
  const inAddress = query
    .filter(([name]) => !name.startsWith('_'))
    .map(([name, value]) => parameterOf(name, value));
  if (!body) return { resourceType: 'Parameters', parameter: inAddress };
  const sent = plain(sentResource(context)) as Resource;
  if (sent.resourceType === 'Parameters')
    return { ...sent, parameter: [...inAddress, ...(sent.parameter ?? [])] };
  if (sent.resourceType !== type) {
    throw fault(
      'invalid',
      `The body is a ${sent.resourceType}: send Parameters, or the ${type || 'resource'} itself`,
      'resourceType',
    );
  }
  const name = type.charAt(0).toLowerCase() + type.slice(1);
  return { resourceType: 'Parameters', parameter: [...inAddress, { name, resource: sent }] };
}

/** The type of a parameter in an address, as far as the answer says it back. */
function parameterOf(name: string, value: string): ParametersParameter {
  if (/^(?:count|offset)$/.test(name) && /^\d{1,9}$/.test(value))
    return { name, valueInteger: Number(value) };
  if (/^(?:true|false)$/.test(value)) return { name, valueBoolean: value === 'true' };
  if (/^(?:url|system|targetsystem|targetSystem|sourceSystem)$/.test(name)) return { name, valueUri: value };
  if (/^coding[AB]?$/.test(name)) return { name, valueCoding: codingOf(value) };
  return { name, valueString: value };
}

/** `system|version|code` or `system|code`, as tokens are written. */
function codingOf(text: string): Coding {
  const parts = text.split('|');
  const [system, code] = [parts[0], parts.at(-1)];
  return parts.length === 1
    ? { code: text }
    : { system, code, ...(parts.length > 2 && { version: parts[1] }) };
}

function validateOne({ context }: Asked, parameters: Parameters): Parameters {
  const question = questionOf(parameters, context.request.headers['accept-language']);
  return validateCode(
    worldWith(context.definitions, question.resources, context.record.imported),
    question,
    question.resource<ValueSet>('valueSet'),
  );
}

const CLOSURE = 'Closure';
const CLOSURE_KEPT_MS = 90 * 86_400_000;

/** A table is kept for whoever made it. */
async function closure({ context, question, world }: Asked): Promise<ConceptMap> {
  const { tokens } = context.record.store;
  const name = question.text('name');
  if (name === undefined || name === '' || name.length > 64) {
    throw fault('required', '$closure needs the name of the table: up to 64 characters', 'name');
  }
  const id = JSON.stringify([context.access.caller, name]);
  const codings = question.parameters.flatMap(({ name: given, valueCoding }) =>
    given === 'concept' && valueCoding ? [valueCoding] : [],
  );
  const since = question.text('version');
  const kept = await tokens.find(CLOSURE, id, Date.now());
  const isNew = codings.length === 0 && since === undefined;
  const old: ClosureTable =
    kept && !isNew ? (JSON.parse(kept.payload) as ClosureTable) : { version: 0, codes: [] };
  const { table, answer } = close(
    world,
    name,
    old,
    codings,
    since === undefined ? undefined : Number(since) || 0,
  );
  if (table !== old)
    await tokens.put({
      model: CLOSURE,
      id,
      payload: JSON.stringify(table),
      expiresAt: Date.now() + CLOSURE_KEPT_MS,
    });
  return answer;
}
