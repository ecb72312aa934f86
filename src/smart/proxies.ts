/**
 * Who may act for a patient: RelatedPersons in force (`access/policy/proxies.ts`) whom someone can sign in as. Ending it makes the RelatedPerson inactive,
 * which every request of such a person asks for, and takes the patient's record back from the apps that they let in.
 * https://hl7.org/fhir/R4/relatedperson.html
 */
import type { Who } from '../access/audit/note.ts';
import { OPEN_ACCESS } from '../access/context.ts';
import { proxiesOf as relatedOf } from '../access/policy/proxies.ts';
import { JSON_PATCH } from '../rest/body.ts';
import { dispatch } from '../rest/dispatch.ts';
import type { TenantRecord } from '../rest/record.ts';
import { accountsAs } from './accounts.ts';
import { endAgreement, livingAgreements } from './agreements.ts';

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
  /** who changes it, for the trail */
  readonly who: Who;
}

const INACTIVE = JSON.stringify([{ op: 'add', path: '/active', value: false }]);

/** A contact in the record whom no one can sign in as acts for nobody. */
export async function proxiesOf(
  { store }: TenantRecord,
  patient: string,
  now: number,
): Promise<readonly Proxy[]> {
  const related = (await relatedOf(store, patient, now)).filter(({ isInForce }) => isInForce);
  const proxies = await Promise.all(
    related.map(async ({ id, name, relationship, from, until }) => {
      const accounts = await accountsAs(store.tokens, `RelatedPerson/${id}`, now);
      const account = accounts.find(({ disabled }) => !disabled);
      if (!account) return [];
      const proxy: Proxy = {
        id,
        name: account.name || name,
        ...(relationship !== undefined && { relation: relationship.toLowerCase() }),
        ...(from !== undefined && { since: from }),
        ...(until !== undefined && { until }),
      };
      return [proxy];
    }),
  );
  return proxies.flat();
}

/** In the name of the server, which keeps the book of proxies. False: there is no such proxy of this patient, or it was over already. */
export async function endProxy(
  { record, baseUrl, who }: ProxyBook,
  patient: string,
  id: string,
  now: number,
): Promise<boolean> {
  const known = await proxiesOf(record, patient, now);
  if (!known.some((one) => one.id === id)) return false;
  const request = {
    method: 'PATCH',
    path: ['RelatedPerson', id],
    query: [],
    headers: {},
    body: { kind: 'text', mediaType: JSON_PATCH, text: INACTIVE },
    baseUrl,
    id: crypto.randomUUID(),
  } as const;
  const { response, failure } = await dispatch(record, { ...OPEN_ACCESS, who }, request);
  if (response.status >= 300) throw new Error('the related person could not be changed', { cause: failure });
  const { tokens } = record.store;
  const given = await livingAgreements(tokens, { patient }, now);
  for (const { grantId, extra } of given)
    if (extra.fhirUser === `RelatedPerson/${id}`) await endAgreement(tokens, grantId);
  return true;
}
