/**
 * A question to the terminology service: the parameters of its operations, read from a Parameters resource or a query. What is said per code system stands by
 * the url of the system. https://hl7.org/fhir/R4/valueset-operation-expand.html, https://hl7.org/fhir/R4/valueset-operation-validate-code.html
 */
import type {
  CodeableConcept,
  CodeSystem,
  Coding,
  Parameters,
  ParametersParameter,
  ValueSet,
} from '@medplum/fhirtypes';
import { TxRefusal } from './issue.ts';
import { parseLanguages, type Languages } from './language.ts';
import type { TxResource } from './world.ts';

export type Scalar = string | number | boolean;

export interface Question {
  readonly parameters: readonly ParametersParameter[];
  /** the last value of a parameter, as it was sent */
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  flag(name: string): boolean | undefined;
  number(name: string): number | undefined;
  coding(name: string): Coding | undefined;
  codeableConcept(): CodeableConcept | undefined;
  resource<T extends TxResource>(name: string): T | undefined;
  readonly resources: readonly TxResource[];
  readonly languages: Languages | undefined;
}

export function questionOf(parameters: Parameters, acceptLanguage?: string): Question {
  const all = parameters.parameter ?? [];
  const named = (name: string): readonly ParametersParameter[] => all.filter((one) => one.name === name);
  const last = (name: string): Scalar | undefined => valueOf(named(name).at(-1));
  const text = (name: string): string | undefined => {
    const value = last(name);
    return value === undefined ? undefined : String(value);
  };
  return {
    parameters: all,
    text,
    texts: (name) => named(name).flatMap((one) => (valueOf(one) === undefined ? [] : [String(valueOf(one))])),
    flag: (name) => flagOf(name, last(name)),
    number: (name) => numberOf(name, last(name)),
    coding: (name) => named(name).at(-1)?.valueCoding,
    codeableConcept: () => named('codeableConcept').at(-1)?.valueCodeableConcept,
    resource: <T extends TxResource>(name: string) => named(name).at(-1)?.resource as T | undefined,
    resources: all.flatMap((one) => (one.name === 'tx-resource' && isTx(one.resource) ? [one.resource] : [])),
    languages: languagesOf(text('displayLanguage'), acceptLanguage),
  };
}

const isTx = (resource: unknown): resource is CodeSystem | ValueSet =>
  ['CodeSystem', 'ValueSet', 'ConceptMap'].includes(
    (resource as { resourceType?: string } | undefined)?.resourceType ?? '',
  );

/** The value of a parameter that has one. */
export function valueOf(parameter: ParametersParameter | undefined): Scalar | undefined {
  if (!parameter) return undefined;
  const value = Object.entries(parameter).find(([name]) => name.startsWith('value'))?.[1] as unknown;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return typeof value === 'object' && value !== null && 'text' in value ? String(value.text) : undefined;
}

const bad = (name: string, value: Scalar, right: string): TxRefusal =>
  new TxRefusal(400, {
    code: 'value',
    text: `${name} is "${String(value).slice(0, 60)}": give ${right}`,
    message: 'PARAMETER_VALUE',
  });

function flagOf(name: string, value: Scalar | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw bad(name, value, 'true or false');
}

function numberOf(name: string, value: Scalar | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isInteger(number) && number >= 0) return number;
  throw bad(name, value, 'a whole number from 0');
}

function languagesOf(asked: string | undefined, header: string | undefined): Languages | undefined {
  if (asked !== undefined) {
    const read = parseLanguages(asked);
    if (read) return read;
    throw new TxRefusal(400, {
      code: 'processing',
      type: 'invalid-display',
      text: `Invalid displayLanguage: '${asked}'`,
      message: 'INVALID_DISPLAY_NAME',
    });
  }
  if (header === undefined || header === '' || header === '*') return undefined;
  // A browser's list of languages that is none is no fault of whoever asks.
  return parseLanguages(header);
}

/** `system|version` -> version, by system: what `system-version` and its like say. */
export function versionsBySystem(texts: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    texts.flatMap((text) => {
      const at = text.lastIndexOf('|');
      return at > 0 ? [[text.slice(0, at), text.slice(at + 1)] as const] : [];
    }),
  );
}
