/**
 * One answer against what its question asks of the value: limits, formats, units, targets, options. Extensions of R4 and of SDC say most of it.
 * https://hl7.org/fhir/R4/questionnaire-extensions.html, https://hl7.org/fhir/uv/sdc/
 */
import type { QuestionnaireItem } from '@medplum/fhirtypes';
import { isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import { orderNodes } from '../path/equality.ts';
import { compilePattern } from '../path/regex.ts';
import type { Terminology } from '../terminology/terminology.ts';
import type { FindingCode } from './finding.ts';
import { isFixed } from './pattern.ts';

const R4 = 'http://hl7.org/fhir/StructureDefinition/';
const SDC = 'http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-';

/** What is said of an answer. */
export type Tell = (text: string, code: FindingCode) => void;

export interface Answered {
  readonly question: QuestionnaireItem;
  /** the FHIR type of the value: `Coding`, `date` */
  readonly type: string;
  readonly value: JsonValue;
}

/** Values of an extension, whatever their type. */
export function extensionValues({ extension = [] }: { extension?: unknown }, url: string): JsonValue[] {
  const all = Array.isArray(extension) ? (extension as JsonObject[]) : [];
  return all
    .filter((one) => one['url'] === url)
    .flatMap((one) => Object.entries(one).find(([key]) => key.startsWith('value'))?.[1] ?? []);
}

/** All rules for the value of an answer. */
export function answerValueCheck(terminology: Terminology, answered: Answered, tell: Tell): void {
  const { value, type } = answered;
  if (typeof value === 'string') textCheck(answered, value, tell);
  rangeCheck(answered, tell);
  if (type === 'decimal') placesCheck(answered, tell);
  if (type === 'Quantity' && isObject(value)) unitCheck(terminology, answered, value, tell);
  if (type === 'Reference' && isObject(value)) referenceTypeCheck(answered, value, tell);
  if (type === 'Attachment' && isObject(value)) attachmentCheck(answered, value, tell);
}

function textCheck({ question }: Answered, value: string, tell: Tell): void {
  const length = [...value].length;
  const { maxLength } = question;
  if (maxLength !== undefined && length > maxLength)
    tell(`The answer has ${length} characters: at most ${maxLength} are allowed`, 'value');
  const [least] = extensionValues(question, `${R4}minLength`);
  if (typeof least === 'number' && length < least)
    tell(`The answer has ${length} characters: at least ${least} are needed`, 'value');
  const [regex] = extensionValues(question, `${R4}regex`);
  if (typeof regex !== 'string' || fits(regex, value)) return;
  const [shown] = extensionValues(question, `${R4}entryFormat`);
  tell(`The answer does not have the form ${typeof shown === 'string' ? shown : regex}`, 'value');
}

/** A regular expression that cannot be run, or not in bounded time, says nothing of the answer. */
function fits(regex: string, value: string): boolean {
  try {
    return compilePattern(regex, true).test(value, () => undefined);
  } catch {
    return true;
  }
}

const LIMITS = [
  { urls: [`${R4}minValue`, `${SDC}minQuantity`], side: -1, words: 'below the least that is allowed' },
  { urls: [`${R4}maxValue`, `${SDC}maxQuantity`], side: 1, words: 'above the most that is allowed' },
] as const;

function rangeCheck({ question, type, value }: Answered, tell: Tell): void {
  for (const { urls, side, words } of LIMITS) {
    const [limit] = urls.flatMap((url) => extensionValues(question, url));
    if (limit === undefined || isObject(limit) !== isObject(value)) continue;
    const order = compared(type, value, limit);
    if (order === undefined && isObject(value)) {
      tell(
        `The quantity cannot be compared with the limit ${JSON.stringify(limit)}: the units do not fit`,
        'value',
      );
    } else if (order !== undefined && order * side > 0) {
      tell(`The answer ${JSON.stringify(value)} is ${words}, ${JSON.stringify(limit)}`, 'value');
    }
  }
}

/** Quantities need a coded unit: a text alone is no unit that can be reckoned with. */
function compared(type: string, value: JsonValue, limit: JsonValue): number | undefined {
  const isVague = [value, limit].some((one) => isObject(one) && one['code'] === undefined);
  if (isVague) return undefined;
  try {
    return orderNodes({ value, type }, { value: limit, type });
  } catch {
    return undefined;
  }
}

function placesCheck({ question, value }: Answered, tell: Tell): void {
  const [most] = extensionValues(question, `${R4}maxDecimalPlaces`);
  const places = String(value).split('.')[1]?.length ?? 0;
  if (typeof most === 'number' && places > most)
    tell(`The answer has ${places} decimal places: at most ${most} are allowed`, 'value');
}

function unitCheck(
  terminology: Terminology,
  { question }: Answered,
  { system, code }: JsonObject,
  tell: Tell,
): void {
  const options = extensionValues(question, `${R4}questionnaire-unitOption`);
  const isOption = (one: JsonValue): boolean =>
    isObject(one) && one['code'] === code && one['system'] === system;
  if (options.length > 0 && !options.some(isOption))
    tell('The unit is none of those that the question offers', 'code-invalid');
  const [canonical] = extensionValues(question, `${R4}questionnaire-unitValueSet`);
  if (typeof canonical !== 'string') return;
  const set = terminology.valueSet(canonical);
  const isIn =
    !set ||
    (typeof code === 'string' && set.has(typeof system === 'string' ? system : undefined, code) !== 'out');
  if (!isIn) tell(`The unit is not in the value set ${canonical}`, 'code-invalid');
}

const TYPED = /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;

function referenceTypeCheck({ question }: Answered, { reference, type }: JsonObject, tell: Tell): void {
  const allowed = extensionValues(question, `${R4}questionnaire-referenceResource`);
  const named = typeof reference === 'string' ? TYPED.exec(reference)?.[1] : undefined;
  const given = named ?? type;
  if (allowed.length === 0 || typeof given !== 'string' || allowed.includes(given)) return;
  tell(`The answer leads to ${given}: it may lead to ${allowed.join(', ')}`, 'structure');
}

function attachmentCheck({ question }: Answered, { contentType, data, size }: JsonObject, tell: Tell): void {
  const bytes = typeof data === 'string' ? Buffer.byteLength(data, 'base64') : undefined;
  const actual = bytes ?? (typeof size === 'number' ? size : undefined);
  const [most] = extensionValues(question, `${R4}maxSize`);
  if (most !== undefined && actual !== undefined && actual > Number(String(most)))
    tell(`The attachment has ${actual} bytes: at most ${String(most)} are allowed`, 'value');
  const types = extensionValues(question, `${R4}mimeType`);
  if (types.length > 0 && typeof contentType === 'string' && !types.includes(contentType))
    tell(`The attachment is ${contentType}: ${types.join(', ')} are allowed`, 'value');
}

/** Codings are the same by system and code; everything else as it stands. */
export function isSameOption(option: JsonValue | undefined, value: JsonValue): boolean {
  if (option === undefined) return false;
  if (isObject(option) && isObject(value) && 'code' in value)
    return option['code'] === value['code'] && option['system'] === value['system'];
  return isFixed(option, value);
}

/** An option that excludes all others was chosen together with another. */
export function exclusiveFault(
  question: QuestionnaireItem,
  values: readonly JsonValue[],
): number | undefined {
  if (values.length < 2) return undefined;
  const options = (question.answerOption ?? []) as unknown as JsonObject[];
  const alone = options.filter(
    (one) => extensionValues(one, `${R4}questionnaire-optionExclusive`)[0] === true,
  );
  const at = values.findIndex((value) =>
    alone.some((one) =>
      isSameOption(Object.entries(one).find(([key]) => key.startsWith('value'))?.[1], value),
    ),
  );
  return at < 0 ? undefined : at;
}

/** How many answers a question takes. */
export function answerLimits(question: QuestionnaireItem): { readonly least: number; readonly most: number } {
  const number = (name: string): number | undefined => {
    const [value] = extensionValues(question, `${R4}questionnaire-${name}`);
    return typeof value === 'number' ? value : undefined;
  };
  const most = number('maxOccurs') ?? (question.repeats === true ? Infinity : 1);
  return { least: number('minOccurs') ?? 0, most: Math.max(most, number('minOccurs') ?? 0) };
}
