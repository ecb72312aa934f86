/**
 * Answers the joins of a question: each is one inner search (or one for each level of a deeper chain), whose keys become a leaf of the outer one. The
 * number of keys is bounded, and so is the cost. https://hl7.org/fhir/R4/search.html#chaining
 */
import { fault, type FhirError } from '../model/outcome.ts';
import { and, NONE, not, or, type Expression } from './expression.ts';
import { CANONICAL } from './index-value.ts';
import type { Asked, Join, Question } from './question.ts';

/** A branch that a store can be asked. */
export interface Branch {
  readonly type: string;
  readonly where: Expression;
}

/** What is wanted of the matches of an inner search: the keys of `param` that begin with `prefix`, or their own names `Type/id`. */
export interface WantedKeys {
  readonly param?: string;
  readonly prefix?: string;
  readonly most: number;
}

/** An inner search under the scope of the caller: keys, each once, at most `most`. */
export type AskKeys = (branches: readonly Branch[], wanted: WantedKeys) => Promise<readonly string[]>;

/** Most keys that one join may give. */
export const MOST_KEYS = 10_000;

/** Most inner searches of one search. */
const MOST_SEARCHES = 100;

interface Answering {
  readonly ask: AskKeys;
  /** keys by what was asked: a join may stand in many places, such as the branches of several types */
  readonly answered: Map<object, readonly string[]>;
}

/** Throws FhirError `too-costly` where a join gives more keys than are taken, or there are too many joins. */
export function answerJoins(asked: readonly Asked[], ask: AskKeys): Promise<Branch[]> {
  return answerBranches(asked, { ask, answered: new Map() });
}

async function answerBranches(asked: readonly Asked[], answering: Answering): Promise<Branch[]> {
  const branches: Branch[] = [];
  for (const { type, where } of asked) branches.push({ type, where: await answer(where, answering) });
  return branches;
}

async function answer(question: Question, answering: Answering): Promise<Expression> {
  switch (question.op) {
    case 'and': {
      const parts: Expression[] = [];
      for (const part of question.of) {
        const one = await answer(part, answering);
        // Where one part finds nothing, the joins of the others need not be asked.
        if (one.op === 'none') return NONE;
        parts.push(one);
      }
      return and(...parts);
    }
    case 'or': {
      const parts: Expression[] = [];
      for (const part of question.of) parts.push(await answer(part, answering));
      return or(...parts);
    }
    case 'not':
      return not(await answer(question.of, answering));
    case 'chain': {
      const outside = joined(question, await keysOf(question, answering));
      return question.inside ? or(outside, await answer(question.inside, answering)) : outside;
    }
    case 'has':
    case 'tree':
      return joined(question, await keysOf(question, answering));
    default:
      return question;
  }
}

/** The leaf that the keys of a join make. */
function joined(question: Join, keys: readonly string[]): Expression {
  if (keys.length === 0) return NONE;
  if (question.op !== 'has') return { op: 'key', param: question.param, keys };
  if (question.byUrl) return { op: 'key', param: CANONICAL, keys };
  return { op: 'id', ids: keys.map((key) => key.slice(question.of.length + 1)) };
}

async function keysOf(question: Join, answering: Answering): Promise<readonly string[]> {
  const { ask, answered } = answering;
  const name = question.op === 'chain' ? question.branches : question;
  const known = answered.get(name);
  if (known) return known;
  if (question.op === 'tree') return treeKeys(question, answering);
  const asked = question.op === 'chain' ? question.branches : [question.branch];
  const inner = (await answerBranches(asked, answering)).filter(({ where }) => where.op !== 'none');
  if (answered.size >= MOST_SEARCHES)
    throw fault('too-costly', `The search needs more than ${MOST_SEARCHES} inner searches: name the types`);
  const keys = inner.length > 0 ? await ask(inner, { ...wantedOf(question), most: MOST_KEYS + 1 }) : [];
  if (keys.length > MOST_KEYS) throw tooMany(question);
  answered.set(name, keys);
  return keys;
}

function wantedOf(question: Exclude<Join, { op: 'tree' }>): Omit<WantedKeys, 'most'> {
  if (question.op === 'chain') return question.byUrl ? { param: CANONICAL } : {};
  return { param: question.param, prefix: question.byUrl ? undefined : `${question.of}/` };
}

/** One level of the tree a search. A circle ends where it meets what is known. */
async function treeKeys(
  question: Extract<Join, { op: 'tree' }>,
  { ask, answered }: Answering,
): Promise<readonly string[]> {
  const { of: type, by, direction } = question;
  const all = new Set(question.keys);
  for (let level = [...all]; level.length > 0;) {
    if (answered.size >= MOST_SEARCHES) throw tooMany(question);
    const ids = level.map((key) => key.slice(type.length + 1));
    const where: Expression =
      direction === 'below' ? { op: 'key', param: by, keys: level } : { op: 'id', ids };
    const wanted = direction === 'below' ? {} : { param: by, prefix: `${type}/` };
    const found = await ask([{ type, where }], { ...wanted, most: MOST_KEYS + 1 });
    answered.set(level, found);
    level = found.filter((key) => !all.has(key) && all.add(key));
    if (all.size > MOST_KEYS) throw tooMany(question);
  }
  answered.set(question, [...all]);
  return [...all];
}

function tooMany(question: Join): FhirError {
  const what =
    question.op === 'has'
      ? `_has:${question.branch.type}:${question.param}`
      : question.op === 'chain'
        ? `the chain over ${question.param}`
        : `${question.param}:${question.direction}`;
  const how =
    question.op === 'tree'
      ? 'begin further down'
      : question.op === 'chain'
        ? `ask more of what ${question.param} leads to, or turn the search around with _has and a second search`
        : `ask more of ${question.branch.type}, such as a date or a code, within the same _has or by _filter`;
  return fault(
    'too-costly',
    `The inner search of ${what} finds more than ${MOST_KEYS} resources, which is more than are joined: ${how}`,
  );
}
