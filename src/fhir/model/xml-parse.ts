/** FHIR XML as resource trees, along the definitions. https://hl7.org/fhir/R4/xml.html */
import { SaxesParser, type SaxesTagNS } from 'saxes';
import type { Definitions } from '../definitions/registry.ts';
import { didYouMean } from './near.ts';
import { fault, type Fault, type FhirError } from './outcome.ts';
import type { JsonArray, JsonObject, JsonPrimitive, JsonValue, ResourceTree } from './tree.ts';
import { beginNarrative, type Narrative } from './xml-parse-narrative.ts';
import { parsePrimitive, primitiveExample } from './xml-primitive.ts';
import {
  attributesOf,
  FHIR_NAMESPACE,
  slotsOf,
  XHTML_NAMESPACE,
  type Slot,
  type Slots,
} from './xml-slots.ts';

const DEEPEST = 100;
const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
const NO_SLOTS: Slots = new Map();

/** An open element. `holder` is the element around an inline resource, such as `contained`. */
interface Frame {
  readonly form: 'resource' | 'complex' | 'primitive' | 'holder';
  readonly type: string;
  /** what may stand inside */
  readonly slots: Slots;
  readonly object: JsonObject;
  /** where it stands in its parent; undefined for a resource */
  readonly slot?: Slot;
  /** index among its repetitions */
  readonly index: number;
  /** offset of its `<` in the text */
  readonly start: number;
  /** order and name of the last child, for the order of elements */
  order: number;
  last: string;
  /** of a primitive */
  value?: JsonPrimitive;
  /** names of primitive arrays where some item has no value */
  valueless?: Set<string>;
}

interface Reader {
  readonly definitions: Definitions;
  readonly text: string;
  readonly parser: SaxesParser<{ xmlns: true; defaultXMLVersion: '1.0'; forceXMLVersion: true }>;
  readonly frames: Frame[];
  narrative?: Narrative;
  depth: number;
  /** offset of the `<` of the tag that is being read */
  start: number;
  root?: JsonObject;
}

/**
 * The resource of an XML document. Decimals keep their text. Throws FhirError with the element path, line and column for text that is not well-formed, for a
 * DOCTYPE, and for what the definitions do not have at that place. Cardinality and formats are left to the validation.
 */
export function parseXml(definitions: Definitions, text: string): ResourceTree {
  const parser = new SaxesParser({ xmlns: true, defaultXMLVersion: '1.0', forceXMLVersion: true });
  const reader: Reader = {
    definitions,
    text: text.charCodeAt(0) === 0xfeff ? text.slice(1) : text,
    parser,
    frames: [],
    depth: 0,
    start: 0,
  };
  listen(reader);
  parser.write(reader.text).close();
  return reader.root as ResourceTree;
}

function listen(reader: Reader): void {
  const { parser } = reader;
  parser.on('error', (error) => {
    const [, line, column, why] = /^(\d+):(\d+): ([\s\S]*)$/.exec(error.message) ?? [];
    throw fault(
      'syntax',
      `Not well-formed XML, line ${line}, column ${Number(column) + 1}: ${why}`,
      ...pathOf(reader),
    );
  });
  parser.on('doctype', () => {
    reader.start = reader.text.indexOf('<!DOCTYPE');
    throw wrong(reader, 'syntax', 'a DOCTYPE is not allowed in FHIR: leave it out');
  });
  parser.on('opentagstart', () => (reader.start = reader.text.lastIndexOf('<', parser.position - 1)));
  parser.on('opentag', (tag) => openTag(reader, tag));
  parser.on('closetag', (tag) => closeTag(reader, tag));
  parser.on('text', (text) => takeText(reader, text));
  parser.on('cdata', (text) => takeText(reader, text));
}

function openTag(reader: Reader, tag: SaxesTagNS): void {
  if (++reader.depth > DEEPEST) throw wrong(reader, 'syntax', `the nesting is deeper than ${DEEPEST} levels`);
  if (reader.narrative) {
    const prefix = reader.narrative.open(tag);
    if (prefix === undefined) return;
    throw wrong(
      reader,
      'syntax',
      `the prefix "${prefix}:" comes from outside of the narrative: write XHTML elements without a prefix`,
    );
  }
  const parent = reader.frames.at(-1);
  if (!parent || parent.form === 'holder') return openResource(reader, parent, tag);
  const slot = slotFor(reader, parent, tag.local);
  const namespace = slot.form === 'xhtml' ? XHTML_NAMESPACE : FHIR_NAMESPACE;
  if (tag.uri !== namespace)
    throw wrong(
      reader,
      'syntax',
      `"${tag.name}" is in ${namespaceName(tag.uri)}: it belongs to "${namespace}"`,
    );
  if (slot.form === 'xhtml') reader.narrative = beginNarrative(reader.text, reader.start, tag);
  else openElement(reader, parent, slot, tag);
}

