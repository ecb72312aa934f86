/**
 * Languages that a person can read, in their order, as Accept-Language and `displayLanguage` write them, and which words of a concept are in one of
 * them. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4, https://www.rfc-editor.org/rfc/rfc4647#section-3.3
 */

export interface Languages {
  /** as it was asked, in one spelling */
  readonly text: string;
  /** tags in order of preference, without `*` */
  readonly wanted: readonly string[];
  /** words of no other language may stand in: `*;q=0` */
  readonly isHard: boolean;
}

const TAG = /^(?:\*|[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)$/;
const MOST = 20;

/** undefined: it is no list of languages. */
export function parseLanguages(text: string): Languages | undefined {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 0 || parts.length > MOST) return undefined;
  const read = parts.map((part) => {
    const [tag = '', ...parameters] = part.split(';').map((one) => one.trim());
    const quality = parameters.find((one) => /^q\s*=/i.test(one))?.replace(/^q\s*=\s*/i, '');
    return { tag, quality: quality === undefined ? 1 : Number(quality) };
  });
  if (read.some(({ tag, quality }) => !TAG.test(tag) || Number.isNaN(quality))) return undefined;
  const wanted = read
    .filter(({ tag, quality }) => tag !== '*' && quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
  const isHard = read.some(({ tag, quality }) => tag === '*' && quality === 0);
  const hasRest = read.some(({ tag, quality }) => tag === '*' && quality > 0);
  return { text: `${wanted.join(',')}${isHard ? ', *; q=0' : hasRest ? ',*' : ''}`, wanted, isHard };
}

/** How well words in a language serve: `en-GB` for `en` and `en` for `en-GB` both do, the exact tag best. */
export function speaks(language: string | undefined, wanted: string): boolean {
  if (language === undefined) return false;
  const [a, b] = [language.toLowerCase(), wanted.toLowerCase()];
  return a === b || a.startsWith(`${b}-`) || b.startsWith(`${a}-`);
}
