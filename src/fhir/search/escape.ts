/** Escapes in search values: `\,` `\|` `\$` `\\`. https://hl7.org/fhir/R4/search.html#escaping */

/** Splits at an unescaped separator; each part is unescaped. */
export function splitEscaped(text: string, separator: string): string[] {
  if (!text.includes('\\')) return text.split(separator);
  return splitRaw(text, separator).map(unescape);
}

/** Splits at an unescaped separator and leaves escapes in the parts. */
export function splitRaw(text: string, separator: string): string[] {
  if (!text.includes('\\')) return text.split(separator);
  const parts: string[] = [''];
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === separator) parts.push('');
    else
      parts[parts.length - 1] +=
        character === '\\' && i + 1 < text.length ? character + text[++i]! : character;
  }
  return parts;
}

/** A backslash keeps its literal meaning before any character that needs no escape. */
export function unescape(text: string): string {
  return text.replace(/\\([,|$\\])/g, '$1');
}
