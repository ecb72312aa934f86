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
import { compileExpression } from '../path/engine.ts';
import type { Terminology } from '../terminology/terminology.ts';
import type { CompiledValueSet } from '../terminology/value-set.ts';
import { report, type Check, type Finding, type Run } from './finding.ts';
import {
  answerLimits,
  answerValueCheck,
  exclusiveFault,
  extensionValues,
  isSameOption,
} from './questionnaire-answer.ts';

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
  /** the levels of items around the one that is judged, innermost first: what a condition speaks of is the nearest */
  readonly levels: readonly (readonly ResponseItem[])[];
  readonly definitions: Definitions;
}

/** The check of a QuestionnaireResponse; says nothing where its Questionnaire is not at hand. */
export function responseCheck(definitions: Definitions, terminology: Terminology): Check {
  return (node, run) => {
    if (!isObject(node.value)) return;
    const response = node.value as unknown as QuestionnaireResponse;
    const form = formOf(definitions, node, run, response.questionnaire);
    if (!form) return;
    const isDone = response.status === 'completed' || response.status === 'amended';
    const scene: Form = { terminology, run, node, isDone, levels: [], definitions };
    itemsCheck(scene, form.item ?? [], response.item ?? [], '');
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

/** The answers of a question, from the innermost level that has its item. */
function answersOf({ levels }: Form, linkId: string): readonly Answer[] {
  for (const level of levels) {
    const found = [...itemsNamed(level, linkId)];
    if (found.length > 0) return found.flatMap(({ answer }) => answer ?? []);
  }
  return [];
}

function* itemsNamed(items: readonly ResponseItem[], linkId: string): Generator<ResponseItem> {
  for (const item of items) {
    if (item.linkId === linkId) yield item;
    yield* itemsNamed(item.item ?? [], linkId);
    for (const answer of item.answer ?? []) yield* itemsNamed(answer.item ?? [], linkId);
  }
}

function tell(form: Form, below: string, text: string, code: Finding['code'] = 'invalid'): void {
  report(form.run, form.node, { severity: 'error', code, text, ...(below !== '' && { below }) });
}

const inside = (below: string, step: string): string => (below === '' ? step : `${below}.${step}`);

/** The items of one level against the questions of that level. */
function itemsCheck(
  outer: Form,
  questions: readonly QuestionnaireItem[],
  items: readonly ResponseItem[],
  below: string,
): void {
  const form: Form = { ...outer, levels: [items, ...outer.levels] };
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
  const type = question.type as string;
  if (WITHOUT_ANSWERS.has(type) && answers.length > 0)
    return tell(form, at, `"${item.linkId}" is of type ${type}, which has no answers`, 'structure');
  const { least, most } = answerLimits(question);
  if (answers.length > most)
    tell(
      form,
      at,
      `The question "${item.linkId}" takes ${most} answers at most, and has ${answers.length}`,
      'structure',
    );
  if (answers.length < least && form.isDone)
    tell(
      form,
      at,
      `The question "${item.linkId}" needs ${least} answers, and has ${answers.length}`,
      'required',
    );
  const values = answers.map((answer) => valueOf(answer)?.[1] ?? null);
  const alone = exclusiveFault(question, values);
  if (alone !== undefined)
    tell(
      form,
      `${at}.answer[${alone}]`,
      'The option excludes all others, and there are others',
      'business-rule',
    );
  answers.forEach((answer, i) => {
    const place = `${at}.answer[${i}]`;
    answerCheck(form, question, answer, place);
    itemsCheck(form, question.item ?? [], answer.item ?? [], place);
  });
  if (question.type === 'group') itemsCheck(form, question.item ?? [], item.item ?? [], at);
}

const WITHOUT_ANSWERS: ReadonlySet<string> = new Set(['group', 'display', 'question']);

const valueOf = (answer: Answer): [string, JsonValue] | undefined =>
  Object.entries(answer as unknown as JsonObject).find(([key]) => key.startsWith('value'));

/** Properties of an answer whose type has a small letter. */
const PRIMITIVES = /^(?:Boolean|Decimal|Integer|Date|DateTime|Time|String|Uri)$/;

function answerCheck(form: Form, question: QuestionnaireItem, answer: Answer, at: string): void {
  const [name, value] = valueOf(answer) ?? [];
  const allowed = VALUES[question.type as string];
  if (name === undefined || value === undefined || !allowed) return;
  const given = name.slice('value'.length);
  const type = PRIMITIVES.test(given) ? given[0]!.toLowerCase() + given.slice(1) : given;
  const place = `${at}.value.ofType(${type})`;
  if (!allowed.includes(name)) {
    const text = `The question "${question.linkId}" takes an answer of type ${question.type}, not ${type}`;
    return tell(form, place, text, 'structure');
  }
  answerValueCheck(form.terminology, { question, type, value }, (text, code) =>
    tell(form, place, text, code),
  );
  // A free text beside the options is what open-choice is for.
  if (question.type === 'open-choice' && name === 'valueString') return;
  optionCheck(form, question, name, value, type === 'Coding' ? at : place);
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
  const canonical = question.answerValueSet;
  const code = isObject(value) ? value['code'] : value;
  const set = canonical === undefined ? undefined : valueSetOf(form, canonical);
  if (typeof code !== 'string' || !set) return;
  const system = isObject(value) ? value['system'] : undefined;
  if (set.has(typeof system === 'string' ? system : undefined, code) === 'out')
    tell(form, at, `"${code}" is not in the value set ${canonical} of "${question.linkId}"`, 'code-invalid');
}

/** A value set of the form itself is not looked into. */
const valueSetOf = ({ terminology }: Form, canonical: string): CompiledValueSet | undefined =>
  canonical.startsWith('#') ? undefined : terminology.valueSet(canonical);

const ENABLE_WHEN = 'http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression';

function isEnabled(form: Form, question: QuestionnaireItem): boolean {
  const { enableWhen = [], enableBehavior } = question;
  const [spoken] = extensionValues(question, ENABLE_WHEN);
  if (isObject(spoken) && spoken['language'] === 'text/fhirpath' && !isSaid(form, spoken['expression']))
    return false;
  if (enableWhen.length === 0) return true;
  const tests = enableWhen.map((one) => isMet(form, one));
  return enableBehavior === 'all' ? tests.every(Boolean) : tests.some(Boolean);
}

/** An expression that fails says nothing. */
function isSaid({ definitions, node, run }: Form, expression: JsonValue | undefined): boolean {
  if (typeof expression !== 'string') return true;
  try {
    return compileExpression(definitions, expression).test(node, run.environment) === true;
  } catch {
    return true;
  }
}

function isMet(form: Form, condition: QuestionnaireItemEnableWhen): boolean {
  const answers = answersOf(form, condition.question);
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
