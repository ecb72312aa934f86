/** Equality of JSON values: numbers by value whatever their text, objects whatever the order. https://www.rfc-editor.org/rfc/rfc6902#section-4.6 */
import { Decimal, isObject, type JsonObject, type JsonValue } from './tree.ts';

export function equalValues(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (isNumber(a) && isNumber(b)) return exact(a) === exact(b);
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((one, i) => equalValues(one, b[i]!));
  return isObject(a) && isObject(b) && equalObjects(a, b);
}

function equalObjects(a: JsonObject, b: JsonObject): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && equalValues(a[name]!, b[name]!));
}

const isNumber = (value: JsonValue): value is number | Decimal =>
  typeof value === 'number' || value instanceof Decimal;

/** A text that two numbers share only if they are equal, however many digits they have: `1.50` and `15e-1` are both `15e-1`. */
function exact(value: number | Decimal): string {
  const [, sign = '', whole = '', part = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(String(value)) ?? [];
  const digits = (whole + part).replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  if (kept === '') return '0';
  return `${sign}${kept}e${Number(power) - part.length + digits.length - kept.length}`;
}
