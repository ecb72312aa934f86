/**
 * The vocabulary of the generated schemas: keywords of Ajv that write code, so that a type becomes one straight function over the properties that are there.
 * https://ajv.js.org/keywords.html#define-keyword-with-code-generation-function
 */
import type { Code, CodeKeywordDefinition, KeywordCxt, Name } from 'ajv/dist/core.js';
import { Decimal, isObject, type JsonValue } from '../model/tree.ts';
import type { AjvModule, Cells } from './cell.ts';
import { addFlaw, adoptFlaws, type FlawKind } from './flaw.ts';
import { RANGES } from './formats.ts';
import type { MemberSchema, TypeSchema, ValueSchema } from './schema.ts';

/** What all keywords use to write code. */
interface Pen {
  readonly module: AjvModule;
  readonly cells: Cells;
  /** Ajv's own variables of a function: its list of errors and their number */
  readonly flaws: Name;
  readonly count: Name;
}

/** The keywords `members`, `needs`, `list`, `is`, `primitive`, `inline`, `sibling` and `siblings`. */
export function vocabulary(module: AjvModule, cells: Cells): CodeKeywordDefinition[] {
  const pen: Pen = { module, cells, flaws: new module.Name('vErrors'), count: new module.Name('errors') };
  const keyword = (name: string, code: (pen: Pen, cxt: KeywordCxt) => void): CodeKeywordDefinition => ({
    keyword: name,
    code: (cxt) => code(pen, cxt),
  });
  return [
    keyword('members', membersCode),
    keyword('needs', needsCode),
    keyword('list', listCode),
    keyword('is', isCode),
    keyword('primitive', primitiveCode),
    keyword('inline', inlineCode),
    keyword('sibling', siblingCode),
    keyword('siblings', siblingsCode),
  ];
}

/** Writes the code that notes a flaw at the value of the keyword, or below it. */
function note(
  pen: Pen,
  cxt: KeywordCxt,
  kind: FlawKind,
  about: Code | string,
  path: Code = cxt.it.errorPath,
): void {
  const { _ } = pen.module;
  const add = cxt.gen.scopeValue('func', { ref: addFlaw });
  cxt.gen.assign(pen.flaws, _`${add}(${pen.flaws}, ${path}, ${kind}, ${about})`);
  cxt.gen.code(_`${pen.count}++`);
}

function adopt(pen: Pen, cxt: KeywordCxt, parts: Code, path: Code = cxt.it.errorPath): void {
  const { _ } = pen.module;
  const func = cxt.gen.scopeValue('func', { ref: adoptFlaws });
  cxt.gen.assign(pen.flaws, _`${func}(${pen.flaws}, ${path}, ${parts})`);
  cxt.gen.code(_`${pen.count}++`);
}

/** A loop over the properties that are there, with a case for each one that may be. */
function membersCode(pen: Pen, cxt: KeywordCxt): void {
  const { _, Name } = pen.module;
  const { gen, data, it } = cxt;
  const { members, choices, either, content } = it.schema as TypeSchema;
  const index = gen.scopeValue('obj', { ref: new Map(Object.keys(members).map((name, i) => [name, i])) });
  const chosen = new Map(Object.keys(choices).map((choice) => [choice, gen.let('chosen')]));
  const number = gen.let('number', 0);
  gen.forIn('key', data, (key) => {
    gen.code(_`${number}++`);
    for (const [i, name] of Object.keys(members).entries()) {
      // Ajv ends each piece of code with a semicolon, which may not stand before the first case.
      gen.code(i === 0 ? _`switch (${index}.get(${key})) { case 0: {` : _`case ${i}: {`);
      const choice = Object.keys(choices).find((one) => choices[one]!.includes(name));
      if (choice !== undefined) choiceCode(pen, cxt, name, chosen.get(choice)!);
      cxt.subschema({ keyword: 'members', schemaProp: name, dataProp: name }, gen.name('valid'));
      gen.code(_`break; }`);
    }
    gen.code(_`default: if (${data}[${key}] !== undefined) {`);
    const isResource = content === 'none' ? _`${key} !== "resourceType"` : true;
    gen.if(isResource, () => note(pen, cxt, 'unknown', key));
    gen.code(_`} }`);
  });
  contentCode(pen, cxt, number);
  if (either) {
    const isChosen = _`${chosen.get(either.choice)} !== undefined`;
    const hasProperty = _`${data}.${new Name(either.property)} !== undefined`;
    gen.if(_`(${isChosen}) === (${hasProperty})`, () => note(pen, cxt, 'either', either.choice));
  }
}

