/** Query strings and forms as ordered name-value pairs. Percent-encoding that is not UTF-8 is refused, not guessed. */
import { fault } from '../fhir/model/outcome.ts';

export type QueryPairs = readonly (readonly [name: string, value: string])[];

/** Parses `a=1&b=2` (no leading `?`). Throws FhirError 400 on a broken escape. */
export function parseQuery(text: string): QueryPairs {
  if (text === '') return [];
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      return at < 0 ? [decode(pair), ''] : [decode(pair.slice(0, at)), decode(pair.slice(at + 1))];
    });
}

function decode(text: string): string {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw fault(
      'syntax',
      `"${text}" is not valid percent-encoded UTF-8: write each byte of the UTF-8 text as %XX`,
    );
  }
}

/** Decodes one path segment; throws FhirError 400 on a broken escape. */
export function decodeSegment(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw fault('syntax', `The path segment "${text}" is not valid percent-encoded UTF-8`);
  }
}

/** The last value of a parameter, if it was sent. */
export function lastValue(query: QueryPairs, name: string): string | undefined {
  return query.findLast(([one]) => one === name)?.[1];
}
