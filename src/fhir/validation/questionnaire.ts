/**
 * Answers against the form that they answer: the right questions, types, options and numbers of answers, and only what is enabled.
 * https://hl7.org/fhir/R4/questionnaireresponse.html#notes, https://hl7.org/fhir/R4/questionnaire.html#enableWhen
 */
import type {
  Questionnaire,
  QuestionnaireItem,
  QuestionnaireItemEnableWhen,
  QuestionnaireResponse,
} from '@medplum/fhirtypes';
import type { Definitions } from '../definitions/registry.ts';
import { isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/node.ts';
import type { Terminology } from '../terminology/terminology.ts';
import { report, type Check, type Finding, type Run } from './finding.ts';
import { isFixed } from './pattern.ts';

type ResponseItem = NonNullable<QuestionnaireResponse['item']>[number];
type Answer = NonNullable<ResponseItem['answer']>[number];

/** Question type -> the property of an answer that it takes. https://hl7.org/fhir/R4/valueset-item-type.html */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  boolean: ['valueBoolean'],
  decimal: ['valueDecimal', 'valueInteger'],
  integer: ['valueInteger'],
  date: ['valueDate'],
  dateTime: ['valueDateTime', 'valueDate'],
  time: ['valueTime'],
  string: ['valueString'],
  text: ['valueString'],
  url: ['valueUri'],
  choice: ['valueCoding', 'valueString', 'valueDate', 'valueTime', 'valueInteger', 'valueReference'],
  'open-choice': ['valueCoding', 'valueString', 'valueDate', 'valueTime', 'valueInteger', 'valueReference'],
  attachment: ['valueAttachment'],
  reference: ['valueReference'],
  quantity: ['valueQuantity'],
};

interface Form {
  readonly terminology: Terminology;
  readonly run: Run;
  readonly node: PathNode;
  /** answers have to be whole: the response says that it is finished */
  readonly isDone: boolean;
  /** every item of the response by link id, for enableWhen */
  readonly given: ReadonlyMap<string, readonly ResponseItem[]>;
}

/** The check of a QuestionnaireResponse; says nothing where its Questionnaire is not at hand. */
export function responseCheck(definitions: Definitions, terminology: Terminology): Check {
  return (node, run) => {
    if (!isObject(node.value)) return;
    const response = node.value as unknown as QuestionnaireResponse;
    const form = formOf(definitions, node, run, response.questionnaire);
    if (!form) return;
    const given = new Map<string, ResponseItem[]>();
    collect(response.item ?? [], given);
    const isDone = response.status === 'completed' || response.status === 'amended';
    itemsCheck({ terminology, run, node, isDone, given }, form.item ?? [], response.item ?? [], '');
  };
}

function formOf(
  definitions: Definitions,
  node: PathNode,
  run: Run,
  canonical: string | undefined,
): Questionnaire | undefined {
  if (canonical === undefined) return undefined;
  if (canonical.startsWith('#') && isObject(node.value)) {
    const { contained } = node.value;
    const found = Array.isArray(contained)
      ? contained.find((one) => isObject(one) && one['id'] === canonical.slice(1))
      : undefined;
    return found as unknown as Questionnaire | undefined;
  }
  const text = definitions.conformance('Questionnaire', canonical);
  if (text !== undefined) return JSON.parse(text) as Questionnaire;
  const resolved = run.environment.resolve?.(canonical, node)?.value;
  return isObject(resolved) && resolved['resourceType'] === 'Questionnaire'
    ? (resolved as unknown as Questionnaire)
    : undefined;
}

function collect(items: readonly ResponseItem[], into: Map<string, ResponseItem[]>): void {
  for (const item of items) {
    into.set(item.linkId, [...(into.get(item.linkId) ?? []), item]);
    collect(item.item ?? [], into);
    for (const answer of item.answer ?? []) collect(answer.item ?? [], into);
  }
}

function tell(form: Form, below: string, text: string, code: Finding['code'] = 'invalid'): void {
  report(form.run, form.node, { severity: 'error', code, text, ...(below !== '' && { below }) });
}

const inside = (below: string, step: string): string => (below === '' ? step : `${below}.${step}`);

/** The items of one level against the questions of that level. */
function itemsCheck(
  form: Form,
  questions: readonly QuestionnaireItem[],
  items: readonly ResponseItem[],
  below: string,
): void {
  items.forEach((item, i) => {
    const at = inside(below, `item[${i}]`);
    const question = questions.find(({ linkId }) => linkId === item.linkId);
    if (!question)
      return tell(form, below, `The link id "${item.linkId}" is not one of the questions here`, 'not-found');
    if (!isEnabled(form, question)) {
      const text = `The question "${item.linkId}" is not enabled by the answers: it may have no answer`;
      if ((item.answer?.length ?? 0) > 0) tell(form, at, text);
      return;
    }
    answersCheck(form, question, item, at);
  });
  for (const question of questions) absentCheck(form, question, items, below);
}

