/**
 * Where the candidates of a search come from. A source is a set of arms; each arm is a stretch of one index together with what is left to be
 * tested on every row of it, and all arms together give every match. The cheapest source drives the search.
 * https://www.sqlite.org/optoverview.html
 */
import {
  both,
  idCondition,
  keyCondition,
  rangeCondition,
  spell,
  textCondition,
  updatedBounds,
  type Binding,
  type IdTest,
  type KeyTest,
  type Predicate,
  type RangeTest,
  type TextTest,
  type UpdatedTest,
} from './predicate.ts';
import { signatureOf } from './signature.ts';

export type Stretch = KeyTest | RangeTest | TextTest | UpdatedTest | IdTest;

export interface Arm {
  readonly stretch: Stretch;
  readonly rest: Predicate;
}

export type Source = readonly Arm[];

/** A window on rid, both ends excluded. */
export interface Window {
  readonly above: number;
  readonly below: number;
}

export const EVERYWHERE: Window = { above: -1, below: Number.MAX_SAFE_INTEGER };

export function overlap(a: Window, b: Window): Window {
  return { above: Math.max(a.above, b.above), below: Math.min(a.below, b.below) };
}

/** What choosing may ask of the database. */
export interface Survey {
  /** number of rows of a stretch within a window, at most `cap`; the window may be left out of account where rows are not in the order of rid */
  rows(stretch: Stretch, cap: number, within: Window): number;
  /** whether the rows of a stretch tell by their signature where looking for another key is in vain */
  isSigned(stretch: KeyTest): boolean;
  /** the window that holds all rows of an ordered stretch; an empty one when there are none */
  extent(stretch: Stretch): Window;
}

export interface Chosen {
  readonly source: Source;
  /** too many rows to be looked at in one step; the source then has one arm, whose stretch is ordered */
  readonly long: boolean;
  /** all matches are in it */
  readonly within: Window;
}

/** A first look at this many rows often tells already. */
const GLANCE = 100;
/** With so few rows to be looked at, nothing more is worth finding out. */
const FEW = 30;

/** An index stretch that gives its rows in the order of rid, each once: a resource has a key in one group only. */
export function isOrdered(stretch: Stretch): boolean {
  return stretch.op === 'key' && stretch.keys.length === 1;
}

/** The stretches of an ordered one that stand in the index as they are, one a group. */
export function pieces(stretch: Stretch): readonly Stretch[] {
  if (!isOrdered(stretch)) return [stretch];
  const { params, keys } = stretch as KeyTest;
  return params.map((param) => ({ op: 'key', params: [param], keys }));
}

/** The source of all live resources of a type. */
function everything(live: number, rest: Predicate): Source {
  return [{ stretch: { op: 'key', params: [live], keys: [0] }, rest }];
}

/** All sources that give every match of the predicate. */
function sources(predicate: Predicate): Source[] {
  switch (predicate.op) {
    case 'key':
    case 'range':
    case 'updated':
    case 'id':
      return [[{ stretch: predicate, rest: { op: 'all' } }]];
    case 'text':
      // A substring can be anywhere: its stretch is the whole parameter, and only then worth it when that is small.
      return [[{ stretch: predicate, rest: { op: 'all' } }]];
    case 'and':
      return predicate.of.flatMap((part, i) => {
        const others = predicate.of.filter((_, j) => j !== i);
        return sources(part).map((source) =>
          source.map(({ stretch, rest }) => ({ stretch, rest: both([rest, ...others]) })),
        );
      });
    case 'or': {
      const parts = predicate.of.map((part) => sources(part)[0]);
      return parts.every((part) => part !== undefined) && parts.length <= 8 ? [parts.flat()] : [];
    }
    default:
      return [];
  }
}

/**
 * Picks the source with the fewest rows, looking no further than needed to tell. `live` is the pseudo parameter of the type; `many` rows or more are
 * long.
 */
export function choose(predicate: Predicate, live: number, many: number, survey: Survey): Chosen {
  if (predicate.op === 'none') return { source: [], long: false, within: EVERYWHERE };
  const candidates = sources(predicate).filter((source) => source.length <= 16);
  const glance = leastOf(candidates, Math.min(GLANCE, many), EVERYWHERE, survey);
  if (glance && glance.rows < Math.min(FEW, many))
    return { source: glance.source, long: false, within: EVERYWHERE };
  const within = commonExtent(predicate, survey);
  if (within.above + 1 >= within.below) return { source: [], long: false, within };
  for (const cap of [Math.min(GLANCE, many), many]) {
    const best = leastOf(candidates, cap, within, survey);
    if (best && best.rows < cap) return { source: best.source, long: false, within };
  }
  const ordered = candidates.filter((source) => source.length === 1 && isOrdered(source[0]!.stretch));
  const least = ordered.length > 1 ? leastOf(ordered, 20 * many, within, survey)?.source : ordered[0];
  return { source: least ?? everything(live, predicate), long: true, within };
}

