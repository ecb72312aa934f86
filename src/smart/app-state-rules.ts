/** What an app state may look like, and which token may touch it. https://hl7.org/fhir/smart-app-launch/STU2.2/app-state.html#managing-app-state-cruds */
import type { AccessTokenPayload } from '../access/access-token.ts';
import { parseScopes, type ResourceScope } from '../access/scopes.ts';

export interface StateResource {
  readonly resourceType: 'Basic';
  readonly id?: string;
  readonly meta?: { readonly versionId?: string };
  readonly subject?: { readonly reference?: string };
  readonly code: { readonly coding: readonly { readonly system?: string; readonly code?: string }[] };
  readonly extension?: readonly { readonly url: string; readonly valueString: string }[];
}

export interface StateFault {
  readonly status: number;
  readonly code: string;
  readonly fault: string;
}

const MEMBERS = ['resourceType', 'id', 'meta', 'subject', 'code', 'extension'];
const SUBJECTS = ['Patient', 'Practitioner', 'PractitionerRole', 'RelatedPerson', 'Person'];

/** The state that a text is; every member that is not kept is refused rather than lost. */
export function checkState(text: string, base: string): { readonly state: StateResource } | StateFault {
  const sent = parsed(text);
  if (!sent || sent['resourceType'] !== 'Basic')
    return invalid('The body must be one Basic resource as JSON');
  const unknown = Object.keys(sent).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) return invalid(`Basic.${unknown.slice(0, 40)} is not kept here: leave it out`);
  const fault =
    codeFault(sent['code']) ?? subjectFault(sent['subject'], base) ?? extensionFault(sent['extension']);
  return fault === undefined ? { state: sent as unknown as StateResource } : invalid(fault);
}

const invalid = (fault: string): StateFault => ({ status: 400, code: 'invalid', fault });

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function codeFault(code: unknown): string | undefined {
  const coding = isRecord(code) ? code['coding'] : undefined;
  const isOne = Array.isArray(coding) && coding.length === 1 && isRecord(coding[0]);
  if (!isOne) return 'Basic.code.coding must hold one Coding';
  const [{ system, code: value }] = coding as [Record<string, unknown>];
  const isText =
    typeof value === 'string' && value !== '' && (system === undefined || typeof system === 'string');
  return isText ? undefined : 'Basic.code.coding needs a code, and a system that is a text';
}

function subjectFault(subject: unknown, base: string): string | undefined {
  if (subject === undefined) return undefined;
  const reference = isRecord(subject) ? subject['reference'] : undefined;
  const [type = '', id = '', ...rest] =
    typeof reference === 'string' && reference.startsWith(`${base}/`)
      ? reference.slice(base.length + 1).split('/')
      : [];
  const isRight = SUBJECTS.includes(type) && /^[A-Za-z0-9\-.]{1,64}$/.test(id) && rest.length === 0;
  return isRight
    ? undefined
    : `Basic.subject.reference must be absolute: ${base}/ and one of ${SUBJECTS.join(', ')} with its id`;
}

function extensionFault(extensions: unknown): string | undefined {
  if (extensions === undefined) return undefined;
  const isRight =
    Array.isArray(extensions) &&
    extensions.every(
      (one) =>
        isRecord(one) &&
        typeof one['url'] === 'string' &&
        typeof one['valueString'] === 'string' &&
        Object.keys(one).length === 2,
    );
  return isRight ? undefined : 'Basic.extension may hold url and valueString alone';
}

/** `subject`: absolute, undefined for the state of the app as a whole; `code`: `system|code`. */
export interface StateAsked {
  readonly subject: string | undefined;
  readonly code: string;
  /** of `cruds` */
  readonly letter: string;
  readonly base: string;
  /** an operator is signed in: state of the whole place is theirs to change */
  readonly isOperator: boolean;
}

export function stateAllowed({ scope = '', extra }: AccessTokenPayload, asked: StateAsked): boolean {
  const about = (reference: string | undefined): boolean =>
    reference !== undefined && asked.subject === `${asked.base}/${reference}`;
  const patient = extra?.patient === undefined ? undefined : `Patient/${extra.patient}`;
  return parseScopes(scope).some((one) => {
    if (one.kind !== 'resource' || !names(one, asked)) return false;
    if (one.level === 'system') return true;
    if (asked.subject === undefined)
      return asked.letter === 's' || (one.level === 'user' && asked.isOperator);
    return about(patient) || (one.level === 'user' && about(extra?.fhirUser));
  });
}

/** `patient/*` does not mean app state: it has to be asked for by name. A filter other than by code lets nothing through. */
function names(scope: ResourceScope, { letter, code }: StateAsked): boolean {
  if (scope.type !== 'Basic' && (scope.type !== '*' || scope.level === 'patient')) return false;
  return (
    scope.letters.includes(letter) && scope.query.every(([name, value]) => name === 'code' && value === code)
  );
}
