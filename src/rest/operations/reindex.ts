/**
 * `$reindex`: GET tells how far the index is, POST has everything indexed anew in the background. An operation of this server.
 * https://hl7.org/fhir/R4/operations.html
 */
import { scopesOf } from '../../access/context.ts';
import { fault, issue } from '../../fhir/model/outcome.ts';
import type { JsonObject } from '../../fhir/model/tree.ts';
import { forgetIndex } from '../index-state.ts';
import type { Context } from '../record.ts';
import { progressName } from '../reindex.ts';
import type { FhirResponse } from '../request.ts';
import { outcomeResponse } from '../respond.ts';

/** How far it is, as Parameters: `complete`, and while it is not, `pending` (one each), `done` and `of` in versions looked at. */
export async function reindexStatus(context: Context): Promise<FhirResponse> {
  await requireOperator(context);
  const { store } = context.record;
  const pending = context.record.pending();
  const [done, all] = await Promise.all([store.feed.cursor(progressName(pending)), store.feed.last()]);
  const parameter: JsonObject[] = [{ name: 'complete', valueBoolean: pending.length === 0 }];
  if (pending.length > 0) {
    parameter.push(...pending.map(({ title }) => ({ name: 'pending', valueString: title })));
    parameter.push({ name: 'done', valueDecimal: done }, { name: 'of', valueDecimal: all });
  }
  return {
    status: 200,
    headers: {},
    body: { kind: 'tree', tree: { resourceType: 'Parameters', parameter } },
  };
}

export async function startReindex(context: Context): Promise<FhirResponse> {
  await requireOperator(context);
  await forgetIndex(context.record.store);
  context.record.written(new Set(['SearchParameter']));
  const text = 'Everything will be indexed anew in the background. GET $reindex tells how far it is';
  const headers = { 'content-location': `${context.request.baseUrl}/$reindex` };
  return outcomeResponse(
    202,
    [{ ...issue('value', text), severity: 'information', code: 'informational' }],
    headers,
  );
}

/** Whoever may change any SearchParameter may do this. */
async function requireOperator({ access }: Context): Promise<void> {
  const scope = await scopesOf(access, 'update', ['SearchParameter']);
  if (scope('SearchParameter').op !== 'all')
    throw fault('forbidden', '$reindex is for those who may change every SearchParameter');
}
