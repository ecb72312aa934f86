/**
 * The `div` of a narrative inside an XML document: taken over as it stands, so that it comes out of JSON and XML alike.
 * https://hl7.org/fhir/R4/narrative.html
 */
import type { SaxesTagNS } from 'saxes';
import { XHTML_NAMESPACE } from './xml-slots.ts';

export interface Narrative {
  /** gives what is wrong with a tag inside */
  open(tag: SaxesTagNS): string | undefined;
  text(text: string): void;
  /** ends a tag; gives the whole div when it was the last. `end` is the offset behind the tag in the document. */
  close(tag: SaxesTagNS, end: number): string | undefined;
}

/** A narrative that begins at the offset `start` of `source`. Throws nothing; a div in another namespace is the caller's to refuse. */
export function beginNarrative(source: string, start: number, root: SaxesTagNS): Narrative {
  return root.prefix === '' ? verbatim(source, start, root) : rewritten(root);
}

function verbatim(source: string, start: number, root: SaxesTagNS): Narrative {
  let depth = 1;
  const inner = new Set<string>();
  return {
    open(tag) {
      depth++;
      return foreignPrefix(tag, inner);
    },
    text: () => undefined,
    close(_tag, end) {
      if (--depth > 0) return undefined;
      const text = source.slice(start, end).replace(/\r\n?/g, '\n');
      const hasNamespace = root.attributes['xmlns'] !== undefined;
      return hasNamespace ? text : `<div xmlns="${XHTML_NAMESPACE}"${text.slice('<div'.length)}`;
    },
  };
}

/** A prefix that was declared outside of the div would have no namespace once the div stands alone. */
function foreignPrefix(tag: SaxesTagNS, inner: Set<string>): string | undefined {
  for (const { name, prefix, local } of Object.values(tag.attributes)) {
    if (name.startsWith('xmlns:')) inner.add(local);
    else if (prefix !== '' && prefix !== 'xml' && prefix !== 'xmlns' && !inner.has(prefix)) return prefix;
  }
  return tag.prefix !== '' && !inner.has(tag.prefix) ? tag.prefix : undefined;
}

/** A div with a prefix (`<h:div>`): written anew without it. */
function rewritten(root: SaxesTagNS): Narrative {
  let depth = 1;
  let out = `<div xmlns="${XHTML_NAMESPACE}"${attributesOf(root)}>`;
  return {
    open(tag) {
      if (tag.uri !== XHTML_NAMESPACE) return tag.prefix;
      depth++;
      out += `<${tag.local}${attributesOf(tag)}${tag.isSelfClosing ? '/' : ''}>`;
      return undefined;
    },
    text(text) {
      out += text.replace(/[&<>]/g, (one) => (one === '&' ? '&amp;' : one === '<' ? '&lt;' : '&gt;'));
    },
    close(tag) {
      if (!tag.isSelfClosing || depth === 1) out += `</${tag.local}>`;
      return --depth > 0 ? undefined : out;
    },
  };
}

function attributesOf(tag: SaxesTagNS): string {
  const own = Object.values(tag.attributes).filter(
    ({ name }) => name !== 'xmlns' && !name.startsWith('xmlns:'),
  );
  return own
    .map(({ name, value }) => ` ${name}="${value.replace(/[&<"]/g, (one) => `&#${one.charCodeAt(0)};`)}"`)
    .join('');
}
