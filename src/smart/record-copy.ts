/**
 * The whole record of a patient, a resource at a time, read by FHIR interactions under the access of whoever asks.
 * https://hl7.org/fhir/R4/compartmentdefinition-patient.html
 */
import type { AccessContext } from '../access/context.ts';
import { parseJson, stringifyJson } from '../fhir/model/json.ts';
import { isObject, type JsonObject } from '../fhir/model/tree.ts';
import { dispatch } from '../rest/dispatch.ts';
import type { TenantRecord } from '../rest/record.ts';
import type { FhirResponse } from '../rest/request.ts';

export interface CopyOf {
  readonly record: TenantRecord;
  readonly access: AccessContext;
  readonly baseUrl: string;
  readonly patient: string;
  readonly requestId: string;
}

export interface CopiedResource {
  readonly type: string;
  readonly url: string;
  /** JSON text in UTF-8; decimals as they were sent */
  readonly bytes: Uint8Array;
}

const PAGE = '200';

/** The patient first, then all of the compartment, a page held at a time. Throws when the record cannot be read to its end. */
export async function* recordCopy(of: CopyOf): AsyncGenerator<CopiedResource> {
  const { baseUrl, patient } = of;
  const own = await get(of, ['Patient', patient], []);
  yield copied(own, baseUrl);
  let query: readonly (readonly [string, string])[] | undefined = [['_count', PAGE]];
  while (query) {
    const bundle: JsonObject = await get(of, ['Patient', patient, '*'], query);
    for (const { resource, search } of entriesOf(bundle)) {
      const isSame = resource['resourceType'] === 'Patient' && resource['id'] === patient;
      if (search !== 'outcome' && !isSame) yield copied(resource, baseUrl);
    }
    query = nextOf(bundle);
  }
}

async function get(
  { record, access, baseUrl, requestId }: CopyOf,
  path: readonly string[],
  query: readonly (readonly [string, string])[],
): Promise<JsonObject> {
  const request = { method: 'GET', path, query, headers: {}, baseUrl, id: requestId } as const;
  const { response, failure } = await dispatch(record, access, request);
  if (response.status !== 200) throw new Error('the record could not be read', { cause: failure });
  return treeOf(response);
}

function treeOf({ body }: FhirResponse): JsonObject {
  if (body?.kind === 'tree') return body.tree;
  const bytes = body?.kind === 'bytes' ? [body.bytes] : (body?.pieces ?? []);
  const tree = parseJson(Buffer.concat(bytes).toString('utf8'));
  if (!isObject(tree)) throw new TypeError('the answer is no resource');
  return tree;
}

function entriesOf({ entry }: JsonObject): readonly { resource: JsonObject; search: string | undefined }[] {
  if (!Array.isArray(entry)) return [];
  return entry.filter(isObject).flatMap(({ resource, search }) => {
    const mode = isObject(search) && typeof search['mode'] === 'string' ? search['mode'] : undefined;
    return isObject(resource) ? [{ resource, search: mode }] : [];
  });
}

function nextOf({ link }: JsonObject): readonly (readonly [string, string])[] | undefined {
  const links = Array.isArray(link) ? link.filter(isObject) : [];
  const url = links.find(({ relation }) => relation === 'next')?.['url'];
  return typeof url === 'string' ? [...new URL(url).searchParams] : undefined;
}

function copied(resource: JsonObject, baseUrl: string): CopiedResource {
  const type = String(resource['resourceType']);
  const url = `${baseUrl}/${type}/${String(resource['id'])}`;
  return { type, url, bytes: Buffer.from(stringifyJson(resource)) };
}
