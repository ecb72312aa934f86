/** Which type of FHIRPath itself a FHIR type is taken as, for operators and functions. https://hl7.org/fhir/R4/fhirpath.html#types */

export type Kind =
  'Boolean' | 'String' | 'Integer' | 'Decimal' | 'Date' | 'DateTime' | 'Time' | 'Quantity' | 'Object';

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['boolean', 'Boolean'],
  ...[
    'string',
    'uri',
    'url',
    'canonical',
    'code',
    'oid',
    'uuid',
    'id',
    'markdown',
    'base64Binary',
    'xhtml',
  ].map((type): [string, Kind] => [type, 'String']),
  ...['integer', 'unsignedInt', 'positiveInt'].map((type): [string, Kind] => [type, 'Integer']),
  ['decimal', 'Decimal'],
  ['date', 'Date'],
  ['dateTime', 'DateTime'],
  ['instant', 'DateTime'],
  ['time', 'Time'],
  ...['Quantity', 'Age', 'Count', 'Distance', 'Duration', 'SimpleQuantity', 'MoneyQuantity'].map(
    (type): [string, Kind] => [type, 'Quantity'],
  ),
  ...(['Boolean', 'String', 'Integer', 'Decimal', 'Date', 'DateTime', 'Time', 'Quantity'] as const).map(
    (kind): [string, Kind] => [`System.${kind}`, kind],
  ),
]);

/** `code` -> String, `Age` -> Quantity, `System.Integer` -> Integer, `HumanName` -> Object */
export const kindOf = (type: string): Kind => KINDS.get(type) ?? 'Object';

/** The types of FHIRPath itself that an expression may name. */
export const SYSTEM_TYPES: ReadonlySet<string> = new Set([...KINDS.values(), 'Any']);

const PREFIX = 'System.';

/** A type as `type()` tells it. */
export function reflected(type: string): { readonly namespace: string; readonly name: string } {
  return type.startsWith(PREFIX)
    ? { namespace: 'System', name: type.slice(PREFIX.length) }
    : { namespace: 'FHIR', name: type };
}
