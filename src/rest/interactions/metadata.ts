/** capabilities: GET /metadata in its three modes. https://hl7.org/fhir/R4/http.html#capabilities */
import base from '../../../capability-statement/base.json' with { type: 'json' };
import { stringifyJson } from '../../fhir/model/json.ts';
import { fault } from '../../fhir/model/outcome.ts';
import type { JsonObject } from '../../fhir/model/tree.ts';
import { lastValue } from '../query.ts';
import type { Context } from '../record.ts';
import type { FhirResponse } from '../request.ts';
import { capabilityStatement } from './capabilities.ts';

const MODES = ['full', 'normative', 'terminology'] as const;
/** `date` of the statement: when this process began to claim it. */
const STARTED = new Date().toISOString();

export function capabilities(context: Context): FhirResponse {
  const asked = lastValue(context.request.query, 'mode') ?? 'full';
  const mode = MODES.find((one) => one === asked);
  if (!mode) throw fault('value', `mode is "${asked.slice(0, 40)}": give one of ${MODES.join(', ')}`, 'mode');
  const { baseUrl } = context.request;
  const { version, conditionalDelete, referentialIntegrity } = context.record.rules;
  const { security } = context.record;
  const options = {
    baseUrl,
    ...(security && { security }),
    date: STARTED,
    version,
    mode,
    conditionalDelete,
    referentialIntegrity,
  };
  const bytes = bytesOf(capabilityStatement(base, context.definitions, options));
  return { status: 200, headers: {}, body: { kind: 'bytes', bytes } };
}

const written = new WeakMap<JsonObject, Uint8Array>();

/** A statement is half a megabyte and always the same: it is written once. */
function bytesOf(statement: JsonObject): Uint8Array {
  let bytes = written.get(statement);
  if (!bytes) written.set(statement, (bytes = Buffer.from(stringifyJson(statement))));
  return bytes;
}
