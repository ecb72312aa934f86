/**
 * The door of all interactions: a request goes to its handler, and whatever is refused becomes an OperationOutcome. HTTP, batch entries, jobs
 * and the demo loader all come in here. https://hl7.org/fhir/R4/http.html
 */
import type { AccessContext } from '../access/context.ts';
import { FhirError, issue } from '../fhir/model/outcome.ts';
import { isObject } from '../fhir/model/tree.ts';
import { withPlaces } from '../fhir/model/text-place.ts';
import { jsonTextOf, sentResource } from './body.ts';
import { batch } from './interactions/batch.ts';
import { capabilities } from './interactions/metadata.ts';
import { history } from './interactions/history.ts';
import { read, vread } from './interactions/read.ts';
import { searchCompartment, searchSystem, searchType } from './interactions/search.ts';
import { refuseBundleType, transaction } from './interactions/transaction.ts';
import { reindexStatus, startReindex } from './operations/reindex.ts';
import { terminology } from './operations/terminology.ts';
import { validateOperation } from './operations/validate.ts';
import * as write from './interactions/write.ts';
import { maskedRecord } from './masked.ts';
import type { Context, TenantRecord } from './record.ts';
import type { FhirRequest, FhirResponse } from './request.ts';
import { outcomeResponse } from './respond.ts';
import { authorize } from './authorize.ts';
import { route, type Interaction } from './routes.ts';
import { turns } from './turns.ts';
import { withTrail } from './trail.ts';
import { newWitness, type Witness } from './told.ts';
import { notesOf } from './witness.ts';

type Handler = (context: Context, path: readonly string[]) => Promise<FhirResponse>;

/** Interaction -> handler. The path segments are those of the route's shape. */
const HANDLERS: Readonly<Record<Interaction, Handler>> = {
  capabilities: async (context) => capabilities(context),
  bundle: (context) => bundle(context),
  read: (context, [type, id]) => read(context, { type: type!, id: id! }),
  vread: (context, [type, id, , version]) => vread(context, { type: type!, id: id! }, version!),
  create: async (context, [type]) => write.create(context, type!),
  update: async (context, [type, id]) => write.update(context, type!, id!),
  'update-conditional': async (context, [type]) => write.conditionalUpdate(context, type!),
  patch: async (context, [type, id]) => write.patch(context, type!, id!),
  'patch-conditional': async (context, [type]) => write.conditionalPatch(context, type!),
  delete: async (context, [type, id]) => write.remove(context, type!, id!),
  'delete-conditional': async (context, [type]) => write.conditionalRemove(context, type!),
  'history-instance': (context, [type, id]) => history(context, { type: type!, id: id! }),
  'history-type': (context, [type]) => history(context, { type: type! }),
  'history-system': (context) => history(context, {}),
  reindex: (context) => startReindex(context),
  'reindex-status': (context) => reindexStatus(context),
  terminology: (context, path) => terminology(context, path),
  validate: (context, path) => validateOperation(context, ...path.slice(0, -1)),
  'search-type': async (context, [type]) => searchType(context, type!),
  'search-system': async (context) => searchSystem(context),
  'search-compartment': async (context, [type, id, inside]) =>
    searchCompartment(context, type!, id!, inside!),
};

export interface Answer {
  readonly response: FhirResponse;
  /** for logs and metrics: the interaction, or `unknown` when the request was refused before it had one */
  readonly interaction: Interaction | 'unknown';
  /** an error that is ours, for the log; never shown to the client */
  readonly failure?: unknown;
}

/** Answers a request. Never throws. */
export async function dispatch(
  record: TenantRecord,
  access: AccessContext,
  request: FhirRequest,
): Promise<Answer> {
  if (!record.audit.isOn) return answer(record, access, request);
  const witness = newWitness();
  const answered = await answer(record, access, request, witness);
  const { interaction, response } = answered;
  try {
    await record.audit.note(...notesOf({ request, access, witness }, interaction, response));
    return answered;
  } catch (error) {
    // What is not on record is not told.
    return { response: refusal(error, request.id), interaction, failure: failureIn(error) };
  }
}

async function answer(
  record: TenantRecord,
  access: AccessContext,
  request: FhirRequest,
  witness?: Witness,
): Promise<Answer> {
  let interaction: Interaction | 'unknown' = 'unknown';
  try {
    const plain = { ...contextOf(record, access, request), ...(witness && { witness }) };
    interaction = route(plain.definitions, request.method, request.path);
    const context = withTrail(plain, interaction, request.path);
    authorize(context, interaction, request.path);
    return { response: await HANDLERS[interaction](context, request.path), interaction };
  } catch (error) {
    return { response: refusal(located(error, request), request.id), interaction, failure: failureIn(error) };
  }
}

/** From whom something is hidden meets a record, and search parameters, without it. */
function contextOf(record: TenantRecord, access: AccessContext, request: FhirRequest): Context {
  const definitions = record.definitions();
  const { view } = access;
  if (!view) return { record, access, request, definitions };
  return { record: maskedRecord(record, view), access, request, definitions: view.definitions(definitions) };
}

/** What is refused of a text that was sent is told with line and column. A patch is no resource: its issues are about what it would make. */
function located(error: unknown, { method, body, within }: FhirRequest): unknown {
  if (!(error instanceof FhirError) || method === 'PATCH') return error;
  const text = jsonTextOf(body) ?? within?.text;
  if (text === undefined) return error;
  const root = body?.kind === 'text' || !within ? '' : `${within.place}.resource`;
  return new FhirError(error.status, withPlaces(text, error.issues, root), error.headers);
}

const failureIn = (error: unknown): unknown => (error instanceof FhirError ? undefined : error);

/** A FhirError as it is; anything else is ours to mend and shows nothing but the request id. */
export function refusal(error: unknown, requestId: string): FhirResponse {
  if (error instanceof FhirError) return outcomeResponse(error.status, error.issues, error.headers);
  return outcomeResponse(500, [
    issue('exception', `The server failed; nothing was changed. Tell the operator request id ${requestId}`),
  ]);
}

/** Letters from which on a Bundle takes its turn; how many may wait for theirs on a thread. */
const LARGE_BUNDLE = 250_000;
const MOST_WAITING = 100;
const large = turns(MOST_WAITING);

async function bundle(context: Context): Promise<FhirResponse> {
  const { body } = context.request;
  const isLarge = body?.kind === 'text' && body.text.length >= LARGE_BUNDLE;
  return isLarge ? large.take(() => readBundle(context)) : readBundle(context);
}

async function readBundle(context: Context): Promise<FhirResponse> {
  const tree = sentResource(context);
  if (tree.resourceType !== 'Bundle' || !isObject(tree)) throw refuseBundleType(tree.resourceType);
  if (tree['type'] === 'batch') return batch(context, tree, enter);
  if (tree['type'] === 'transaction') return transaction(context, tree, enter);
  throw refuseBundleType(tree['type']);
}

/** A bundle entry comes in by the same door; a bundle in a bundle does not. */
async function enter(context: Context, request: FhirRequest): Promise<FhirResponse> {
  if (request.path.length === 0 && request.method === 'POST') {
    return outcomeResponse(400, [issue('not-supported', 'An entry cannot be a batch or transaction itself')]);
  }
  return (await dispatch(context.record, context.access, request)).response;
}
