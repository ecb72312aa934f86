/** Whether one code is above another. https://hl7.org/fhir/R4/codesystem-operation-subsumes.html */
import type { CodeSystem, Coding, Parameters } from '@medplum/fhirtypes';
import { subsumption } from './code-system.ts';
import { TxRefusal } from './issue.ts';
import { conceptOf } from './lookup.ts';
import type { Question } from './question.ts';
import type { World } from './world.ts';

export function subsumes(world: World, question: Question, given: CodeSystem | undefined): Parameters {
  const [a, b] = [codeOf(question, 'A'), codeOf(question, 'B')];
  if (a.system !== b.system && given === undefined) {
    const text = `codingA is of ${a.system} and codingB of ${b.system}: only codes of one system can be compared`;
    throw new TxRefusal(400, { code: 'invalid', text, message: 'SUBSUMES_TWO_SYSTEMS' });
  }
  const outcome = subsumption(
    conceptOf(world, question, given, a).concept,
    conceptOf(world, question, given, b).concept,
  );
  return { resourceType: 'Parameters', parameter: [{ name: 'outcome', valueCode: outcome }] };
}

function codeOf(question: Question, which: 'A' | 'B'): Coding {
  const coding = question.coding(`coding${which}`);
  if (coding) return coding;
  const [code, system, version] = [
    question.text(`code${which}`),
    question.text('system'),
    question.text('version'),
  ];
  if (code === undefined) {
    const text = `Name both codes: codeA and codeB with system, or codingA and codingB; code${which} is missing`;
    throw new TxRefusal(400, { code: 'required', text, message: 'CODE_NOT_NAMED' });
  }
  return { code, ...(system !== undefined && { system }), ...(version !== undefined && { version }) };
}
