/** Which format the answer has: `_format` first, then Accept. https://hl7.org/fhir/R4/http.html#mime-type, #parameters */
import { fault } from '../../fhir/model/outcome.ts';
import { JSON_TYPES, XML_TYPES } from '../body.ts';

export interface Format {
  readonly kind: 'json' | 'xml';
  readonly pretty: boolean;
  readonly contentType: string;
}

const JSON_FORMAT: Format = {
  kind: 'json',
  pretty: false,
  contentType: 'application/fhir+json; charset=utf-8',
};
const XML_FORMAT: Format = { kind: 'xml', pretty: false, contentType: 'application/fhir+xml; charset=utf-8' };
const PLAIN_JSON: Format = { ...JSON_FORMAT, contentType: 'application/json; charset=utf-8' };
const PLAIN_XML: Format = { ...XML_FORMAT, contentType: 'application/xml; charset=utf-8' };

/** Words of `_format` beside the media types. */
const WORDS: Readonly<Record<string, Format>> = { json: JSON_FORMAT, xml: XML_FORMAT };
const REMEDY = 'ask for application/fhir+json or application/fhir+xml';

/** Throws FhirError 406 when nothing that is asked for can be made. */
export function negotiate(accept: string | undefined, query: readonly (readonly [string, string])[]): Format {
  const asked = query.length > 0 ? query.findLast(([name]) => name === '_format')?.[1] : undefined;
  const pretty = query.length > 0 && query.findLast(([name]) => name === '_pretty')?.[1] === 'true';
  const format = asked === undefined ? byAccept(accept) : byWord(asked);
  return pretty ? { ...format, pretty } : format;
}

function byWord(asked: string): Format {
  // An unescaped "+" of application/fhir+json arrives as a space.
  const word = asked.split(';')[0]!.trim().toLowerCase().replace(' ', '+');
  const format = Object.hasOwn(WORDS, word) ? WORDS[word] : byMediaType(word);
  if (format) return format;
  throw fault('not-acceptable', `_format is "${asked.slice(0, 80)}": ${REMEDY}, or json, or xml`, '_format');
}

function byMediaType(type: string): Format | undefined {
  if (type === 'application/json') return PLAIN_JSON;
  if (type === 'application/xml') return PLAIN_XML;
  if (JSON_TYPES.includes(type)) return JSON_FORMAT;
  return XML_TYPES.includes(type) ? XML_FORMAT : undefined;
}

function byAccept(accept: string | undefined): Format {
  if (accept === undefined || accept === '*/*' || isPlainlyJson(accept)) return JSON_FORMAT;
  const ranges = accept
    .split(',')
    .map(range)
    .filter(({ weight }) => weight > 0);
  ranges.sort((a, b) => b.weight - a.weight);
  for (const { type } of ranges) {
    if (type === '*/*' || type === 'application/*') return JSON_FORMAT;
    const format = byMediaType(type);
    if (format) return format;
  }
  // A browser's address bar asks for HTML and anything else last; "text/html" alone cannot be served.
  throw fault('not-acceptable', `Accept is "${accept.slice(0, 120)}": ${REMEDY}`);
}

/** The usual case without a closer look: FHIR JSON first, and nothing weighed. */
const isPlainlyJson = (accept: string): boolean =>
  accept.startsWith('application/fhir+json') && !/^.{21}[^;,]|q=/s.test(accept);

function range(text: string): { type: string; weight: number } {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const q = parameters.find((one) => one.startsWith('q='));
  const weight = q === undefined ? 1 : Number(q.slice(2));
  return { type, weight: Number.isNaN(weight) ? 0 : weight };
}
