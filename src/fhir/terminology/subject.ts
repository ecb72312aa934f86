/** What a `$validate-code` is about: a code, a Coding or a CodeableConcept, and how its places are called. https://hl7.org/fhir/R4/valueset-operation-validate-code.html */
import type { CodeableConcept, Coding } from '@medplum/fhirtypes';
import { TxRefusal } from './issue.ts';
import type { Question } from './question.ts';

/** What is judged: one code or several, and how its places are called. */
export interface Subject {
  readonly kind: 'code' | 'coding' | 'codeableConcept';
  readonly codings: readonly Coding[];
  readonly concept?: CodeableConcept;
}

/** Throws TxRefusal where no code was named. `system`: what a bare code is of. */
export function subjectOf(question: Question, system?: string): Subject {
  const concept = question.codeableConcept();
  if (concept) return { kind: 'codeableConcept', codings: concept.coding ?? [], concept };
  const coding = question.coding('coding');
  if (coding) return { kind: 'coding', codings: [coding] };
  const code = question.text('code');
  const named = question.text('system') ?? system;
  if (
    code === undefined ||
    (named === undefined && question.flag('inferSystem') !== true && question.text('context') === undefined)
  ) {
    const text =
      'Unable to find code to validate (looked for coding | codeableConcept | code+system | code+inferSystem in parameters';
    throw new TxRefusal(400, { code: 'invalid', text });
  }
  const [version, display] = [
    question.text('systemVersion') ?? (system === undefined ? question.text('version') : undefined),
    question.text('display'),
  ];
  return {
    kind: 'code',
    codings: [
      {
        ...(named !== undefined && { system: named }),
        ...(version !== undefined && { version }),
        code,
        ...(display !== undefined && { display }),
      },
    ],
  };
}

/** `Coding.code`, `CodeableConcept.coding[1].code`, `code` */
export function placeOf({ kind }: Subject, at: number): (name?: string) => string {
  if (kind === 'code') return (name = 'code') => name;
  const base = kind === 'coding' ? 'Coding' : `CodeableConcept.coding[${at}]`;
  return (name) => (name === undefined ? base : `${base}.${name}`);
}
