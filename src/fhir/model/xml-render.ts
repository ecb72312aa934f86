/** Resource trees as FHIR XML, in the order of the definitions. https://hl7.org/fhir/R4/xml.html */
import type { Definitions } from '../definitions/registry.ts';
import { fault, type FhirError } from './outcome.ts';
import { Decimal, isObject, type JsonObject, type JsonValue, type ResourceTree } from './tree.ts';
import { narrativeFlaw, narrativeNamespace } from './xml-narrative.ts';
import { FHIR_NAMESPACE, slotsOf, XHTML_NAMESPACE, type Slot } from './xml-slots.ts';

export interface XmlOptions {
  /** two spaces a level; the narrative is left as it is */
  readonly pretty?: boolean;
}

interface Writer {
  readonly definitions: Definitions;
  out: string;
  /** line break and indentation of the current level; stays empty when not pretty */
  indent: string;
  readonly path: string[];
  /** whether characters that XML does not allow are replaced instead of refused */
  readonly replaces: boolean;
}

/**
 * The XML document of a resource. Throws FhirError `not-acceptable`, naming the element, for what XML cannot say: control characters, a narrative that is
 * not well-formed, an element that the definitions do not know. In an OperationOutcome such characters become U+FFFD: an outcome can always be said.
 */
export function renderXml(definitions: Definitions, tree: ResourceTree, options: XmlOptions = {}): string {
  const out = '<?xml version="1.0" encoding="UTF-8"?>';
  const replaces = tree.resourceType === 'OperationOutcome';
  const writer: Writer = { definitions, out, indent: options.pretty ? '\n' : '', path: [], replaces };
  writeResource(writer, tree, ` xmlns="${FHIR_NAMESPACE}"`);
  return options.pretty ? `${writer.out}\n` : writer.out;
}

function writeResource(writer: Writer, resource: JsonObject, namespace = ''): void {
  const type = resource['resourceType'];
  if (typeof type !== 'string' || !writer.definitions.isResourceType(type)) {
    throw unsaid(writer, `${JSON.stringify(type) ?? 'nothing'} is not a resource type of FHIR R4`);
  }
  if (writer.path.length === 0) writer.path.push(type);
  writeContent(writer, type, type, namespace, resource);
}

/** An element with attributes and children; `owner` is the type whose slots its properties are. */
function writeContent(
  writer: Writer,
  tag: string,
  owner: string,
  attributes: string,
  object: JsonObject,
): void {
  const members = membersOf(writer, owner, object);
  writer.out += `${writer.indent}<${tag}${attributes}`;
  let hasChildren = false;
  for (const [slot, name] of members) {
    writer.path.push(`.${slot.pathName}`);
    if (slot.form === 'attribute') writer.out += ` ${name}="${attributeValue(writer, object[name]!)}"`;
    else {
      if (!hasChildren) writer.out += '>';
      if (!hasChildren && writer.indent !== '') writer.indent += '  ';
      hasChildren = true;
      writeSlot(
        writer,
        slot,
        object[slot.name],
        slot.form === 'primitive' ? object[`_${slot.name}`] : undefined,
      );
    }
    writer.path.pop();
  }
  if (!hasChildren) {
    writer.out += '/>';
    return;
  }
  if (writer.indent !== '') writer.indent = writer.indent.slice(0, -2);
  writer.out += `${writer.indent}</${tag}>`;
}

/** The properties that are there, in the order of the standard and attributes first; `_x` only where there is no `x`. */
function membersOf(writer: Writer, owner: string, object: JsonObject): (readonly [Slot, string])[] {
  const slots = slotsOf(writer.definitions, owner);
  const members: (readonly [Slot, string])[] = [];
  let isSorted = true;
  let last = -1;
  for (const name in object) {
    if (object[name] === undefined) continue;
    const isSibling = name.charCodeAt(0) === 0x5f;
    const slot = slots.get(isSibling ? name.slice(1) : name);
    if (!slot && name === 'resourceType' && writer.definitions.isResourceType(owner)) continue;
    if (!slot || (isSibling && slot.form !== 'primitive'))
      throw unsaid(writer, `${owner} has no element "${name.slice(0, 64)}"`);
    if (isSibling && object[slot.name] !== undefined) continue;
    const rank = rankOf(slot);
    if (rank < last) isSorted = false;
    last = rank;
    members.push([slot, name]);
  }
  return isSorted ? members : members.sort(([a], [b]) => rankOf(a) - rankOf(b));
}

