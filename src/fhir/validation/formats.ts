/**
 * The formats of primitive values: the regular expressions of R4, and what an expression cannot say (30 February, well-formed XHTML, sizes).
 * https://hl7.org/fhir/R4/datatypes.html#primitive
 */
import type { Definitions } from '../definitions/registry.ts';
import { narrativeFlaw, narrativeNamespace } from '../model/xml-narrative.ts';
import { XHTML_NAMESPACE } from '../model/xml-slots.ts';

export type Format = (text: string) => boolean;

/** characters in a string, https://hl7.org/fhir/R4/datatypes.html#string */
const LONGEST = 1024 * 1024;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;
const SPACE = /[ \t\r\n]/;
const MISPLACED_SPACE = /^[ \t\r\n]|[ \t\r\n]$|[ \t\r\n]{2}/;
const NOT_BASE64 = /[^A-Za-z0-9+/=\s]/;

/** Formats that are not just their expression. Those of R4 for uri, string and base64Binary take exponential time or none of the rules in. */
const FORMATS: Readonly<Record<string, Format>> = {
  string: isString,
  markdown: isString,
  uri: isUri,
  url: isUri,
  canonical: isUri,
  code: isCode,
  base64Binary: isBase64,
  xhtml: (text) => xhtmlFlaw(text) === undefined,
};

/** Date types: their day is looked up in the calendar as well. */
const DATES = new Set(['date', 'dateTime', 'instant']);

/** The format of a string-valued primitive type. */
export function formatOf(definitions: Definitions, type: string): Format {
  const own = FORMATS[type];
  if (own) return own;
  const regex = definitions.type(type)?.regex;
  if (regex === undefined) return isString;
  const pattern = new RegExp(`^(?:${regex})$`);
  return DATES.has(type) ? (text) => pattern.test(text) && isDay(text) : (text) => pattern.test(text);
}

function isString(text: string): boolean {
  return text !== '' && text.length <= LONGEST && !CONTROL.test(text);
}

function isUri(text: string): boolean {
  return text !== '' && text.length <= LONGEST && !SPACE.test(text) && !CONTROL.test(text);
}

/** No white space at the ends, and only single spaces inside. */
function isCode(text: string): boolean {
  if (!SPACE.test(text)) return isString(text);
  return isString(text) && !MISPLACED_SPACE.test(text);
}

function isBase64(text: string): boolean {
  if (text === '' || NOT_BASE64.test(text)) return false;
  const letters = SPACE.test(text) ? text.replace(/\s+/g, '') : text;
  if (letters.length % 4 !== 0) return false;
  const padding = letters.indexOf('=');
  return padding < 0 || padding >= letters.length - (letters.endsWith('==') ? 2 : 1);
}

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether the day exists: of a text that begins with YYYY-MM-DD, or has no day. */
function isDay(text: string): boolean {
  if (text.length < 10) return true;
  const day = Number(text.slice(8, 10));
  if (day <= 28) return true;
  const month = Number(text.slice(5, 7));
  if (day > DAYS[month - 1]!) return false;
  return month !== 2 || isLeap(Number(text.slice(0, 4)));
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

/** What is wrong with the text of a narrative, in words. */
export function xhtmlFlaw(text: string): string | undefined {
  return (
    narrativeFlaw(text) ??
    (narrativeNamespace(text) === XHTML_NAMESPACE ? undefined : `its div lacks xmlns="${XHTML_NAMESPACE}"`)
  );
}

/** What a value of a primitive type looks like, for messages. */
export const RIGHT_FORMS: Readonly<Record<string, string>> = {
  boolean: 'true or false, without quotes',
  integer: 'a whole number from -2147483648 to 2147483647, without quotes',
  positiveInt: 'a whole number from 1 to 2147483647, without quotes',
  unsignedInt: 'a whole number from 0 to 2147483647, without quotes',
  decimal: 'a number such as 1.50, without quotes',
  string: 'a text of 1 to 1048576 characters without control characters',
  markdown: 'a text of 1 to 1048576 characters without control characters',
  uri: 'a URI without spaces',
  url: 'a URL without spaces',
  canonical: 'a canonical URL without spaces',
  code: 'a code with no space at its ends and no two in a row',
  id: '1 to 64 letters, digits, "-" and "."',
  oid: 'an OID such as urn:oid:1.2.3',
  uuid: 'a UUID in lower case such as urn:uuid:c757873d-ec9a-4326-a141-556f43239520',
  base64Binary: 'base64 text',
  date: 'a day that exists as YYYY-MM-DD, or YYYY-MM or YYYY',
  dateTime:
    'YYYY, YYYY-MM, YYYY-MM-DD, or YYYY-MM-DDThh:mm:ss with a time zone (Z or +hh:mm), on a day that exists',
  instant: 'YYYY-MM-DDThh:mm:ss with a time zone (Z or +hh:mm), on a day that exists',
  time: 'hh:mm:ss',
  xhtml: `one <div xmlns="${XHTML_NAMESPACE}"> of well-formed XHTML`,
};

/** Range of the integer types. */
export const RANGES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  integer: [-2147483648, 2147483647],
  positiveInt: [1, 2147483647],
  unsignedInt: [0, 2147483647],
};
