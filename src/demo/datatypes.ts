/** Short builders of FHIR data types: codings, quantities, periods, narratives. https://hl7.org/fhir/R4/datatypes.html */
import type {
  Annotation,
  CodeableConcept,
  Coding,
  ContactPoint,
  Money,
  Narrative,
  Period,
  Quantity,
  Reference,
  Resource,
} from '@medplum/fhirtypes';
import { SYSTEMS } from './codes.ts';
import type { Code } from './codes.ts';
import { timeText } from './calendar.ts';
import type { Moment } from './calendar.ts';

export const coding = ([system, code, display]: Code): Coding => ({ system: SYSTEMS[system], code, display });

/** A concept of one or more codings; the text is the first one's display. */
export const concept = (...codes: readonly [Code, ...Code[]]): CodeableConcept => ({
  coding: codes.map(coding),
  text: codes[0][2],
});

/** A concept whose text is said in the user's words. */
export const conceptSaid = (text: string, ...codes: readonly Code[]): CodeableConcept => ({
  ...(codes.length > 0 && { coding: codes.map(coding) }),
  text,
});

/** A UCUM quantity. https://ucum.org */
export const quantity = (value: number, unit: string, code = unit): Quantity => ({
  value,
  unit,
  system: SYSTEMS.ucum,
  code,
});

export const money = (value: number): Money => ({ value: rounded(value, 2), currency: 'USD' });

export const period = (start: Moment, end?: Moment): Period => ({
  start: timeText(start),
  ...(end !== undefined && { end: timeText(end) }),
});

export const phone = (value: string, use: 'home' | 'work' | 'mobile'): ContactPoint => ({
  system: 'phone',
  value,
  use,
});
export const email = (value: string, use: 'home' | 'work'): ContactPoint => ({ system: 'email', value, use });

export const note = (text: string): Annotation[] => [{ text }];

/** Rounds half up to a number of decimals, with the shortest text. */
export const rounded = (value: number, decimals = 0): number => Number(value.toFixed(decimals));

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character]!);

/** A generated narrative: one paragraph a line. https://hl7.org/fhir/R4/narrative.html */
export const narrative = (...lines: readonly string[]): Narrative => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml">${lines.map((line) => `<p>${escape(line)}</p>`).join('')}</div>`,
});

/** UTF-8 text as base64Binary. */
export function base64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

export const referenceTo = <T extends Resource>(resource: T, display?: string): Reference<T> => ({
  reference: `${resource.resourceType}/${resource.id}`,
  ...(display !== undefined && { display }),
});