/** An element says something: ele-1, https://hl7.org/fhir/R4/element.html */
function contentCode(pen: Pen, cxt: KeywordCxt, number: Name): void {
  const { _ } = pen.module;
  const { content } = cxt.it.schema as TypeSchema;
  if (content === 'none') return;
  const idAlone = content === 'any' ? _`false` : _`${number} === 1 && ${cxt.data}.id !== undefined`;
  cxt.gen.if(_`${number} === 0 || (${idAlone})`, () => note(pen, cxt, 'content', ''));
}

/** `valueString` and `_valueString` are one choice, `valueCode` is another. */
function choiceCode(pen: Pen, cxt: KeywordCxt, name: string, chosen: Name): void {
  const { _, str } = pen.module;
  const own = name.replace(/^_/, '');
  cxt.gen.if(
    _`${chosen} !== undefined && ${chosen} !== ${own}`,
    () => note(pen, cxt, 'choice', chosen, str`${cxt.it.errorPath}/${name}`),
    () => cxt.gen.assign(chosen, _`${own}`),
  );
}

function needsCode(pen: Pen, cxt: KeywordCxt): void {
  const { _, Name } = pen.module;
  const { needs } = cxt.it.schema as TypeSchema;
  for (const [element, names] of Object.entries(needs)) {
    const absent = names.map((name) => _`${cxt.data}.${new Name(name)} === undefined`);
    const all = absent.reduce((one, other) => _`${one} && ${other}`);
    cxt.gen.if(all, () => note(pen, cxt, 'needs', element));
  }
}

/** The code of a keyword runs for each item of a list as well as for a single value. */
function listCode(pen: Pen, cxt: KeywordCxt): void {
  const { _ } = pen.module;
  const { gen, data, it } = cxt;
  const { list, most, beside } = it.schema as Extract<MemberSchema, { list: ValueSchema }>;
  itemsCode(pen, cxt, nameOf(list), (i) => {
    const item = (): void =>
      void cxt.subschema({ keyword: 'list', dataProp: i, dataPropType: NUMBER }, gen.name('valid'));
    if (!('primitive' in list)) return item();
    gen.if(_`${data}[${i}] !== null`, item, () => nullCode(pen, cxt, i, beside));
  });
  if (most !== undefined)
    gen.if(_`Array.isArray(${data}) && ${data}.length > ${most}`, () => note(pen, cxt, 'most', String(most)));
}

/** A loop over a value that has to be an array with something in it. */
function itemsCode(pen: Pen, cxt: KeywordCxt, about: string, body: (i: Name) => void): void {
  const { _ } = pen.module;
  const { gen, data } = cxt;
  gen.if(
    _`Array.isArray(${data})`,
    () => {
      gen.if(_`${data}.length === 0`, () => note(pen, cxt, 'empty-array', ''));
      gen.forRange('i', 0, _`${data}.length`, body);
    },
    () => note(pen, cxt, 'array', about),
  );
}

/** Ajv's `Type.Num`: the property is an index. */
const NUMBER = 0;

const nameOf = (value: ValueSchema): string =>
  'primitive' in value ? value.primitive : 'is' in value ? value.is : 'Resource';

/** null holds the place of a value whose id or extensions stand beside it. */
function nullCode(pen: Pen, cxt: KeywordCxt, i: Name, beside: string | undefined): void {
  const { _, str, Name } = pen.module;
  const at = str`${cxt.it.errorPath}/${i}`;
  if (beside === undefined) return note(pen, cxt, 'null', '', at);
  const has = cxt.gen.scopeValue('func', { ref: hasObject });
  const absent = _`!${has}(${cxt.it.parentData}.${new Name(beside)}, ${i})`;
  cxt.gen.if(absent, () => note(pen, cxt, 'null', beside, at));
}

