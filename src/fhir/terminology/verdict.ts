/** What was found out of each coding, as the one answer to a `$validate-code`. https://hl7.org/fhir/R4/valueset-operation-validate-code.html */
import type { Coding, Parameters, ParametersParameter } from '@medplum/fhirtypes';
import type { Member } from './part.ts';
import { outcomeIssue, type TxIssue } from './issue.ts';
import type { Question } from './question.ts';
import type { Subject } from './subject.ts';
import { displayOf } from './words.ts';

/** What was found out of one coding. */
export interface Verdict {
  readonly coding: Coding;
  readonly member: Member | undefined;
  readonly isIn: boolean;
  readonly issues: readonly TxIssue[];
  readonly system: string | undefined;
  readonly version: string | undefined;
  readonly unknownSystem?: string;
}

/** Kinds of messages that speak of the code beside the answer, and are no part of its `message`. */
const ASIDE = [
  'CONCEPT_DEPRECATED_IN_VALUESET',
  'INACTIVE_DISPLAY_FOUND',
  'UNKNOWN_CODE_IN_FRAGMENT',
  'CODE_CASE_DIFFERENCE',
];

/** `canonical`: the value set; undefined where a code system was asked. */
export function answer(
  subject: Subject,
  verdicts: readonly Verdict[],
  question: Question,
  canonical: string | undefined,
): Parameters {
  const isConcept = subject.kind === 'codeableConcept';
  const chosen = verdicts.find(({ isIn }) => isIn) ?? (isConcept ? undefined : verdicts[0]);
  const issues = verdicts.flatMap((one) => one.issues);
  const isMember = verdicts.some(({ isIn }) => isIn);
  if (isConcept && !isMember && canonical !== undefined) issues.unshift(noneIn(canonical));
  const result = isMember && !issues.some(({ severity }) => severity === 'error');
  const told = issues
    .filter(({ message, kind }) => !ASIDE.includes(message) && kind !== 'this-code-not-in-vs')
    .map(({ text }) => text);
  const message = [...new Set(told)].sort().join('; ');
  const unknown = [...new Set(verdicts.flatMap(({ unknownSystem: one }) => one ?? []))];
  const display = chosen?.member && displayOf(chosen.member, question.languages)?.value;
  const normalized =
    chosen?.isIn && chosen.member && chosen.member.code !== chosen.coding.code
      ? chosen.member.code
      : undefined;
  const inactive = chosen?.isIn === true && chosen.member?.concept?.isInactive === true;
  const status = inactive ? statusOf(chosen.member) : undefined;
  return parameters([
    ...(chosen?.coding.code !== undefined ? [{ name: 'code', valueCode: chosen.coding.code }] : []),
    ...(subject.concept ? [{ name: 'codeableConcept', valueCodeableConcept: subject.concept }] : []),
    ...(display !== undefined ? [{ name: 'display', valueString: display }] : []),
    ...(inactive ? [{ name: 'inactive', valueBoolean: true }] : []),
    ...(issues.length > 0
      ? [
          {
            name: 'issues',
            resource: { resourceType: 'OperationOutcome' as const, issue: issues.map(outcomeIssue) } as never,
          },
        ]
      : []),
    ...(message !== '' ? [{ name: 'message', valueString: message }] : []),
    ...(normalized !== undefined ? [{ name: 'normalized-code', valueCode: normalized }] : []),
    { name: 'result', valueBoolean: result },
    ...(status !== undefined ? [{ name: 'status', valueCode: status }] : []),
    ...(chosen?.system !== undefined ? [{ name: 'system', valueUri: chosen.system }] : []),
    ...(chosen?.version !== undefined ? [{ name: 'version', valueString: chosen.version }] : []),
    ...unknown.map((one) => ({ name: 'x-unknown-system', valueCanonical: one })),
  ]);
}

const noneIn = (canonical: string): TxIssue => ({
  severity: 'error',
  kind: 'not-in-vs',
  text: `No valid coding was found for the value set '${canonical}'`,
  message: 'TX_GENERAL_CC_ERROR_MESSAGE',
});

export const parameters = (parameter: ParametersParameter[]): Parameters => ({
  resourceType: 'Parameters',
  parameter,
});

/** `retired`, as the code system says it. */
export const statusOf = ({ concept }: Member): string | undefined => concept?.properties.get('status')?.[0];
