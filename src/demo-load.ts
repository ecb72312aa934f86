/**
 * Loads the demo records through the same door as every other write, one transaction a patient. It can be cut off at any moment and goes on at
 * the next start: the records have fixed ids, and loading one twice changes nothing.
 */
import { OPEN_ACCESS } from './access/context.ts';
import { progress } from './telemetry/progress.ts';
import type { Config } from './config.ts';
import { demoRecords } from './demo/records.ts';
import { BEGUN, COMPLETE, DEMO_SEED } from './demo-wanted.ts';
import type { JsonObject } from './fhir/model/tree.ts';
import { dispatch } from './rest/dispatch.ts';
import type { TenantRecord } from './rest/record.ts';

/** Loads all records. Throws when one is refused: the demo is made to be valid. */
export async function loadDemo(record: TenantRecord, config: Config, signal: AbortSignal): Promise<void> {
  await record.store.feed.advance(BEGUN, 0, 1);
  const bar = progress('Loading the demo', config.demoPatients);
  let done = 0;
  for (const bundle of demoRecords({ patients: config.demoPatients, seed: DEMO_SEED })) {
    if (signal.aborted) return bar.stop();
    await load(record, bundle as unknown as JsonObject, config.publicUrl);
    if (bundle.entry?.some(({ resource }) => resource?.resourceType === 'Patient')) bar.update(++done);
    // Leaves the thread to the requests of others between two records.
    await new Promise((resolve) => setImmediate(resolve));
  }
  bar.stop();
  await record.store.feed.advance(COMPLETE, 0, 1);
}

async function load(record: TenantRecord, tree: JsonObject, publicUrl: string): Promise<void> {
  const { response } = await dispatch(record, OPEN_ACCESS, {
    method: 'POST',
    path: [],
    query: [],
    headers: { prefer: 'return=minimal' },
    body: { kind: 'tree', tree },
    baseUrl: `${publicUrl}/fhir`,
    id: 'demo',
  });
  if (response.status === 200) return;
  const body = response.body?.kind === 'tree' ? JSON.stringify(response.body.tree).slice(0, 500) : '';
  throw new Error(`a demo record was refused with ${response.status}: ${body}`);
}
