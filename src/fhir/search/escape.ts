/** Escapes in search values: `\,` `\|` `\$` `\\`. https://hl7.org/fhir/R4/search.html#escaping */

/** Splits at an unescaped separator; each part is unescaped. */
export function splitEscaped(text: string, separator: string): string[] {
  if (!text.includes('\\')) return text.split(separator);
  return splitRaw(text, separator).map(unescape);
}

/** Splits at an unescaped separator and leaves escapes in the parts. */
export function splitRaw(text: string, separator: string): string[] {
  if (!text.includes('\\')) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === separator) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, text.slice(start)];
}

/** A backslash keeps its literal meaning before any character that needs no escape. */
export function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/\\([,|$\\])/g, '$1') : text;
}
