/** Prefixes of ordered values. https://hl7.org/fhir/R4/search.html#prefix */

export type Prefix = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le' | 'sa' | 'eb' | 'ap';

const PREFIXED = /^(eq|ne|gt|ge|lt|le|sa|eb|ap)(?=[-+.\d])/;

/** A value without a prefix is `eq`. */
export function splitPrefix(value: string): { readonly prefix: Prefix; readonly rest: string } {
  const prefix = PREFIXED.exec(value)?.[1] as Prefix | undefined;
  return prefix ? { prefix, rest: value.slice(2) } : { prefix: 'eq', rest: value };
}
