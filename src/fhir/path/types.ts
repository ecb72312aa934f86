/** Which nodes are of a type that an expression names. https://hl7.org/fhirpath/N1/#types, https://hl7.org/fhir/R4/fhirpath.html#types */
import type { Definitions } from '../definitions/registry.ts';
import { fault } from '../model/outcome.ts';
import { isKindOf } from './children.ts';
import { SYSTEM_TYPES } from './kinds.ts';
import type { TypeName } from './syntax.ts';

/** `FHIR.Patient` as `Patient`, `System.String` as it is. */
export type ResolvedType = string;

/** An unqualified name is a type of FHIR first, then one of FHIRPath. Throws FhirError `invalid` when it is neither. */
export function resolveType(definitions: Definitions, { namespace, name }: TypeName): ResolvedType {
  if (namespace === 'System') return `System.${name}`;
  if ((namespace === undefined || namespace === 'FHIR') && definitions.type(name)) return name;
  if (namespace === undefined && SYSTEM_TYPES.has(name)) return `System.${name}`;
  const written = namespace === undefined ? name : `${namespace}.${name}`;
  // `Observation.component` is a type too.
  if (definitions.type(written)) return written;
  throw fault('invalid', `There is no type "${written.slice(0, 100)}"`);
}

/** `is`: the type or one derived from it. */
export function isTest(definitions: Definitions, wanted: ResolvedType): (type: string) => boolean {
  return remembered(
    (type) =>
      isKindOf(definitions, type, wanted) ||
      wanted === 'System.Any' ||
      (wanted === 'Quantity' && type === 'System.Quantity'),
  );
}

/**
 * `as` and `ofType`. `exact`: a primitive must be of the very type, a code is not taken as a string, as the test suite of R4 has it; otherwise derived
 * types count, as search parameters need it (`ConceptMap.source as uri` finds a canonical).
 */
export function ofTypeTest(
  definitions: Definitions,
  wanted: ResolvedType,
  exact: boolean,
): (type: string) => boolean {
  return exact && definitions.type(wanted)?.kind === 'primitive-type'
    ? (type) => type === wanted
    : isTest(definitions, wanted);
}

function remembered(judge: (type: string) => boolean): (type: string) => boolean {
  const known = new Map<string, boolean>();
  return (type) => {
    let is = known.get(type);
    if (is === undefined) known.set(type, (is = judge(type)));
    return is;
  };
}