const namespaceName = (uri: string): string =>
  uri === '' ? 'no namespace' : `the namespace "${uri.slice(0, 100)}"`;

function openResource(reader: Reader, holder: Frame | undefined, tag: SaxesTagNS): void {
  const { definitions, start } = reader;
  const type = tag.local;
  if (tag.uri !== FHIR_NAMESPACE) {
    throw wrong(
      reader,
      'syntax',
      `"${tag.name}" is in ${namespaceName(tag.uri)}: a resource begins with xmlns="${FHIR_NAMESPACE}"`,
    );
  }
  if (!definitions.isResourceType(type)) {
    const near = didYouMean(type, definitions.resourceTypes);
    throw wrong(reader, 'invalid', `"${type.slice(0, 64)}" is not a resource type of FHIR R4.${near}`);
  }
  const object: JsonObject = { resourceType: type };
  if (!holder) reader.root = object;
  else if (holder.last !== '')
    throw wrong(reader, 'syntax', `"${holder.slot!.name}" holds one resource, this is a second one`);
  else {
    holder.last = type;
    attach(reader.frames.at(-2)!.object, holder.slot!, object);
  }
  reader.frames.push({
    form: 'resource',
    type,
    slots: slotsOf(definitions, type),
    object,
    index: 0,
    start,
    order: -1,
    last: '',
  });
  takeAttributes(reader, tag);
}

/** The slot of a child element. Its order and repetition are checked here. */
function slotFor(reader: Reader, parent: Frame, name: string): Slot {
  const slot = parent.slots.get(name);
  if (!slot) {
    const near = didYouMean(name, parent.slots.keys());
    throw wrong(
      reader,
      'unknown-element',
      `${typeName(parent)} has no element "${name.slice(0, 64)}".${near}`,
      `.${name.slice(0, 64)}`,
    );
  }
  if (slot.form === 'attribute')
    throw wrong(reader, 'syntax', `"${name}" is an attribute here: write ${name}="…" in the tag around it`);
  if (slot.order < parent.order) {
    throw wrong(
      reader,
      'syntax',
      `"${name}" stands after "${parent.last}": in the order of the standard it comes before`,
      `.${slot.pathName}`,
    );
  }
  if (slot.order === parent.order && !(slot.many && parent.last === name)) {
    const twice =
      parent.last === name ? `"${name}" stands twice` : `"${name}" stands beside "${parent.last}"`;
    throw wrong(reader, 'syntax', `${twice}: one is allowed`, `.${slot.pathName}`);
  }
  parent.order = slot.order;
  parent.last = name;
  return slot;
}

const typeName = (frame: Frame): string => (frame.form === 'primitive' ? frame.slot!.type : frame.type);

function openElement(reader: Reader, parent: Frame, slot: Slot, tag: SaxesTagNS): void {
  const { definitions, start, frames } = reader;
  const before = parent.object[slot.name];
  const index = Array.isArray(before) ? before.length : 0;
  const place = { slot, index, start, object: {}, order: -1, last: '' };
  if (slot.form === 'resource') frames.push({ ...place, form: 'holder', type: 'Resource', slots: NO_SLOTS });
  else {
    const isPrimitive = slot.form === 'primitive';
    const type = isPrimitive ? 'Element' : slot.type;
    frames.push({
      ...place,
      form: isPrimitive ? 'primitive' : 'complex',
      type,
      slots: slotsOf(definitions, type),
    });
  }
  takeAttributes(reader, tag);
  if (slot.form === 'complex') attach(parent.object, slot, frames.at(-1)!.object);
}

function takeAttributes(reader: Reader, tag: SaxesTagNS): void {
  const frame = reader.frames.at(-1)!;
  for (const name in tag.attributes) {
    const { prefix, uri, value } = tag.attributes[name]!;
    if (name === 'xmlns' || prefix === 'xmlns' || uri === XSI) continue;
    const isValue = frame.form === 'primitive' && name === 'value';
    if (!isValue && !attributesOf(frame.slots).includes(name)) throw unknownAttribute(reader, frame, name);
    if (value === '')
      throw wrong(reader, 'value', `the attribute "${name}" is empty: leave it out, or give it a value`);
    if (isValue) frame.value = primitiveValue(reader, frame, value);
    else frame.object[name] = value;
  }
}

