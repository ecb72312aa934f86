/** The Prefer header. https://hl7.org/fhir/R4/http.html#return, https://hl7.org/fhir/R4/search.html#errors */

export interface Preferences {
  readonly return?: 'minimal' | 'representation' | 'OperationOutcome';
  readonly handling: 'strict' | 'lenient';
}

const RETURNS = ['minimal', 'representation', 'OperationOutcome'] as const;

/** Unknown preferences are ignored, as RFC 7240 asks. Strict handling is the default: a misspelt parameter must never mean "everything". */
export function preferences(header: string | undefined): Preferences {
  if (!header) return { handling: 'strict' };
  const pairs = new Map(
    header.split(/[;,]/).map(
      (one) =>
        one
          .trim()
          .split('=')
          .map((part) => part.trim().replace(/^"|"$/g, '')) as [string, string],
    ),
  );
  const wanted = pairs.get('return')?.toLowerCase();
  return {
    return: RETURNS.find((one) => one.toLowerCase() === wanted),
    handling: pairs.get('handling') === 'lenient' ? 'lenient' : 'strict',
  };
}
