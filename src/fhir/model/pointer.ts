/** JSON Pointers into trees: parsing, and the rules for array indexes. https://www.rfc-editor.org/rfc/rfc6901 */
import { Decimal, isObject, type JsonArray, type JsonObject, type JsonValue } from './tree.ts';

/** The tokens of a pointer, unescaped; a text that says what is wrong when it is none. */
export function parsePointer(text: string): string[] | string {
  if (text === '') return [];
  if (!text.startsWith('/')) return 'a path is "" or begins with "/", such as /name/0/family';
  if (/~(?![01])/.test(text)) return 'in a path "~" is written ~0 and "/" inside a name ~1';
  const tokens = text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  return tokens.includes('__proto__') ? 'the name "__proto__" is not allowed' : tokens;
}

export function pointerText(tokens: readonly (string | number)[]): string {
  return tokens.map((token) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

export type Container = JsonObject | JsonArray;

export const isContainer = (value: JsonValue | undefined): value is Container =>
  Array.isArray(value) || isObject(value);

/** Index that a token means in an array; `-` is the place after the last item. Undefined for anything else, leading zeros included. */
export function indexOf(array: JsonArray, token: string): number | undefined {
  if (token === '-') return array.length;
  return /^(?:0|[1-9]\d{0,8})$/.test(token) ? Number(token) : undefined;
}

/** The value that a token names in a container; undefined when there is none. */
export function childOf(container: Container, token: string): JsonValue | undefined {
  if (Array.isArray(container)) return container[indexOf(container, token) ?? -1];
  return Object.hasOwn(container, token) ? container[token] : undefined;
}

/** What a value is, in words and without its content: `an array of 2 items`. */
export function kindOf(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value instanceof Decimal) return 'a number';
  if (Array.isArray(value)) return `an array of ${value.length} item${value.length === 1 ? '' : 's'}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
