/** The names of the terminology operations: what routes, handlers and the CapabilityStatement go by. https://hl7.org/fhir/R4/terminology-service.html */

export const TERMINOLOGY_OPERATIONS = [
  'CodeSystem/$lookup',
  'CodeSystem/$validate-code',
  'CodeSystem/$subsumes',
  'CodeSystem/$find-matches',
  'ValueSet/$expand',
  'ValueSet/$validate-code',
  'ValueSet/$batch-validate-code',
  'ConceptMap/$translate',
  '$closure',
  '$versions',
] as const;
export type TerminologyOperation = (typeof TERMINOLOGY_OPERATIONS)[number];

/** Whether a path asks for one, of the server, of a type, or of one stored resource. */
export function isTerminologyOperation(path: readonly string[]): boolean {
  const [first = '', second, third] = path;
  const isNamed = (name: string): boolean => (TERMINOLOGY_OPERATIONS as readonly string[]).includes(name);
  // A batch is about many value sets, and never about one that is stored.
  if (path.length === 3) return isNamed(`${first}/${third}`) && third !== '$batch-validate-code';
  return path.length <= 2 && isNamed(second === undefined ? first : `${first}/${second}`);
}
