/**
 * `_text` and `_content`: words of the narrative, or of all texts of a resource, stemmed, with AND, OR, NOT and parentheses. Each word is a key of the resource,
 * so that stores need no text engine and every reader means the same. https://hl7.org/fhir/R4/search.html#content
 */
import { fault, type FhirError } from '../model/outcome.ts';
import type { Definitions } from '../definitions/registry.ts';
import { isObject, type JsonObject, type ResourceTree } from '../model/tree.ts';
import { walk } from '../model/walk.ts';
import type { Add } from './add.ts';
import { unescape } from './escape.ts';
import { and, not, or, type Expression } from './expression.ts';
import type { Question } from './question.ts';
import { fold } from './string.ts';

export const NARRATIVE = '_text';
export const CONTENT = '_content';

/** Whether a parameter is found by words. */
export const isFullText = (code: string): boolean => code === NARRATIVE || code === CONTENT;

/** What has the words of whole resources indexed, once it is posted; until then nobody pays for them (docs/adr/0030-search-completed.md). */
export const CONTENT_PARAMETER: JsonObject = {
  resourceType: 'SearchParameter',
  id: 'embergate-content',
  url: 'urn:embergate:search-parameter:content',
  name: 'content',
  status: 'active',
  description: 'Every word of every resource, stemmed. Delete it to have no words indexed any more.',
  code: CONTENT,
  base: ['Resource'],
  type: 'string',
  expression: 'Resource',
};

/** Different words of one resource that are kept. */
const MOST_WORDS = 5000;
const MOST_DEPTH = 20;

/** Too frequent to tell anything; in a query they stand for nothing either. */
const STOPWORDS: ReadonlySet<string> = new Set(
  'a an and are as at be by for from has have in is it its no not of on or that the this to was were will with'.split(
    ' ',
  ),
);
const WORD = /[\p{Letter}\p{Number}]+/gu;
/** Endings of English, the longest first, each with what takes its place. */
const ENDINGS: readonly (readonly [ending: string, instead: string, least: number])[] = [
  ['ations', 'at', 3],
  ['ation', 'at', 3],
  ['ments', '', 4],
  ['ment', '', 4],
  ['ness', '', 4],
  ['ingly', '', 4],
  ['edly', '', 4],
  ['ings', '', 4],
  ['ies', 'y', 3],
  ['sses', 'ss', 2],
  ['ing', '', 4],
  ['ed', '', 4],
  ['es', 'e', 3],
  ['ly', '', 4],
  ['s', '', 3],
];

/** The stem of a folded word: the same for its common forms in English, nearly the word itself elsewhere. */
export const stemOf = (word: string): string => (word.length < 4 ? word : plainEnd(withoutEnding(word)));

function withoutEnding(word: string): string {
  const isSingular = /(?:ss|us|is)$/.test(word);
  for (const [ending, instead, least] of ENDINGS) {
    if (!word.endsWith(ending) || word.length - ending.length < least) continue;
    if (!isSingular || ending === 'ness') return word.slice(0, -ending.length) + instead;
  }
  return word;
}

/** stopped, stop -> stop; cells, cell -> cel; bones, bone -> bon */
const plainEnd = (word: string): string =>
  word.replace(/([b-df-hj-km-np-rt-z])\1$/, '$1').replace(/(?<=..)e$/, '');

