/**
 * One thing that happened, as small as it can be kept; the trail tells it as a FHIR AuditEvent. What a person typed into a search is part of it: a
 * note is PHI, and stands nowhere but in the trail. https://profiles.ihe.net/ITI/BALP/
 */

/** FHIR interactions by their own names, and what happens around them. */
export type Happening =
  | 'read'
  | 'vread'
  | 'search'
  | 'history'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'operation'
  | 'sign-in'
  | 'sign-out'
  | 'step-up'
  | 'consent'
  | 'token'
  | 'introspection'
  | 'revocation'
  | 'registration'
  | 'administration'
  | 'export';

/** Who asks: the person, the app, and the launch or session by which they came. */
export interface Who {
  /** `open`: `ACCESS=open`; `server`: what the server does by itself */
  readonly kind: 'person' | 'service' | 'open' | 'server' | 'nobody';
  readonly clientId?: string;
  /** id of the account */
  readonly accountId?: string;
  /** `Practitioner/123` */
  readonly fhirUser?: string;
  /** the patient in context: a bare id */
  readonly patient?: string;
  /** the grant that the token comes from: what a revocation ends */
  readonly grantId?: string;
  /** uid of the browser session */
  readonly session?: string;
  /** name of the account, where one was tried that is not there */
  readonly name?: string;
}

/** Who has shown no token, or none that is good. */
export const NOBODY: Who = Object.freeze({ kind: 'nobody' });
/** What the server does by itself. */
export const SERVER: Who = Object.freeze({ kind: 'server' });

export interface AuditNote {
  /** ms since 1970 */
  readonly at: number;
  readonly happening: Happening;
  readonly outcome: 'done' | 'refused' | 'failed';
  readonly who: Who;
  readonly requestId: string;
  /** `Patient/1/_history/2`, a hundred at most: what names more is told by several notes (`split`) */
  readonly what?: readonly string[];
  /** the query as it was understood, as text */
  readonly query?: string;
  /** bare ids of the patients that it concerns */
  readonly patients?: readonly string[];
  /** of each of `what`, the places in `patients` of those whom it concerns; absent where there is one patient, who is concerned by all of it */
  readonly of?: readonly (readonly number[])[];
  /** purpose of use, a code of http://terminology.hl7.org/CodeSystem/v3-ActReason */
  readonly purpose?: string;
  /** why it was refused, or why it was done where a person gave a reason */
  readonly reason?: string;
  /** the rule of access that allowed or refused it */
  readonly rule?: string;
  /** what else is worth knowing, by name: `address`, `scope`, `app` */
  readonly detail?: Readonly<Record<string, string>>;
}

/** What of the trail someone may read: all of it, or what concerns these patients (bare ids). */
export type TrailGrant = 'all' | readonly string[];
