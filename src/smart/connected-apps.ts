/**
 * Agreements as a person thinks of them: an app that was let in, by all its launches by one person about one record. Ending or narrowing it does so to all.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/best-practices.html
 */
import { parseScope } from '../access/scopes.ts';
import type { TokenStore } from '../store/ports.ts';
import { endAgreement, livingAgreements, narrowAgreement, type LivingAgreement } from './agreements.ts';
import { narrow } from './permissions.ts';

export interface Connection {
  /** of its newest agreement */
  readonly id: string;
  readonly grantIds: readonly string[];
  readonly accountId: string;
  readonly clientId: string;
  /** the patient in context */
  readonly patient: string | undefined;
  /** `RelatedPerson/1`: who let it in */
  readonly fhirUser: string | undefined;
  /** all that any of its agreements allows */
  readonly scopes: readonly string[];
  /** ms since 1970 */
  readonly since: number;
  /** undefined: until it is stopped */
  readonly until: number | undefined;
  readonly online: boolean;
}

/** Beyond this an end is no end that a person chose. */
const FAR_MS = 5 * 365 * 86_400_000;

/** Whose connections: those that a person made, and with `patient` also those that others made who act for that patient. */
export interface Whose {
  readonly accountId: string;
  readonly patient?: string;
}

/** Newest first. */
export async function connectionsOf(
  tokens: TokenStore,
  { accountId, patient }: Whose,
  now: number,
): Promise<readonly Connection[]> {
  const own = await livingAgreements(tokens, { accountId }, now);
  const about = patient === undefined ? [] : await livingAgreements(tokens, { patient }, now);
  const others = about.filter((one) => one.accountId !== accountId && isByProxy(one));
  return connected([...own, ...others], now);
}

const isByProxy = ({ extra }: LivingAgreement): boolean =>
  extra.fhirUser?.startsWith('RelatedPerson/') === true;

/** Agreements, newest first, by app, person and record. */
export function connected(agreements: readonly LivingAgreement[], now: number): readonly Connection[] {
  const groups = Map.groupBy(agreements, ({ accountId, clientId, extra }) =>
    JSON.stringify([accountId, clientId, extra.patient]),
  );
  return [...groups.values()].map((group) => connection(group, now)).sort((a, b) => b.since - a.since);
}

function connection(group: readonly LivingAgreement[], now: number): Connection {
  const newest = group[0]!;
  const ends = Math.max(...group.map(({ endsAt }) => endsAt ?? Infinity));
  return {
    id: newest.grantId,
    grantIds: group.map(({ grantId }) => grantId),
    accountId: newest.accountId,
    clientId: newest.clientId,
    patient: newest.extra.patient,
    fhirUser: newest.extra.fhirUser,
    scopes: [...new Set(group.flatMap(({ scope }) => scope.split(' ')))],
    since: Math.min(...group.map(({ madeAt }) => madeAt)),
    until: ends > now + FAR_MS ? undefined : ends,
    online: group.every(({ online }) => online),
  };
}

/** False: nothing of it was there any more. */
export async function endConnection(tokens: TokenStore, { grantIds }: Connection): Promise<boolean> {
  const ended = await Promise.all(grantIds.map((grantId) => endAgreement(tokens, grantId)));
  return ended.includes(true);
}

/** What is left of the scopes when only these values of checkboxes are ticked; undefined: nothing that shows anything of a record. */
export function leftOf({ scopes }: Connection, ticked: readonly string[]): readonly string[] | undefined {
  const left = narrow(scopes, ticked);
  const shows = (texts: readonly string[]): boolean =>
    texts.some((one) => parseScope(one)?.kind === 'resource');
  return shows(scopes) && !shows(left) ? undefined : left;
}

/** False: nothing of it was there any more. */
export async function narrowConnection(
  tokens: TokenStore,
  { grantIds }: Connection,
  scopes: readonly string[],
  now: number,
): Promise<boolean> {
  const cut: boolean[] = [];
  for (const grantId of grantIds) cut.push(await narrowAgreement(tokens, grantId, scopes, now));
  return cut.includes(true);
}
