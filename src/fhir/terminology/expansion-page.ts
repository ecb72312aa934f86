/** Which members of a value set one page of its expansion has: filtered, counted, and within bounds. https://hl7.org/fhir/R4/valueset-operation-expand.html */
import type { Composition } from './composition.ts';
import type { ConceptIndex } from './concept-index.ts';
import { and, idsOf, minus, or, sizeOf, type ConceptSet } from './concept-set.ts';
import { TxRefusal } from './issue.ts';
import type { Member } from './part.ts';
import type { Question } from './question.ts';
import { wordsOf } from './words.ts';

/** Members that are listed at once when no `count` was asked. */
export const MOST_MEMBERS = 1000;
/** Members that are looked through for one answer. */
const MOST_LOOKED_AT = 200_000;

export interface Page {
  readonly members: readonly Member[];
  readonly total: number;
  readonly offset: number | undefined;
  readonly isPaged: boolean;
  /** the same code system in more than one version */
  readonly hasVersions: boolean;
}

/** Throws TxRefusal `too-costly` where more would have to be listed or looked at than is allowed. */
export function pageOf(composition: Composition, question: Question): Page {
  const offset = question.number('offset') ?? 0;
  const count = question.number('count');
  const fast = indexedPage(composition, question);
  if (fast) return fast;
  const passes = filterOf(question);
  const members: Member[] = [];
  let total = 0;
  let looked = 0;
  for (const member of composition.members()) {
    if (++looked > MOST_LOOKED_AT) throw tooCostly(composition, total);
    if (!passes(member)) continue;
    total++;
    if (total <= offset || members.length >= (count ?? MOST_MEMBERS + 1)) continue;
    members.push(member);
  }
  if (count === undefined && members.length > MOST_MEMBERS) throw tooCostly(composition, total);
  const isPaged = count !== undefined || question.number('offset') !== undefined;
  const drawn = [...composition.used.systems].map((one) => one.split('|')[0]);
  const hasVersions = new Set(drawn).size < drawn.length;
  return { members, total, offset: isPaged ? offset : undefined, isPaged, hasVersions };
}

/** A page of sets: what is not shown is only counted. */
function indexedPage(composition: Composition, question: Question): Page | undefined {
  const parts = question.flag('excludeNotForUI') === true ? undefined : composition.indexed();
  if (!parts) return undefined;
  const [offset, count] = [question.number('offset') ?? 0, question.number('count')];
  const members: Member[] = [];
  let total = 0;
  for (const { graph, set } of parts) {
    const hits = narrowed(graph.index, set, question);
    const skip = Math.max(0, offset - total);
    total += sizeOf(hits);
    if (count === undefined && total > MOST_MEMBERS + offset) throw tooCostly(composition, total);
    for (const id of idsOf(hits, skip)) {
      if (members.length >= (count ?? MOST_MEMBERS)) break;
      const concept = graph.index.concept(id);
      members.push({ system: graph.url, version: graph.version, code: concept.code, concept, graph });
    }
  }
  const isPaged = count !== undefined || question.number('offset') !== undefined;
  const hasVersions = new Set(parts.map(({ graph }) => graph.url)).size < parts.length;
  return { members, total, offset: isPaged ? offset : undefined, isPaged, hasVersions };
}

function narrowed(index: ConceptIndex, set: ConceptSet, question: Question): ConceptSet {
  const active = question.flag('activeOnly') === true ? minus(set, index.inactive) : set;
  const words = (question.text('filter') ?? '').split(/\s+/).filter((one) => one !== '');
  if (words.length === 0) return active;
  const named = index.named(words);
  return and(active, words.length === 1 ? or(named, index.codesFrom(words[0]!)) : named);
}

function tooCostly({ resource }: Composition, total: number): TxRefusal {
  const text = `The value set '${resource.url ?? ''}' has ${total} codes or more, too many to list at once: ask for a page by count and offset, or narrow it by filter`;
  return new TxRefusal(422, { code: 'too-costly', text, message: 'VALUESET_TOO_COSTLY' });
}

function filterOf(question: Question): (member: Member) => boolean {
  const activeOnly = question.flag('activeOnly') === true;
  const noHeadings = question.flag('excludeNotForUI') === true;
  const words = (question.text('filter') ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter((one) => one !== '');
  return (member) => {
    const { concept } = member;
    if (activeOnly && concept?.isInactive) return false;
    if (noHeadings && concept?.isAbstract) return false;
    return words.length === 0 || speaksOf(member, words);
  };
}

/** Each word that is sought begins a word of one name of the code, or the code itself. */
function speaksOf(member: Member, sought: readonly string[]): boolean {
  const names = [member.code, ...wordsOf(member).map(({ value }) => value)];
  return names.some((name) => {
    const parts = name.toLowerCase().split(/[^\p{L}\p{N}]+/u);
    return sought.every((word) => name.toLowerCase() === word || parts.some((part) => part.startsWith(word)));
  });
}
