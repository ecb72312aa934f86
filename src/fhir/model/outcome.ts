/**
 * Faults and OperationOutcomes: every refusal of the program is a FhirError made here, and one table gives its HTTP status.
 * https://hl7.org/fhir/R4/operationoutcome.html, https://hl7.org/fhir/R4/http.html#Status-Codes
 */

/** One issue of an OperationOutcome. `expression` is a FHIRPath to the element at fault, e.g. `Patient.name[0].given`. */
export interface Issue {
  readonly severity: 'fatal' | 'error' | 'warning' | 'information';
  readonly code: string;
  readonly diagnostics: string;
  readonly expression?: readonly string[];
  /** where the element stands in the text that was sent, from 1 */
  readonly place?: { readonly line: number; readonly column: number };
}

/** fault name -> [HTTP status, issue code of http://hl7.org/fhir/issue-type]. The names are ours, the codes FHIR's. */
export const FAULTS = {
  /** text that is not JSON, XML, a patch document, a date … */
  syntax: [400, 'structure'],
  /** a resource, parameter or header whose shape or content is wrong */
  invalid: [400, 'invalid'],
  required: [400, 'required'],
  value: [400, 'value'],
  'unknown-element': [400, 'structure'],
  'unknown-parameter': [400, 'not-supported'],
  'not-supported': [400, 'not-supported'],
  'too-costly': [400, 'too-costly'],
  login: [401, 'login'],
  forbidden: [403, 'forbidden'],
  'unknown-type': [404, 'not-supported'],
  'unknown-interaction': [404, 'not-supported'],
  'not-found': [404, 'not-found'],
  method: [405, 'not-supported'],
  'not-acceptable': [406, 'not-supported'],
  conflict: [409, 'conflict'],
  /** a delete that would leave a reference without its target */
  referenced: [409, 'conflict'],
  gone: [410, 'deleted'],
  precondition: [412, 'conflict'],
  'multiple-matches': [412, 'multiple-matches'],
  'too-large': [413, 'too-long'],
  'media-type': [415, 'not-supported'],
  'business-rule': [422, 'business-rule'],
  invariant: [422, 'invariant'],
  /** a local reference to a resource that is not there */
  dangling: [422, 'not-found'],
  throttled: [429, 'throttled'],
  exception: [500, 'exception'],
  busy: [503, 'transient'],
  timeout: [503, 'timeout'],
} as const satisfies Record<string, readonly [number, string]>;

export type Fault = keyof typeof FAULTS;

/** A refusal. `status` is that of the first issue; `headers` go out with the answer (e.g. Retry-After, Allow). */
export class FhirError extends Error {
  readonly status: number;
  readonly issues: readonly Issue[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, issues: readonly Issue[], headers: Readonly<Record<string, string>> = {}) {
    super(issues.map((one) => one.diagnostics).join('; '));
    this.name = 'FhirError';
    this.status = status;
    this.issues = issues;
    this.headers = headers;
  }
}

/** An issue of severity error for a fault. `text` says what was wrong and what would be right. */
export function issue(fault: Fault, text: string, ...expression: string[]): Issue {
  const base = { severity: 'error', code: FAULTS[fault][1], diagnostics: text } as const;
  return expression.length > 0 ? { ...base, expression } : base;
}

/** The error to throw for one fault: `throw fault('gone', 'Patient/1 was deleted …')`. */
export function fault(name: Fault, text: string, ...expression: string[]): FhirError {
  const headers: Record<string, string> =
    FAULTS[name][0] === 503 || FAULTS[name][0] === 429 ? { 'retry-after': '1' } : {};
  return new FhirError(FAULTS[name][0], [issue(name, text, ...expression)], headers);
}

/** Throws a FhirError with the status of `name` if there is at least one issue of severity error or fatal. */
export function refuseIf(issues: readonly Issue[], name: Fault): void {
  if (issues.some((one) => one.severity === 'error' || one.severity === 'fatal')) {
    throw new FhirError(FAULTS[name][0], issues);
  }
}

/** The OperationOutcome resource for a list of issues (all-ok when the list is empty). */
export function operationOutcome(issues: readonly Issue[]): {
  resourceType: 'OperationOutcome';
  issue: Issue[];
} {
  const ok: Issue = { severity: 'information', code: 'informational', diagnostics: 'All OK' };
  return { resourceType: 'OperationOutcome', issue: issues.length > 0 ? issues.map(sayable) : [ok] };
}

/** What no string of FHIR, and no XML, may hold. https://hl7.org/fhir/R4/datatypes.html#string */
// eslint-disable-next-line no-control-regex
const UNSAYABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const said = (text: string): string => text.toWellFormed().replace(UNSAYABLE, '\ufffd');

/** An issue often repeats what was sent: here it becomes text that FHIR can hold. */
function sayable({ expression, place, ...issue }: Issue): Issue {
  const plain = {
    ...(place && { extension: extensionsOf(place) }),
    ...issue,
    diagnostics: said(issue.diagnostics),
  };
  const elements = expression?.filter((one) => one !== '').map(said) ?? [];
  return elements.length > 0 ? { ...plain, expression: elements } : plain;
}

const ISSUE = 'http://hl7.org/fhir/StructureDefinition/operationoutcome-issue';

/** As the reference validator tells it. https://hl7.org/fhir/extensions/StructureDefinition-operationoutcome-issue-line.html */
const extensionsOf = ({ line, column }: NonNullable<Issue['place']>): object[] => [
  { url: `${ISSUE}-line`, valueInteger: line },
  { url: `${ISSUE}-col`, valueInteger: column },
];
