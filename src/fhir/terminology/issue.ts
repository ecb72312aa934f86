/**
 * What a terminology operation has to say beside its answer: coded, with the place in what was asked, in the words that terminology servers share so that
 * clients can compare them. https://hl7.org/fhir/R4/valueset-operation-validate-code.html, https://build.fhir.org/codesystem-tx-issue-type.html
 */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';

export const ISSUE_TYPES = 'http://hl7.org/fhir/tools/CodeSystem/tx-issue-type';
const MESSAGE_ID = 'http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id';

/** The kind of an issue -> [code of issue-type, code of tx-issue-type]. */
const KINDS = {
  'not-in-vs': ['code-invalid', 'not-in-vs'],
  'this-code-not-in-vs': ['code-invalid', 'this-code-not-in-vs'],
  'invalid-code': ['code-invalid', 'invalid-code'],
  'invalid-display': ['invalid', 'invalid-display'],
  'display-comment': ['invalid', 'display-comment'],
  'not-found': ['not-found', 'not-found'],
  'cannot-infer': ['not-found', 'cannot-infer'],
  'invalid-data': ['invalid', 'invalid-data'],
  'code-rule': ['business-rule', 'code-rule'],
  'code-comment': ['business-rule', 'code-comment'],
  'status-check': ['business-rule', 'status-check'],
  'version-error': ['invalid', 'vs-invalid'],
} as const;
export type TxKind = keyof typeof KINDS;

export interface TxIssue {
  readonly severity: 'error' | 'warning' | 'information';
  readonly kind: TxKind;
  readonly text: string;
  /** FHIRPath into what was asked: `Coding.code`, `CodeableConcept.coding[0].display`, `code` */
  readonly expression?: string;
  /** name of the message, by which other servers and their clients know it */
  readonly message: string;
}

export function outcomeIssue({ severity, kind, text, expression, message }: TxIssue): OperationOutcomeIssue {
  const [code, type] = KINDS[kind];
  return {
    extension: [{ url: MESSAGE_ID, valueString: message }],
    severity,
    code,
    details: { coding: [{ system: ISSUE_TYPES, code: type }], text },
    ...(expression?.includes('.') || /^[a-z]/.test(expression ?? '') ? { location: [expression] } : {}),
    ...(expression !== undefined && { expression: [expression] }),
  } as OperationOutcomeIssue;
}

/** A question that cannot be answered at all: becomes an OperationOutcome with this status. */
export class TxRefusal extends Error {
  readonly status: number;
  readonly issue: OperationOutcomeIssue;

  constructor(
    status: number,
    {
      code,
      type,
      text,
      message,
      expression,
    }: { code: string; type?: string; text: string; message?: string; expression?: string },
  ) {
    super(text);
    this.status = status;
    this.issue = {
      ...(message !== undefined && { extension: [{ url: MESSAGE_ID, valueString: message }] }),
      severity: 'error',
      code,
      details: { ...(type !== undefined && { coding: [{ system: ISSUE_TYPES, code: type }] }), text },
      ...(expression !== undefined && { expression: [expression] }),
    } as OperationOutcomeIssue;
  }
}
