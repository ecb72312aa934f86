/** One operation of a FHIRPath Patch, read from its `part`s. https://hl7.org/fhir/R4/fhirpatch.html */
import { fault, type FhirError } from './outcome.ts';
import { isObject, type JsonObject, type JsonValue } from './tree.ts';

/** The parts that each type needs, beside `type` and `path`. */
const NEEDS = {
  add: ['name', 'value'],
  insert: ['index', 'value'],
  delete: [],
  replace: ['value'],
  move: ['source', 'destination'],
} as const satisfies Record<string, readonly string[]>;

const NUMBERS: readonly string[] = ['index', 'source', 'destination'];
const KNOWN: readonly string[] = ['type', 'path', 'name', 'value', ...NUMBERS];

export interface PatchOperation {
  readonly type: keyof typeof NEEDS;
  readonly path: string;
  /** there for the types that need them */
  readonly name?: string;
  /** the part that holds the value */
  readonly value?: JsonObject;
  readonly index?: number;
  readonly source?: number;
  readonly destination?: number;
}

/** Reads Parameters.parameter[index]. Throws FhirError `invalid` for parts that are missing, doubled, unknown or of another type. */
export function readOperation(sent: JsonValue, index: number): PatchOperation {
  const refuse = (what: string): FhirError =>
    fault('invalid', `Operation ${index}: ${what}`, `Parameters.parameter[${index}]`);
  if (!isObject(sent) || sent['name'] !== 'operation' || !Array.isArray(sent['part'])) {
    throw refuse('each parameter of a FHIRPath Patch is named "operation" and has parts');
  }
  const parts = partsByName(sent['part'], refuse);
  const type = textOf(parts, 'type', refuse);
  if (!Object.hasOwn(NEEDS, type))
    throw refuse(`the type "${type.slice(0, 64)}" is none of ${Object.keys(NEEDS).join(', ')}`);
  const operation: Record<string, unknown> = { type, path: textOf(parts, 'path', refuse) };
  for (const name of NEEDS[type as keyof typeof NEEDS]) {
    if (name === 'value') operation[name] = partOf(parts, name, refuse);
    else
      operation[name] = NUMBERS.includes(name) ? numberOf(parts, name, refuse) : textOf(parts, name, refuse);
  }
  return operation as unknown as PatchOperation;
}

type Refuse = (what: string) => FhirError;

function partsByName(list: readonly JsonValue[], refuse: Refuse): Map<string, JsonObject> {
  const parts = new Map<string, JsonObject>();
  for (const part of list) {
    const name = isObject(part) ? part['name'] : undefined;
    if (typeof name !== 'string' || !KNOWN.includes(name))
      throw refuse(`a part is named ${KNOWN.join(', ')}, not ${JSON.stringify(name ?? null)}`);
    if (parts.has(name)) throw refuse(`the part "${name}" is there twice`);
    parts.set(name, part as JsonObject);
  }
  return parts;
}

function partOf(parts: ReadonlyMap<string, JsonObject>, name: string, refuse: Refuse): JsonObject {
  const part = parts.get(name);
  if (!part) throw refuse(`the part "${name}" is missing`);
  return part;
}

function valueOf(
  parts: ReadonlyMap<string, JsonObject>,
  name: string,
  refuse: Refuse,
): JsonValue | undefined {
  const part = partOf(parts, name, refuse);
  return part[Object.keys(part).find((one) => one.startsWith('value')) ?? ''];
}

function textOf(parts: ReadonlyMap<string, JsonObject>, name: string, refuse: Refuse): string {
  const value = valueOf(parts, name, refuse);
  if (typeof value !== 'string' || value === '')
    throw refuse(`the part "${name}" must have a ${name === 'type' ? 'valueCode' : 'valueString'}`);
  return value;
}

function numberOf(parts: ReadonlyMap<string, JsonObject>, name: string, refuse: Refuse): number {
  const value = valueOf(parts, name, refuse);
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
    throw refuse(`the part "${name}" must have a valueInteger from 0`);
  return value;
}