const rankOf = (slot: Slot): number => (slot.form === 'attribute' ? slot.order - 1000 : slot.order);

function writeSlot(
  writer: Writer,
  slot: Slot,
  value: JsonValue | undefined,
  sibling: JsonValue | undefined,
): void {
  const values = arrayOf(value);
  const siblings = arrayOf(sibling);
  if (!slot.many && values.length <= 1 && siblings.length <= 1) {
    writeValue(writer, slot, values[0], siblings[0]);
    return;
  }
  const count = Math.max(values.length, siblings.length);
  for (let i = 0; i < count; i++) {
    writer.path.push(`[${i}]`);
    writeValue(writer, slot, values[i], siblings[i]);
    writer.path.pop();
  }
}

const arrayOf = (value: JsonValue | undefined): JsonValue[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

function writeValue(
  writer: Writer,
  slot: Slot,
  value: JsonValue | undefined,
  sibling: JsonValue | undefined,
): void {
  if (slot.form === 'primitive') return writePrimitive(writer, slot.name, value, sibling);
  if (slot.form === 'xhtml') return writeNarrative(writer, value);
  if (!isObject(value)) throw unsaid(writer, `an object is needed here, found ${JSON.stringify(value)}`);
  if (slot.form === 'complex') return writeContent(writer, slot.name, slot.type, '', value);
  writer.out += `${writer.indent}<${slot.name}>`;
  const { indent } = writer;
  if (indent !== '') writer.indent += '  ';
  writeResource(writer, value);
  writer.indent = indent;
  writer.out += `${indent}</${slot.name}>`;
}

function writePrimitive(
  writer: Writer,
  tag: string,
  value: JsonValue | undefined,
  sibling: JsonValue | undefined,
): void {
  const text = value === undefined || value === null ? '' : ` value="${attributeValue(writer, value)}"`;
  if (isObject(sibling)) writeContent(writer, tag, 'Element', text, sibling);
  else writer.out += `${writer.indent}<${tag}${text}/>`;
}

function writeNarrative(writer: Writer, value: JsonValue | undefined): void {
  if (typeof value !== 'string') throw unsaid(writer, 'a narrative is a string that holds a <div>');
  const flaw = narrativeFlaw(value);
  if (flaw !== undefined) throw unsaid(writer, `the narrative is not well-formed XHTML: ${flaw}`);
  const text = value.trim();
  const namespace = narrativeNamespace(text);
  if (namespace !== undefined && namespace !== XHTML_NAMESPACE) {
    throw unsaid(writer, `the narrative is in the namespace "${namespace}" instead of that of XHTML`);
  }
  const rest = text.slice('<div'.length);
  writer.out += `${writer.indent}<div${namespace === undefined ? ` xmlns="${XHTML_NAMESPACE}"` : ''}${rest}`;
}

// eslint-disable-next-line no-control-regex
const SPECIAL = /[&<>"\u0000-\u001f\ufffe\uffff]/;
// eslint-disable-next-line no-control-regex
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const ALL_ILLEGAL = new RegExp(ILLEGAL, 'g');
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

function attributeValue(writer: Writer, value: JsonValue): string {
  if (typeof value !== 'string') {
    if (typeof value === 'number' || typeof value === 'boolean' || value instanceof Decimal)
      return String(value);
    throw unsaid(
      writer,
      `a single value is needed here, found ${Array.isArray(value) ? 'an array' : 'an object'}`,
    );
  }
  const text = legalText(writer, value);
  return SPECIAL.test(text) ? text.replace(/[&<>"\t\n\r]/g, (one) => ESCAPES[one]!) : text;
}

function legalText(writer: Writer, text: string): string {
  const illegal = ILLEGAL.exec(text)?.[0] ?? (text.isWellFormed() ? undefined : '\ud800');
  if (illegal === undefined) return text;
  if (writer.replaces) return text.toWellFormed().replaceAll(ALL_ILLEGAL, '\ufffd');
  const code = illegal.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  throw unsaid(writer, `the text holds the character U+${code}, which XML does not allow`);
}

function unsaid(writer: Writer, why: string): FhirError {
  const path = writer.path.join('');
  return fault(
    'not-acceptable',
    `This cannot be written as XML: ${why}. Ask for application/fhir+json`,
    ...(path === '' ? [] : [path]),
  );
}
