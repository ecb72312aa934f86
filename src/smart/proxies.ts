/**
 * Who may act for a patient: RelatedPersons of theirs that someone can sign in as. Ending it makes the RelatedPerson inactive, which every request of such
 * a person asks for (`access/realms.ts`), and takes the patient's record back from the apps that they let in. https://hl7.org/fhir/R4/relatedperson.html
 */
import type { Who } from '../access/audit/note.ts';
import { OPEN_ACCESS, type AccessContext } from '../access/context.ts';
import { isObject, type JsonObject, type JsonValue } from '../fhir/model/tree.ts';
import { dispatch } from '../rest/dispatch.ts';
import type { TenantRecord } from '../rest/record.ts';
import { JSON_PATCH } from '../rest/body.ts';
import { accountsAs } from './accounts.ts';
import { endAgreement, livingAgreements } from './agreements.ts';
import { ask, type ChartOptions } from './record-chart.ts';

export interface Proxy {
  /** bare id of the RelatedPerson */
  readonly id: string;
  readonly name: string;
  readonly relation?: string;
  /** FHIR dates */
  readonly since?: string;
  readonly until?: string;
}

export interface ProxyBook {
  readonly record: TenantRecord;
  readonly baseUrl: string;
  /** who looks or changes, for the trail */
  readonly who: Who;
}

const MOST = '100';
const INACTIVE = JSON.stringify([{ op: 'add', path: '/active', value: false }]);

export async function proxiesOf(book: ProxyBook, patient: string, now: number): Promise<readonly Proxy[]> {
  const query = [
    ['patient', patient],
    ['_count', MOST],
  ] as const;
  const bundle = await ask(chartOf(book), {}, ['RelatedPerson'], query);
  const entries = Array.isArray(bundle?.['entry']) ? bundle['entry'].filter(isObject) : [];
  const related = entries.flatMap(({ resource }) => (isObject(resource) ? [resource] : []));
  const proxies = await Promise.all(
    related.filter((one) => isActive(one, now)).map((one) => proxyOf(book.record, one, now)),
  );
  return proxies.filter((one) => one !== undefined);
}

/** In the name of the server, which keeps the book of proxies; the trail names who asked. */
function asServer(who: Who): AccessContext {
  return { ...OPEN_ACCESS, who };
}

const chartOf = ({ record, baseUrl, who }: ProxyBook): ChartOptions => ({
  record: async () => record,
  access: async () => asServer(who),
  baseUrl,
});

function isActive({ active, period }: JsonObject, now: number): boolean {
  if (active === false) return false;
  const end = isObject(period) ? period['end'] : undefined;
  return typeof end !== 'string' || end >= new Date(now).toISOString().slice(0, end.length);
}

async function proxyOf(
  { store }: TenantRecord,
  related: JsonObject,
  now: number,
): Promise<Proxy | undefined> {
  const id = String(related['id']);
  const accounts = await accountsAs(store.tokens, `RelatedPerson/${id}`, now);
  const account = accounts.find(({ disabled }) => !disabled);
  if (!account) return undefined;
  const { relationship, period } = related;
  const relation = firstText(relationship);
  const { start, end } = isObject(period) ? period : ({} as JsonObject);
  return {
    id,
    name: account.name,
    ...(relation !== undefined && { relation }),
    ...(typeof start === 'string' && { since: start }),
    ...(typeof end === 'string' && { until: end }),
  };
}

function firstText(concepts: JsonValue | undefined): string | undefined {
  const first = Array.isArray(concepts) ? concepts[0] : undefined;
  if (!isObject(first)) return undefined;
  const coding = Array.isArray(first['coding']) ? first['coding'][0] : undefined;
  const said = first['text'] ?? (isObject(coding) ? coding['display'] : undefined);
  return typeof said === 'string' ? said.toLowerCase() : undefined;
}

/** False: there is no such RelatedPerson of this patient, or it was over already. */
export async function endProxy(book: ProxyBook, patient: string, id: string, now: number): Promise<boolean> {
  const { record, baseUrl, who } = book;
  const known = await proxiesOf(book, patient, now);
  if (!known.some((one) => one.id === id)) return false;
  const request = {
    method: 'PATCH',
    path: ['RelatedPerson', id],
    query: [],
    headers: {},
    body: { kind: 'text', mediaType: JSON_PATCH, text: INACTIVE },
    baseUrl,
    id: `end-proxy-${id}`,
  } as const;
  const { response, failure } = await dispatch(record, asServer(who), request);
  if (response.status >= 300) throw new Error('the related person could not be changed', { cause: failure });
  const { tokens } = record.store;
  const given = await livingAgreements(tokens, { patient }, now);
  for (const { grantId, extra } of given)
    if (extra.fhirUser === `RelatedPerson/${id}`) await endAgreement(tokens, grantId);
  return true;
}
