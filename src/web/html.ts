/**
 * HTML by tagged templates, escaped by construction: what is put in is text unless it was made by a template itself, and the template knows where
 * it stands. In text and in a double-quoted attribute a value is escaped; an address in `href` or `src` must be one that cannot run code;
 * anywhere else (a script, a style, an unquoted attribute, a tag's name) a value is refused when the template is first read.
 * https://html.spec.whatwg.org/multipage/parsing.html (docs/adr/0021)
 */

const MARKUP = Symbol('markup');
const FLAG = Symbol('attribute');

/** Markup that a template made. The symbol cannot come out of JSON, so no data can pass for it. */
export interface Html {
  readonly [MARKUP]: string;
}

/** A whole attribute, or none. */
export interface Flag {
  readonly [FLAG]: string;
}

/** What may be put into a template; `undefined` and `false` are nothing, a list is its parts in a row. */
export type Part = Html | Flag | string | number | undefined | false | readonly Part[];

type Place =
  | { readonly kind: 'text' }
  | { readonly kind: 'tag' }
  | { readonly kind: 'value'; readonly address: boolean; readonly first: boolean };

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const ADDRESSES: readonly string[] = ['href', 'src', 'action', 'formaction', 'poster'];
const FORBIDDEN_ATTRIBUTE = /^(on.*|style|srcdoc)$/;
/** An address of the web, a mail, or one without a scheme. */
const SAFE_ADDRESS = /^(?:https?:|mailto:|[^:]*$|[^:]*[/?#])/i;
/** Shown in place of an address that could run code. */
const BLOCKED = 'about:invalid#blocked';

const escape = (text: string): string => text.replace(/[&<>"']/g, (one) => ESCAPES[one]!);

const places = new WeakMap<TemplateStringsArray, readonly Place[]>();

/** The tag: `html\`<p>${name}</p>\``. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let where = places.get(strings);
  if (!where) places.set(strings, (where = placesOf(strings)));
  let text = strings[0]!;
  parts.forEach((part, index) => {
    text += render(part, where[index]!) + strings[index + 1]!;
  });
  return { [MARKUP]: text };
}

/** `name` as an attribute without a value where the condition holds: `<input ${flag('checked', isTicked)}>`. */
export function flag(
  name: 'checked' | 'disabled' | 'open' | 'selected' | 'required' | 'autofocus',
  holds: boolean | undefined,
): Flag {
  return { [FLAG]: holds ? name : '' };
}

/** A whole attribute where there is a value: `<input ${attribute('aria-describedby', id)}>`. */
export function attribute(
  name: `aria-${string}` | `data-${string}` | 'title' | 'value',
  value?: string,
): Flag {
  return { [FLAG]: value === undefined ? '' : `${name}="${escape(value)}"` };
}

/** The text of a template, to be sent. */
export const markupOf = (html: Html): string => html[MARKUP];

function render(part: Part, place: Place): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'object' && FLAG in part) {
    if (place.kind === 'tag') return part[FLAG];
    throw new TypeError('An attribute stands outside of a tag');
  }
  if (place.kind === 'tag') throw new TypeError('Only flag() and attribute() may stand in a tag');
  if (place.kind === 'value') return renderValue(part, place);
  if (typeof part === 'object' && MARKUP in part) return part[MARKUP];
  if (typeof part === 'object') return part.map((one) => render(one, place)).join('');
  return escape(String(part));
}

function renderValue(part: Part, place: Place & { kind: 'value' }): string {
  if (typeof part !== 'string' && typeof part !== 'number')
    throw new TypeError('An attribute takes a text or a number');
  const text = String(part);
  // Browsers drop control characters and blanks from a scheme before they look at it.
  // eslint-disable-next-line no-control-regex
  const bare = text.replace(/[\u0000-\u0020\u007f]/g, '');
  return escape(place.address && place.first && !SAFE_ADDRESS.test(bare) ? BLOCKED : text);
}

/** Reads the fixed texts once and says what each gap stands in. */
function placesOf(strings: readonly string[]): readonly Place[] {
  const reader = { state: 'text' as 'text' | 'tag' | 'value', raw: '', tag: '', name: '', first: false };
  return strings.slice(0, -1).map((text) => {
    readMarkup(reader, text);
    if (/<\/?$/.test(text)) throw new TypeError('A value may not name a tag');
    return placeAt(reader);
  });
}

interface Reader {
  state: 'text' | 'tag' | 'value';
  /** `script` or `style` while in one */
  raw: string;
  tag: string;
  name: string;
  /** nothing of the value has been seen yet */
  first: boolean;
}

function placeAt(reader: Reader): Place {
  if (reader.raw !== '') throw new TypeError(`No value may stand in <${reader.raw}>`);
  if (reader.state === 'text') return { kind: 'text' };
  if (reader.state === 'tag') {
    if (!/\s$/.test(reader.tag))
      throw new TypeError('A value may not be a part of a tag or of an unquoted attribute');
    return { kind: 'tag' };
  }
  if (FORBIDDEN_ATTRIBUTE.test(reader.name)) throw new TypeError(`No value may stand in ${reader.name}`);
  const place: Place = { kind: 'value', address: ADDRESSES.includes(reader.name), first: reader.first };
  reader.first = false;
  return place;
}

function readMarkup(reader: Reader, text: string): void {
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (reader.state === 'text') {
      if (char === '<' && opensTag(reader, text, at)) Object.assign(reader, { state: 'tag', tag: '' });
    } else if (reader.state === 'tag') readTag(reader, char);
    else if (char === '"') Object.assign(reader, { state: 'tag', tag: `${reader.tag}""` });
    else reader.first = false;
  }
}

function opensTag(reader: Reader, text: string, at: number): boolean {
  if (text.startsWith('<!--', at)) throw new TypeError('A template holds no HTML comments');
  if (reader.raw === '') return /[a-z/!]/i.test(text[at + 1] ?? '');
  return text.startsWith(`</${reader.raw}`, at);
}

function readTag(reader: Reader, char: string): void {
  if (char === "'") throw new TypeError('Attributes are in double quotes');
  if (char === '"') {
    reader.name = (/([\w-]+)=$/.exec(reader.tag)?.[1] ?? '').toLowerCase();
    Object.assign(reader, { state: 'value', first: true });
  } else if (char === '>') {
    const opened = /^(script|style)\b/i.exec(reader.tag)?.[1]?.toLowerCase();
    Object.assign(reader, { state: 'text', raw: opened ?? '' });
  } else reader.tag += char;
}
