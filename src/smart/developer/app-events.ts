/**
 * What an app did here, one event a request to the authorization server or to FHIR, and the same as a row that says what was sent, what was expected,
 * the rule and the fix. Outside of the demo a row names parameters and never their values: those are PHI.
 */
import type { Issue } from '../../fhir/model/outcome.ts';
import type { SmartEvent } from '../events.ts';
import { problemView } from '../explain.ts';
import type { ProblemView } from '../pages.ts';

/** A request to the FHIR server that came with a token. */
export interface FhirEvent {
  readonly at: number;
  readonly method: string;
  readonly interaction: string;
  /** decoded path segments below the FHIR base */
  readonly path: readonly string[];
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly status: number;
  /** of a refusal */
  readonly issues: readonly Issue[];
  readonly requestId: string;
}

export type AppEvent =
  | { readonly at: number; readonly kind: 'oauth'; readonly event: SmartEvent }
  | { readonly at: number; readonly kind: 'fhir'; readonly event: FhirEvent };

/** One line of the log. */
export interface AppEventRow {
  readonly at: number;
  /** `Token request`, `GET Observation?patient=…` */
  readonly request: string;
  readonly outcome: 'done' | 'refused' | 'failed';
  /** HTTP status or OAuth error code */
  readonly code?: string;
  /** the true reason in a sentence */
  readonly reason?: string;
  readonly detail?: ProblemView['detail'];
  readonly requestId: string;
}

const ENDPOINTS: Readonly<Record<SmartEvent['endpoint'], string>> = {
  authorize: 'Authorization request',
  interaction: 'Page of a launch',
  token: 'Token request',
  introspect: 'Introspection',
  revoke: 'Revocation',
  register: 'Registration',
  userinfo: 'UserInfo',
  'app-state': 'App state',
};

/** `tellsValues`: the records are invented, so what was asked may be shown. */
export function rowOf(event: AppEvent, tellsValues: boolean): AppEventRow {
  return event.kind === 'oauth' ? oauthRow(event.event) : fhirRow(event.event, tellsValues);
}

function oauthRow({
  at,
  endpoint,
  outcome,
  error,
  description,
  detail,
  problem,
  requestId,
}: SmartEvent): AppEventRow {
  const words = problem && problem.kind !== 'other' ? problemView(problem, requestId) : undefined;
  const reason = detail ?? description ?? words?.sentence;
  return {
    at,
    request: ENDPOINTS[endpoint],
    outcome,
    requestId,
    ...(error !== undefined && { code: error }),
    ...(reason !== undefined && { reason }),
    ...(words?.detail && { detail: words.detail }),
    ...(!words?.detail && error !== undefined && { detail: knownFault(error, detail ?? description) }),
  };
}

const SMART = 'https://hl7.org/fhir/smart-app-launch/STU2.2';
const ERRORS = 'https://www.rfc-editor.org/rfc/rfc6749#section-5.2';

/** OAuth error code -> what to do and the rule behind it, where the problem has no words of its own. */
const FIXES: Readonly<Record<string, readonly [fix: string, rule: string, url: string]>> = {
  invalid_client: [
    'Send the client_id and the credential that the app was registered with, in the way it was registered for (token_endpoint_auth_method).',
    'Client authentication at the token endpoint',
    `${SMART}/app-launch.html#obtain-access-token`,
  ],
  invalid_grant: [
    'Send a code or refresh token once and soon, with the redirect_uri and code_verifier of the same request. After an error begin a new launch.',
    'A code and a refresh token are good once',
    ERRORS,
  ],
  invalid_scope: [
    'Ask for scopes that the app is registered for, spelt level/Type.letters with the letters in the order c r u d s.',
    'Scopes for requesting FHIR resources',
    `${SMART}/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources`,
  ],
  access_denied: [
    'Nothing to mend: the person said no, or unticked what the app cannot do without. Say why it is needed, and let them try again.',
    'The user may refuse',
    'https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1',
  ],
  unauthorized_client: ['Register the app for this grant type.', 'Grant types of a client', ERRORS],
};

function knownFault(error: string, said: string | undefined): NonNullable<ProblemView['detail']> {
  const [fix, text, url] = FIXES[error] ?? [
    said ?? 'Look at the description of the error.',
    'OAuth 2.0, error response',
    ERRORS,
  ];
  return { fix, rule: { text, url } };
}

function fhirRow(event: FhirEvent, tellsValues: boolean): AppEventRow {
  const { at, method, status, issues, requestId } = event;
  const first = issues.find(({ severity }) => severity === 'error' || severity === 'fatal');
  const detail = status < 400 ? undefined : fhirFault(status, first, tellsValues);
  return {
    at,
    request: `${method} ${addressOf(event, tellsValues)}`,
    outcome: status < 400 ? 'done' : status < 500 ? 'refused' : 'failed',
    code: String(status),
    requestId,
    ...(first && {
      reason: tellsValues ? first.diagnostics : (REASONS[status] ?? 'The request was refused'),
    }),
    ...(detail && { detail }),
  };
}

/** `Observation?patient=…&code=…`; an id is a value too. */
function addressOf({ path, query }: FhirEvent, tellsValues: boolean): string {
  const segments = path.map((one, at) => (tellsValues || at === 0 || /^[_$]/.test(one) ? one : '…'));
  const names = query.map(([name, value]) => `${name}=${tellsValues ? value : '…'}`);
  const address = segments.join('/') || '/';
  return names.length > 0 ? `${address}?${names.join('&')}` : address;
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'The request cannot be understood',
  401: 'The access token is not accepted',
  403: 'The token lacks a scope for this',
  404: 'There is no such resource, or this token does not reach it',
  409: 'It meets something that is there already',
  410: 'The resource was deleted',
  412: 'The version or condition that was named does not hold',
  413: 'The request is too large',
  415: 'The content type is none that this server reads',
  422: 'The resource breaks a rule of FHIR or of a profile',
  429: 'Too many requests at a time',
};

/** HTTP status -> what to do, and the rule. */
const FHIR_FIXES: Readonly<Record<number, readonly [fix: string, rule: string, url: string]>> = {
  401: [
    'Get a new access token: by the refresh token, or by a new launch. Send it as "Authorization: Bearer …" and nowhere else.',
    'Using a bearer token',
    'https://www.rfc-editor.org/rfc/rfc6750#section-2.1',
  ],
  403: [
    'Ask for the scope that the OperationOutcome names, and look at scope in the token response: people may take parts away.',
    'Scopes for requesting FHIR resources',
    `${SMART}/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources`,
  ],
  404: [
    'Look at the token below "Inspect a token": which patient is in context, and which scopes it holds. What it does not reach looks like what is not there.',
    'Reading a resource',
    'https://hl7.org/fhir/R4/http.html#read',
  ],
};

function fhirFault(
  status: number,
  first: Issue | undefined,
  tellsValues: boolean,
): NonNullable<ProblemView['detail']> {
  const [fix, text, url] = FHIR_FIXES[status] ?? [
    'Read the OperationOutcome of the answer: it names the place, the fault and the remedy.',
    'OperationOutcome',
    'https://hl7.org/fhir/R4/operationoutcome.html',
  ];
  const place = first?.expression?.[0];
  return { fix, rule: { text, url }, ...(tellsValues && place !== undefined && { sent: place }) };
}