function unknownAttribute(reader: Reader, frame: Frame, name: string): FhirError {
  if (frame.slots.has(name))
    return wrong(
      reader,
      'unknown-element',
      `"${name}" is an element here, not an attribute: write <${name} …/> inside`,
    );
  const allowed = [...(frame.form === 'primitive' ? ['value'] : []), ...attributesOf(frame.slots)];
  const right = allowed.length > 0 ? `it may have ${allowed.join(', ')}` : 'it may have none';
  return wrong(reader, 'unknown-element', `"${name.slice(0, 64)}" is no attribute of this element: ${right}`);
}

function primitiveValue(reader: Reader, frame: Frame, text: string): JsonPrimitive {
  const { type } = frame.slot!;
  const value = parsePrimitive(reader.definitions, type, text);
  if (value !== undefined) return value;
  throw wrong(
    reader,
    'value',
    `"${text.slice(0, 64)}" is no ${type}: write ${primitiveExample(reader.definitions, type)}`,
  );
}

function attach(object: JsonObject, slot: Slot, value: JsonValue): void {
  if (slot.many) itemsOf(object, slot.name).push(value);
  else object[slot.name] = value;
}

const itemsOf = (object: JsonObject, name: string): JsonArray => (object[name] ??= []) as JsonArray;

function closeTag(reader: Reader, tag: SaxesTagNS): void {
  reader.depth--;
  if (reader.narrative) {
    const div = reader.narrative.close(tag, reader.parser.position);
    if (div === undefined) return;
    const frame = reader.frames.at(-1)!;
    frame.object[frame.last] = div;
    reader.narrative = undefined;
    return;
  }
  const frame = reader.frames.at(-1)!;
  reader.start = frame.start;
  refuseEmpty(reader, frame);
  for (const name of frame.valueless ?? []) {
    if (itemsOf(frame.object, name).every((one) => one === null)) delete frame.object[name];
  }
  if (frame.form === 'primitive') attachPrimitive(reader.frames.at(-2)!, frame);
  reader.frames.pop();
}

function refuseEmpty(reader: Reader, frame: Frame): void {
  if (frame.form === 'resource' || frame.value !== undefined) return;
  if (frame.form === 'holder' ? frame.last !== '' : Object.keys(frame.object).length > 0) return;
  const right = { holder: 'a resource', complex: 'child elements', primitive: 'a value or extensions' }[
    frame.form
  ];
  throw wrong(reader, 'syntax', `"${frame.slot!.name}" is empty: give it ${right}, or leave it out`);
}

/** Values and what else an element says stand in two properties, and in arrays of the same length. https://hl7.org/fhir/R4/json.html#primitive */
function attachPrimitive(parent: Frame, frame: Frame): void {
  const { slot, value, object } = frame;
  const { name, many } = slot!;
  const sibling = Object.keys(object).length > 0 ? object : undefined;
  if (!many) {
    if (value !== undefined) parent.object[name] = value;
    if (sibling) parent.object[`_${name}`] = sibling;
    return;
  }
  const values = itemsOf(parent.object, name);
  values.push(value ?? null);
  if (value === undefined) (parent.valueless ??= new Set()).add(name);
  if (!sibling && parent.object[`_${name}`] === undefined) return;
  const siblings = itemsOf(parent.object, `_${name}`);
  while (siblings.length < values.length - 1) siblings.push(null);
  siblings.push(sibling ?? null);
}

function takeText(reader: Reader, text: string): void {
  if (reader.narrative) reader.narrative.text(text);
  else if (reader.frames.length > 0 && text.trim() !== '') {
    reader.start = reader.parser.position - 1;
    throw wrong(
      reader,
      'syntax',
      `the text "${text.trim().slice(0, 30)}" stands between elements: FHIR has values in attributes, value="…"`,
    );
  }
}

function pathOf(reader: Reader): string[] {
  const path = reader.frames.map((frame, i) => (i === 0 ? frame.type : segmentOf(frame))).join('');
  return path === '' ? [] : [path];
}

function segmentOf({ slot, index }: Frame): string {
  if (!slot) return '';
  return slot.many ? `.${slot.pathName}[${index}]` : `.${slot.pathName}`;
}

/** The error for the tag at `reader.start`, with its line and column. */
function wrong(reader: Reader, name: Fault, why: string, below = ''): FhirError {
  const before = reader.text.slice(0, reader.start);
  const line = before.split('\n').length;
  const column = reader.start - before.lastIndexOf('\n');
  return fault(
    name,
    `XML, line ${line}, column ${column}: ${why}`,
    ...pathOf(reader).map((path) => path + below),
  );
}
