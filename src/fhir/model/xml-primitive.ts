/**
 * The text of a `value` attribute as the JSON value of a primitive type. Formats such as that of a date are left to the validation.
 * https://hl7.org/fhir/R4/datatypes.html#primitive, https://hl7.org/fhir/R4/json.html#primitive
 */
import type { Definitions } from '../definitions/registry.ts';
import { keepNumber } from './json.ts';
import type { JsonPrimitive } from './tree.ts';
import { primitiveForm } from './xml-slots.ts';

const INTEGER = /^-?(?:0|[1-9]\d*)$/;
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** their white space is content; that of every other type is collapsed by XML Schema */
const KEEPS_SPACE = new Set(['string', 'markdown']);
/** white space of XML, which is less than that of Unicode */
const ENDS = /^[ \t\r\n]+|[ \t\r\n]+$/g;

/** The value, or undefined when the text is none of that type. A decimal whose text a number would lose becomes a `Decimal`. */
export function parsePrimitive(
  definitions: Definitions,
  type: string,
  text: string,
): JsonPrimitive | undefined {
  if (KEEPS_SPACE.has(type)) return text;
  const trimmed = text.replace(ENDS, '');
  switch (primitiveForm(definitions, type)) {
    case 'boolean':
      return trimmed === 'true' ? true : trimmed === 'false' ? false : undefined;
    case 'integer':
      return INTEGER.test(trimmed) ? keepNumber(trimmed) : undefined;
    case 'decimal':
      return DECIMAL.test(trimmed) ? keepNumber(trimmed) : undefined;
    case 'string':
      return trimmed === '' ? undefined : trimmed;
  }
}

/** What a value of the type looks like, for messages. */
export function primitiveExample(definitions: Definitions, type: string): string {
  switch (primitiveForm(definitions, type)) {
    case 'boolean':
      return 'true or false';
    case 'integer':
      return 'a whole number such as 12';
    case 'decimal':
      return 'a number such as 1.50';
    case 'string':
      return `a ${type}`;
  }
}