/**
 * Where all of several keys occur. Resources that belong together (a patient's) were often created together, and then one key leaves little of
 * the rows of another.
 */
function commonExtent(predicate: Predicate, survey: Survey): Window {
  const parts = predicate.op === 'and' ? predicate.of : [];
  const keys = parts.filter((part) => part.op === 'key' && isOrdered(part)) as KeyTest[];
  if (keys.length < 2) return EVERYWHERE;
  return keys.map((key) => survey.extent(key)).reduce(overlap, EVERYWHERE);
}

/** What a row costs that its signature rules out, as a part of one that has to be looked at. */
const SIGNED_COST = 0.1;

/** What looking at a row of a source costs. Most rows of a compartment are ruled out by their signature. */
function costOf(source: Source, survey: Survey): number {
  const isSigned = source.every(
    ({ stretch, rest }) => stretch.op === 'key' && keysOfTests(rest).length > 0 && survey.isSigned(stretch),
  );
  return isSigned ? SIGNED_COST : 1;
}

/** The cheapest source, the rows of none of them counted beyond `cap`, nor beyond where it would not be the cheapest any more. */
function leastOf(
  candidates: readonly Source[],
  cap: number,
  within: Window,
  survey: Survey,
): { source: Source; rows: number } | undefined {
  let best: { source: Source; rows: number; cost: number } | undefined;
  for (const source of candidates) {
    const each = candidates.length > 1 ? costOf(source, survey) : 1;
    const most = best ? Math.min(cap, Math.ceil(best.cost / each)) : cap;
    let rows = 0;
    for (const { stretch } of source) if (rows < most) rows += survey.rows(stretch, most, within);
    // What was not counted to its end is dearer than what was.
    const cost = rows >= cap ? Infinity : rows * each;
    if (!best || cost < best.cost) best = { source, rows, cost };
  }
  return best;
}

/** `FROM … WHERE …` of a stretch, its rows called `d`. */
export function spellStretch(stretch: Stretch, bind: Binding): string {
  switch (stretch.op) {
    case 'key':
      return `FROM key_index d WHERE ${keyCondition('d', stretch, bind)}`;
    case 'range':
      return `FROM range_index d WHERE ${rangeCondition('d', stretch, bind)}`;
    case 'text':
      return `FROM text_index d WHERE ${textCondition('d', stretch, bind)}`;
    case 'updated':
      return `FROM resource d INDEXED BY resource_updated WHERE d.deleted = 0 AND d.type = ${bind.add(stretch.type)} AND ${updatedBounds('d', stretch, bind)}`;
    case 'id':
      return `FROM resource d WHERE d.deleted = 0 AND ${idCondition('d', stretch, bind)}`;
  }
}

/** A query that gives the rid of every match within the window, each once. */
export function spellSource(source: Source, window: Window, bind: Binding): string {
  const alone = source.length === 1;
  const arms = source.flatMap(({ stretch, rest }) =>
    pieces(stretch).map((piece) => {
      const distinct =
        alone && !isOrdered(stretch) && stretch.op !== 'id' && stretch.op !== 'updated' ? 'DISTINCT ' : '';
      const tests = rest.op === 'all' ? '' : ` AND ${spell(rest, bind)}`;
      const from = `${spellStretch(piece, bind)} AND ${spellWindow(window, bind)}${spellSigned(piece, rest, bind)}`;
      return `SELECT ${distinct}d.rid AS rid ${from}${tests}`;
    }),
  );
  return arms.join(alone ? ' UNION ALL ' : ' UNION ');
}

export function spellWindow({ above, below }: Window, bind: Binding): string {
  return `d.rid > ${bind.add(above)} AND d.rid < ${bind.add(below)}`;
}

/** The keys that every match must have. */
const keysOfTests = (rest: Predicate): readonly number[] =>
  (rest.op === 'and' ? rest.of : [rest]).flatMap((part) =>
    part.op === 'key' && part.keys.length === 1 ? part.keys : [],
  );

/** Key rows tell by their signature where looking for another key is in vain. */
function spellSigned(stretch: Stretch, rest: Predicate, bind: Binding): string {
  if (stretch.op !== 'key') return '';
  const tests = keysOfTests(rest);
  if (tests.length === 0) return '';
  const mask = bind.add(signatureOf(tests));
  return ` AND d.signature & ${mask} = ${mask}`;
}