const hasObject = (values: JsonValue | undefined, i: number): boolean =>
  Array.isArray(values) && isObject(values[i]);

function isCode(pen: Pen, cxt: KeywordCxt): void {
  objectCode(pen, cxt, (cxt.it.schema as { is: string }).is);
}

function objectCode(pen: Pen, cxt: KeywordCxt, type: string): void {
  const { _ } = pen.module;
  const { gen, data } = cxt;
  const test = gen.scopeValue('func', { ref: isObject });
  const cell = gen.scopeValue('obj', { ref: pen.cells.of(type) });
  gen.if(
    _`!${test}(${data})`,
    () => note(pen, cxt, 'object', type),
    () => gen.if(_`!${cell}.check(${data})`, () => adopt(pen, cxt, _`${cell}.check.errors`)),
  );
}

function primitiveCode(pen: Pen, cxt: KeywordCxt): void {
  const { primitive } = cxt.it.schema as { primitive: string };
  cxt.gen.if(wrongPrimitive(pen, cxt, primitive), () => note(pen, cxt, 'primitive', primitive));
}

function wrongPrimitive(pen: Pen, { gen, data }: KeywordCxt, type: string): Code {
  const { _ } = pen.module;
  if (type === 'boolean') return _`typeof ${data} !== "boolean"`;
  if (type === 'decimal') {
    const decimal = gen.scopeValue('obj', { ref: Decimal });
    return _`typeof ${data} !== "number" && !(${data} instanceof ${decimal})`;
  }
  const range = RANGES[type];
  if (range) return _`!Number.isInteger(${data}) || ${data} < ${range[0]} || ${data} > ${range[1]}`;
  const format = gen.scopeValue('formats', { ref: pen.cells.format(type) });
  return _`typeof ${data} !== "string" || !${format}(${data})`;
}

function inlineCode(pen: Pen, cxt: KeywordCxt): void {
  const { _ } = pen.module;
  const { gen, data } = cxt;
  const isContained = (cxt.it.schema as { inline: string }).inline === 'contained';
  const check = gen.scopeValue('func', { ref: pen.cells.checkInline });
  const parts = gen.const('parts', _`${check}(${data}, ${isContained})`);
  gen.if(_`${parts} !== null`, () => adopt(pen, cxt, parts));
}

/** What stands beside a primitive: an Element, see `checkSibling`. */
function siblingCode(pen: Pen, cxt: KeywordCxt): void {
  const { _, Name } = pen.module;
  const { sibling } = cxt.it.schema as { sibling: string };
  siblingCheck(pen, cxt, _`${cxt.data}`, _`${cxt.it.parentData}.${new Name(sibling)}`, cxt.it.errorPath);
}

function siblingCheck(pen: Pen, cxt: KeywordCxt, sibling: Code, value: Code, path: Code): void {
  const { _ } = pen.module;
  const check = cxt.gen.scopeValue('func', { ref: pen.cells.checkSibling });
  const parts = cxt.gen.const('parts', _`${check}(${sibling}, ${value})`);
  cxt.gen.if(_`${parts} !== null`, () => adopt(pen, cxt, parts, path));
}

function siblingsCode(pen: Pen, cxt: KeywordCxt): void {
  const { _, str, Name } = pen.module;
  const { gen, data, it } = cxt;
  const { siblings } = it.schema as { siblings: string };
  const values = gen.const('values', _`${it.parentData}.${new Name(siblings)}`);
  itemsCode(pen, cxt, 'Element', (i) => {
    const value = gen.const('value', _`Array.isArray(${values}) ? ${values}[${i}] : undefined`);
    const path = str`${it.errorPath}/${i}`;
    gen.if(
      _`${data}[${i}] !== null`,
      () => siblingCheck(pen, cxt, _`${data}[${i}]`, value, path),
      // Where the value is null too, the list of values says so.
      () => gen.if(_`${value} === undefined`, () => note(pen, cxt, 'null', siblings, path)),
    );
  });
}
