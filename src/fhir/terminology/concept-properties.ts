/**
 * Properties of a concept: those that its code system declares, those of the standard, and those that are written as extensions.
 * https://hl7.org/fhir/R4/codesystem-concept-properties.html
 */
import type { Extension } from '@medplum/fhirtypes';
import type { Concept } from './code-system.ts';
import type { Member } from './part.ts';

export interface PropertyValue {
  readonly code: string;
  /** `{ valueString: … }` */
  readonly value: Readonly<Record<string, unknown>>;
}

const STANDARD = 'http://hl7.org/fhir/concept-properties#';
const EXTENSION = 'http://hl7.org/fhir/StructureDefinition/';

/** Extension of a concept -> the property that says the same. */
const AS_PROPERTY: Readonly<Record<string, readonly [code: string, uri: string]>> = {
  [`${EXTENSION}itemWeight`]: ['weight', `${STANDARD}itemWeight`],
  [`${EXTENSION}ordinalValue`]: ['weight', `${STANDARD}itemWeight`],
  [`${EXTENSION}codesystem-label`]: ['label', `${STANDARD}label`],
  [`${EXTENSION}valueset-label`]: ['label', `${STANDARD}label`],
  [`${EXTENSION}codesystem-conceptOrder`]: ['order', `${STANDARD}order`],
  [`${EXTENSION}valueset-conceptOrder`]: ['order', `${STANDARD}order`],
  [`${EXTENSION}structuredefinition-standards-status`]: ['status', `${STANDARD}status`],
};

/** Those that a line of an expansion carries: what was asked for, and what orders and labels a list. */
export function conceptProperties(
  { concept, listed, contains }: Member,
  asked: readonly string[],
): readonly PropertyValue[] {
  const extensions = [
    ...(concept?.source.extension ?? []),
    ...(listed?.extension ?? []),
    ...(contains?.extension ?? []),
  ];
  return [
    ...extensions.flatMap(asProperty),
    ...(concept && asked.includes('definition') && concept.definition !== undefined
      ? [{ code: 'definition', value: { valueString: concept.definition } }]
      : []),
    ...(concept ? declared(concept).filter((one) => isShown(one, asked)) : []),
  ];
}

/** Where nothing is asked, what speaks against using a code is shown all the same. */
function isShown({ code, value }: PropertyValue, asked: readonly string[]): boolean {
  if (asked.length > 0) return asked.includes(code) || asked.includes('*');
  return code === 'status' && value['valueCode'] !== 'active';
}

function asProperty({ url, ...rest }: Extension): PropertyValue[] {
  const known = AS_PROPERTY[url ?? ''];
  const entry = Object.entries(rest).find(([name]) => name.startsWith('value'));
  if (!known || !entry) return [];
  const [name, value] = entry as [string, unknown];
  // Numbers are decimals in the standard's properties, whatever the extension has.
  return [{ code: known[0], value: name === 'valueInteger' ? { valueDecimal: value } : { [name]: value } }];
}

export function declared({ source }: Concept): readonly PropertyValue[] {
  return (source.property ?? []).map(({ code, id: _id, extension: _extension, ...value }) => ({
    code,
    value,
  }));
}

/** Code -> uri, of the code systems of these members and of the standard. */
export function conceptUris(members: readonly Member[]): ReadonlyMap<string, string> {
  const uris = new Map<string, string>([
    ...Object.values(AS_PROPERTY),
    ['definition', `${STANDARD}definition`],
    ['status', `${STANDARD}status`],
  ] as never);
  for (const graph of new Set(members.map((member) => member.graph))) {
    for (const { code, uri } of graph?.resource.property ?? [])
      if (code !== undefined && uri !== undefined) uris.set(code, uri);
  }
  return uris;
}
