/**
 * A Questionnaire by itself, beyond its invariants: what enables a question stands elsewhere in the form, and not in what it enables.
 * https://hl7.org/fhir/R4/questionnaire.html#enableWhen
 */
import type { Questionnaire, QuestionnaireItem } from '@medplum/fhirtypes';
import { isObject } from '../model/tree.ts';
import { report, type Check } from './finding.ts';

export const formCheck: Check = (node, run) => {
  if (!isObject(node.value)) return;
  const { item = [] } = node.value as unknown as Questionnaire;
  const known = new Set(linkIds(item));
  const tell = (below: string, text: string): void =>
    report(run, node, { severity: 'error', code: 'business-rule', text, below });
  for (const { question, below } of walk(item, '')) {
    const inner = new Set(linkIds(question.item ?? []));
    for (const { question: on } of question.enableWhen ?? []) {
      if (on === question.linkId || inner.has(on))
        tell(below, `The question "${question.linkId}" is enabled by "${on}", which is inside of it`);
      else if (!known.has(on))
        tell(below, `The question "${question.linkId}" is enabled by "${on}", which is not in the form`);
    }
  }
};

function* linkIds(items: readonly QuestionnaireItem[]): Generator<string> {
  for (const { linkId, item = [] } of items) {
    yield linkId;
    yield* linkIds(item);
  }
}

function* walk(
  items: readonly QuestionnaireItem[],
  above: string,
): Generator<{ readonly question: QuestionnaireItem; readonly below: string }> {
  for (const [i, question] of items.entries()) {
    const below = `${above === '' ? '' : `${above}.`}item[${i}]`;
    yield { question, below };
    yield* walk(question.item ?? [], below);
  }
}
