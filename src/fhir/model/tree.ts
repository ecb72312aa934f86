/**
 * A resource as a tree: plain JSON values, with one addition so that a decimal keeps the text it was sent with.
 * https://hl7.org/fhir/R4/json.html, https://hl7.org/fhir/R4/datatypes.html#decimal
 */

/** Node has it, its types do not yet. https://tc39.es/proposal-json-parse-with-source/ */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

/**
 * A number whose text would not survive `String(Number(text))`, such as 1.50, 1e2 or a 20-digit decimal. All other numbers are plain
 * JavaScript numbers in the tree. Compares and computes like a number through `valueOf`.
 */
export class Decimal {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  valueOf(): number {
    return Number(this.text);
  }
  toString(): string {
    return this.text;
  }
  /** JSON.stringify writes the text as it is. */
  toJSON(): unknown {
    return rawJSON(this.text);
  }
}

export type JsonPrimitive = string | number | boolean | null | Decimal;
export type JsonValue = JsonPrimitive | JsonArray | JsonObject;
export type JsonArray = JsonValue[];
export interface JsonObject {
  [name: string]: JsonValue;
}
/** A resource tree: `resourceType` is there and is a string; nothing else is promised. */
export interface ResourceTree extends JsonObject {
  resourceType: string;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal);
}
