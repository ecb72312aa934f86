/**
 * The XHTML of a narrative as text: whether it is one well-formed `div`, without building a tree of it.
 * https://hl7.org/fhir/R4/narrative.html, https://www.w3.org/TR/xml/
 */
const NAME = '[A-Za-z_:\\u00c0-\\uffff][\\w:.\\-\\u00b7-\\uffff]*';
const OPEN = new RegExp(`<(${NAME})((?:\\s+${NAME}\\s*=\\s*(?:"[^<"]*"|'[^<']*'))*)\\s*(/?)>`, 'uy');
const CLOSE = new RegExp(`</(${NAME})\\s*>`, 'uy');
const ATTRIBUTE = new RegExp(`\\s+(${NAME})\\s*=\\s*("[^"]*"|'[^']*')`, 'ug');
const REFERENCE = /&(amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});/y;
// eslint-disable-next-line no-control-regex
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const DEEPEST = 100;

interface Scan {
  readonly text: string;
  at: number;
  /** names of the elements that are open */
  readonly open: string[];
  /** prefixes that names have, and those that were declared */
  readonly used: Set<string>;
  readonly declared: Set<string>;
}

/**
 * What is wrong with the text of a narrative `div`, in words; undefined when it is one well-formed `div` element. References other than the five
 * of XML and to numbered characters are wrong, for XHTML in FHIR has no DTD.
 */
export function narrativeFlaw(text: string): string | undefined {
  if (!/^\s*<div[\s/>]/.test(text)) return 'it does not begin with <div';
  if (ILLEGAL.test(text) || !text.isWellFormed()) return 'it holds a character that XML does not allow';
  const scan: Scan = { text, at: text.indexOf('<'), open: [], used: new Set(), declared: new Set(['xml']) };
  for (;;) {
    const flaw = passMarkup(scan);
    if (flaw !== undefined) return flaw;
    if (scan.open.length === 0) break;
    const next = text.indexOf('<', scan.at);
    if (next < 0) return `its <${scan.open.at(-1)!}> is not closed`;
    const bad = next > scan.at ? textFlaw(text.slice(scan.at, next)) : undefined;
    if (bad !== undefined) return bad;
    scan.at = next;
  }
  if (text.slice(scan.at).trim() !== '') return 'something stands after the end of its div';
  const unknown = [...scan.used].find((prefix) => !scan.declared.has(prefix));
  return unknown === undefined ? undefined : `the prefix "${unknown}:" has no namespace`;
}

/** The default namespace that the `div` of a well-formed narrative declares itself; undefined when it declares none. */
export function narrativeNamespace(text: string): string | undefined {
  OPEN.lastIndex = text.indexOf('<');
  const attributes = OPEN.exec(text)?.[2] ?? '';
  for (const [, name, value = ''] of attributes.matchAll(ATTRIBUTE)) {
    if (name === 'xmlns') return value.slice(1, -1);
  }
  return undefined;
}

/** Passes the markup at `scan.at`; gives its flaw. */
function passMarkup(scan: Scan): string | undefined {
  const next = scan.text.charCodeAt(scan.at + 1);
  if (next === 0x2f) return passClose(scan);
  if (next === 0x21) return passDeclaration(scan);
  if (next === 0x3f) return passUntil(scan, '?>', 'processing instruction');
  return passOpen(scan);
}

function passOpen(scan: Scan): string | undefined {
  OPEN.lastIndex = scan.at;
  const found = OPEN.exec(scan.text);
  if (!found) return `"${excerpt(scan)}" is no well-formed tag`;
  const [whole, name = '', attributes = '', slash] = found;
  usePrefix(scan, name);
  const flaw = attributes === '' ? undefined : attributesFlaw(scan, attributes);
  if (flaw !== undefined) return flaw;
  if (slash === '') scan.open.push(name);
  if (scan.open.length > DEEPEST) return `it is nested deeper than ${DEEPEST} levels`;
  scan.at += whole.length;
  return undefined;
}

function attributesFlaw(scan: Scan, attributes: string): string | undefined {
  const names = new Set<string>();
  for (const [, name = '', value = ''] of attributes.matchAll(ATTRIBUTE)) {
    if (names.has(name)) return `the attribute "${name}" stands twice in one tag`;
    names.add(name);
    if (name.startsWith('xmlns:')) scan.declared.add(name.slice('xmlns:'.length));
    else usePrefix(scan, name);
    const bad = badReference(value);
    if (bad !== undefined) return bad;
  }
  return undefined;
}

function usePrefix(scan: Scan, name: string): void {
  const colon = name.indexOf(':');
  if (colon >= 0) scan.used.add(name.slice(0, colon));
}

function passClose(scan: Scan): string | undefined {
  CLOSE.lastIndex = scan.at;
  const found = CLOSE.exec(scan.text);
  const name = scan.open.pop()!;
  if (found?.[1] !== name) return `"${excerpt(scan)}" stands where </${name}> should close`;
  scan.at += found[0].length;
  return undefined;
}

function passDeclaration(scan: Scan): string | undefined {
  if (scan.text.startsWith('<![CDATA[', scan.at)) return passUntil(scan, ']]>', 'CDATA section');
  if (!scan.text.startsWith('<!--', scan.at)) return 'it holds a declaration such as DOCTYPE';
  const start = (scan.at += 4);
  const flaw = passUntil(scan, '-->', 'comment');
  return flaw ?? (scan.text.slice(start, scan.at - 2).includes('--') ? 'a comment holds "--"' : undefined);
}

function passUntil(scan: Scan, end: string, what: string): string | undefined {
  const found = scan.text.indexOf(end, scan.at);
  if (found < 0) return `a ${what} does not end`;
  scan.at = found + end.length;
  return undefined;
}

function textFlaw(text: string): string | undefined {
  return badReference(text) ?? (text.includes(']]>') ? '"]]>" stands in its text' : undefined);
}

function badReference(text: string): string | undefined {
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) {
    REFERENCE.lastIndex = at;
    const found = REFERENCE.exec(text)?.[1];
    if (found === undefined || !isCharacter(found)) {
      return `"${text.slice(at, at + 10)}" is no reference that XML knows: write the character itself, or &amp; for "&"`;
    }
  }
  return undefined;
}

/** Whether a reference stands for a character that XML allows. */
function isCharacter(reference: string): boolean {
  if (!reference.startsWith('#')) return true;
  const code = reference[1] === 'x' ? parseInt(reference.slice(2), 16) : Number(reference.slice(1));
  if (code < 0x20) return code === 9 || code === 10 || code === 13;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

const excerpt = (scan: Scan): string => scan.text.slice(scan.at, scan.at + 20);