function absentCheck(
  form: Form,
  question: QuestionnaireItem,
  items: readonly ResponseItem[],
  below: string,
): void {
  if (question.required !== true || !form.isDone || !isEnabled(form, question)) return;
  const own = items.filter(({ linkId }) => linkId === question.linkId);
  const isAnswered =
    question.type === 'group' ? own.length > 0 : own.some(({ answer }) => (answer?.length ?? 0) > 0);
  if (isAnswered) return;
  const at = own.length > 0 ? inside(below, `item[${items.indexOf(own[0]!)}]`) : below;
  tell(form, at, `The question "${question.linkId}" has to be answered`, 'required');
}

function answersCheck(form: Form, question: QuestionnaireItem, item: ResponseItem, at: string): void {
  const answers = item.answer ?? [];
  if ((question.type === 'group' || question.type === 'display') && answers.length > 0)
    return tell(form, at, `"${item.linkId}" is a ${question.type}, which has no answers`, 'structure');
  if (question.repeats !== true && answers.length > 1)
    tell(form, at, `The question "${item.linkId}" takes one answer, and has ${answers.length}`, 'structure');
  answers.forEach((answer, i) => {
    const place = `${at}.answer[${i}]`;
    answerCheck(form, question, answer, place);
    itemsCheck(form, question.item ?? [], answer.item ?? [], place);
  });
  if (question.type === 'group') itemsCheck(form, question.item ?? [], item.item ?? [], at);
}

function answerCheck(form: Form, question: QuestionnaireItem, answer: Answer, at: string): void {
  const name = Object.keys(answer).find((key) => key.startsWith('value'));
  const allowed = VALUES[question.type as string];
  if (name === undefined || !allowed) return;
  const value = (answer as unknown as JsonObject)[name]!;
  if (!allowed.includes(name)) {
    const text = `The question "${question.linkId}" takes an answer of type ${question.type}, not ${name.slice(5)}`;
    return tell(form, `${at}.value.ofType(${name.slice(5)})`, text, 'structure');
  }
  if (question.maxLength !== undefined && typeof value === 'string' && value.length > question.maxLength)
    tell(
      form,
      at,
      `The answer has ${value.length} characters: at most ${question.maxLength} are allowed`,
      'value',
    );
  if (question.type === 'choice') optionCheck(form, question, name, value, at);
}

function optionCheck(
  form: Form,
  question: QuestionnaireItem,
  name: string,
  value: JsonValue,
  at: string,
): void {
  const options = (question.answerOption ?? []) as unknown as JsonObject[];
  if (options.length > 0 && !options.some((option) => isSameOption(option[name], value)))
    tell(form, at, `The answer is none of the options of "${question.linkId}"`, 'code-invalid');
  if (question.answerValueSet === undefined || name !== 'valueCoding' || !isObject(value)) return;
  const set = form.terminology.valueSet(question.answerValueSet);
  const { system, code } = value;
  if (typeof code !== 'string' || !set) return;
  if (set.has(typeof system === 'string' ? system : undefined, code) === 'out')
    tell(
      form,
      at,
      `"${code}" is not in the value set ${question.answerValueSet} of "${question.linkId}"`,
      'code-invalid',
    );
}

/** Codings are the same by system and code; everything else as it stands. */
function isSameOption(option: JsonValue | undefined, value: JsonValue): boolean {
  if (option === undefined) return false;
  if (isObject(option) && isObject(value) && 'code' in value)
    return option['code'] === value['code'] && option['system'] === value['system'];
  return isFixed(option, value);
}

function isEnabled(form: Form, { enableWhen = [], enableBehavior }: QuestionnaireItem): boolean {
  if (enableWhen.length === 0) return true;
  const tests = enableWhen.map((one) => isMet(form, one));
  return enableBehavior === 'all' ? tests.every(Boolean) : tests.some(Boolean);
}

function isMet(form: Form, condition: QuestionnaireItemEnableWhen): boolean {
  const answers = (form.given.get(condition.question) ?? []).flatMap(({ answer }) => answer ?? []);
  const name = Object.keys(condition).find((key) => /^answer[A-Z]/.test(key));
  if (name === undefined) return true;
  const expected = (condition as unknown as JsonObject)[name]!;
  if (condition.operator === 'exists') return answers.length > 0 === expected;
  return answers.some((answer) => {
    const value = (answer as unknown as JsonObject)[name.replace('answer', 'value')];
    return value !== undefined && compares(condition.operator, value, expected);
  });
}

function compares(operator: string, value: JsonValue, expected: JsonValue): boolean {
  if (operator === '=') return isSameOption(expected, value);
  if (operator === '!=') return !isSameOption(expected, value);
  const [a, b] = [value, expected].map((one) => (isObject(one) ? one['value'] : one)) as [never, never];
  if (operator === '>') return a > b;
  if (operator === '<') return a < b;
  return operator === '>=' ? a >= b : a <= b;
}