function* stemsOf(text: string): Generator<string> {
  for (const [word] of fold(text).matchAll(WORD)) if (!STOPWORDS.has(word)) yield stemOf(word);
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

/** Text of XHTML without its tags. */
function plainText(div: string): string {
  return div
    .replace(/<[^>]*>/g, ' ')
    .replace(
      /&(?:#x([0-9a-f]{1,6})|#(\d{1,10})|([a-z]{1,8}));/gi,
      (_, hex?: string, digits?: string, name?: string) => {
        if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? ' ';
        const point = hex !== undefined ? Number.parseInt(hex, 16) : Number(digits);
        return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : ' ';
      },
    );
}

/** Index values of the narrative: its stems as keys. */
export function indexNarrative({ text }: ResourceTree, add: Add): void {
  if (!isObject(text) || typeof text['div'] !== 'string') return;
  addStems(NARRATIVE, [plainText(text['div'])], add);
}

/** Types of elements whose text is for people, or is what people look for. */
const TEXTS: ReadonlySet<string> = new Set(['string', 'markdown', 'code', 'xhtml']);

/** Index values of the whole resource: the stems of all its texts, contained resources included. */
export function indexContent(definitions: Definitions, resource: ResourceTree, add: Add): void {
  addStems(CONTENT, textsOf(definitions, resource), add);
}

function textsOf(definitions: Definitions, resource: ResourceTree): string[] {
  const texts: string[] = [];
  walk(definitions, resource, (type, value) => {
    if (typeof value === 'string' && TEXTS.has(type)) texts.push(type === 'xhtml' ? plainText(value) : value);
  });
  return texts;
}

function addStems(param: string, texts: readonly string[], add: Add): void {
  const stems = new Set<string>();
  for (const text of texts) {
    for (const stem of stemsOf(text)) {
      if (stems.size >= MOST_WORDS) break;
      stems.add(stem);
    }
  }
  for (const key of stems) add({ kind: 'key', param, key });
}

/**
 * How well a resource answers the words that were asked for, 0 to 1: a word that stands there often counts more than one that stands there once, and a word
 * that is not there, where others would do, counts nothing. 1 where no words were asked for. https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.search.score
 */
export function scoreOf(
  definitions: Definitions,
  resource: ResourceTree,
  asked: ReadonlySet<string>,
): number {
  if (asked.size === 0) return 1;
  const counts = new Map<string, number>();
  for (const text of textsOf(definitions, resource))
    for (const stem of stemsOf(text)) if (asked.has(stem)) counts.set(stem, (counts.get(stem) ?? 0) + 1);
  const sum = [...counts.values()].reduce((all, count) => all + count / (count + 0.5), 0);
  return Math.round((sum / asked.size) * 10_000) / 10_000;
}

/** The stems that an expression asks for, wherever it does not exclude them. */
export function askedStems(expression: Question): string[] {
  if (expression.op === 'and' || expression.op === 'or') return expression.of.flatMap(askedStems);
  return expression.op === 'key' && isFullText(expression.param) ? [...expression.keys] : [];
}

interface Reader {
  readonly param: string;
  readonly tokens: readonly string[];
  at: number;
}

/** `(bone OR liver) AND metastases NOT benign`; words beside each other must all be there. Throws FhirError `value`. */
export function textExpression(param: string, value: string): Expression {
  const reader = { param, tokens: unescape(value).match(/[()]|"[^"]*"|[^\s()"]+/g) ?? [], at: 0 };
  const expression = readAny(reader, 0);
  if (reader.at < reader.tokens.length) throw broken(reader, value);
  return expression;
}

const broken = ({ param, tokens }: Reader, value = tokens.join(' ')): FhirError =>
  fault('value', `"${value.slice(0, 100)}" of ${param} is not made of words, AND, OR, NOT and ( )`, param);

function readAny(reader: Reader, depth: number): Expression {
  if (depth > MOST_DEPTH)
    throw fault('too-costly', `${reader.param} nests deeper than ${MOST_DEPTH} levels`, reader.param);
  const parts = [readAll(reader, depth)];
  while (reader.tokens[reader.at] === 'OR') {
    reader.at++;
    parts.push(readAll(reader, depth));
  }
  return or(...parts);
}

function readAll(reader: Reader, depth: number): Expression {
  const parts: Expression[] = [];
  for (let isNegated = false; ;) {
    const token = reader.tokens[reader.at];
    if (token === undefined || token === ')' || token === 'OR') {
      if (parts.length === 0 || isNegated) throw broken(reader);
      return and(...parts);
    }
    reader.at++;
    if (token === 'AND') continue;
    if (token === 'NOT') {
      isNegated = !isNegated;
      continue;
    }
    const one = token === '(' ? readEnclosed(reader, depth) : wordsExpression(reader.param, token);
    parts.push(isNegated ? not(one) : one);
    isNegated = false;
  }
}

function readEnclosed(reader: Reader, depth: number): Expression {
  const inside = readAny(reader, depth + 1);
  if (reader.tokens[reader.at++] !== ')') throw broken(reader);
  return inside;
}

function wordsExpression(param: string, token: string): Expression {
  const stems = [...new Set(stemsOf(token))];
  return and(...stems.map((stem): Expression => ({ op: 'key', param, keys: [stem] })));
}
