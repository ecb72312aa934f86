/** One entry of a record in a line that a person can read: when, what, and what came of it. From the elements that R4's types have in common. */
import { isObject, type JsonObject, type JsonValue } from '../../fhir/model/tree.ts';

export interface EntryWords {
  /** FHIR date, perhaps partial */
  readonly date?: string;
  readonly title: string;
  readonly value?: string;
}

/** In the order in which they are believed. */
const DATES = [
  'effectiveDateTime',
  'onsetDateTime',
  'occurrenceDateTime',
  'performedDateTime',
  'authoredOn',
  'recordedDate',
  'date',
  'dateTime',
  'start',
  'whenHandedOver',
  'created',
  'issued',
  'recorded',
  'billablePeriod',
  'effectivePeriod',
  'performedPeriod',
  'servicedPeriod',
  'period',
] as const;

const TITLES = [
  'code',
  'vaccineCode',
  'medicationCodeableConcept',
  'medicationReference',
  'title',
  'description',
  'type',
  'serviceType',
  'class',
  'category',
  'relationship',
] as const;

const VALUES = [
  'valueQuantity',
  'valueCodeableConcept',
  'valueString',
  'valueDateTime',
  'valueBoolean',
  'valueInteger',
  'doseQuantity',
  'conclusion',
  'total',
] as const;

export function entryWords(resource: JsonObject): EntryWords {
  const date = DATES.map((name) => dateOf(resource[name])).find((one) => one !== undefined);
  const title =
    TITLES.map((name) => said(resource[name])).find((one) => one !== undefined) ?? nameOf(resource);
  const value = valueOf(resource);
  return {
    title: title ?? String(resource['resourceType']),
    ...(date !== undefined && { date }),
    ...(value !== undefined && value !== title && { value }),
  };
}

function dateOf(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return isObject(value) ? dateOf(value['start']) : undefined;
}

/** A concept, a quantity, a coding, a reference with a name, or plain text. */
function said(value: JsonValue | undefined): string | undefined {
  if (Array.isArray(value)) return said(value[0]);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (!isObject(value)) return value === undefined || value === null ? undefined : String(value);
  const { text, display, coding, value: amount, unit, currency } = value;
  if (typeof text === 'string') return text;
  if (typeof display === 'string') return display;
  if (amount !== undefined) return [amount, unit ?? currency].filter((one) => one !== undefined).join(' ');
  return coding === undefined ? undefined : said(coding);
}

function valueOf(resource: JsonObject): string | undefined {
  const own = VALUES.map((name) => said(resource[name])).find((one) => one !== undefined);
  const parts = [own, ...components(resource), dosage(resource), clinicalStatus(resource)];
  const told = parts.filter((one) => one !== undefined);
  return told.length === 0 ? undefined : told.join(' · ');
}

function components({ component }: JsonObject): readonly (string | undefined)[] {
  if (!Array.isArray(component)) return [];
  return component.filter(isObject).map((one) => {
    const value = VALUES.map((name) => said(one[name])).find((found) => found !== undefined);
    return value === undefined ? undefined : `${said(one['code']) ?? ''} ${value}`.trim();
  });
}

const dosage = ({ dosageInstruction }: JsonObject): string | undefined => said(dosageInstruction);

/** What is over, or was a mistake, says so. */
function clinicalStatus({ clinicalStatus: clinical, status }: JsonObject): string | undefined {
  const named = isObject(clinical) ? codeOf(clinical) : typeof status === 'string' ? status : undefined;
  return named === 'final' || named === 'completed' || named === 'finished' ? undefined : named;
}

function codeOf({ coding }: JsonObject): string | undefined {
  const first = Array.isArray(coding) ? coding[0] : undefined;
  return isObject(first) && typeof first['code'] === 'string' ? first['code'] : undefined;
}

function nameOf({ name }: JsonObject): string | undefined {
  const first = Array.isArray(name) ? name[0] : name;
  if (!isObject(first)) return typeof first === 'string' ? first : undefined;
  const { text, given, family } = first;
  if (typeof text === 'string') return text;
  const parts = [...(Array.isArray(given) ? given : []), family].filter((one) => typeof one === 'string');
  return parts.length === 0 ? undefined : parts.join(' ');
}
