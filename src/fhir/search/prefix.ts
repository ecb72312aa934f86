/** Prefixes of ordered parameters. https://hl7.org/fhir/R4/search.html#prefix */
import { fault } from '../model/outcome.ts';

const PREFIXES = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sa', 'eb', 'ap'] as const;
export type Prefix = (typeof PREFIXES)[number];

const isPrefix = (text: string): text is Prefix => (PREFIXES as readonly string[]).includes(text);

/** Splits `ge2024`; a value without a prefix is `eq`. Throws FhirError `value` for letters that are no prefix. */
export function splitPrefix(
  value: string,
  param: string,
): { readonly prefix: Prefix; readonly rest: string } {
  const letters = /^[A-Za-z]{2}(?=[-+.\d]|$)/.exec(value)?.[0];
  if (letters === undefined) return { prefix: 'eq', rest: value };
  if (isPrefix(letters)) return { prefix: letters, rest: value.slice(2) };
  throw fault(
    'value',
    `"${value.slice(0, 60)}" of ${param} begins with "${letters}", which is not one of the prefixes ${PREFIXES.join(', ')}`,
    param,
  );
}
