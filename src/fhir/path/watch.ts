/** Watching an evaluation: each part of an expression with what it found, in the order of the evaluation. For people who look for a mistake. */
import type { Nodes, Step, Test } from './nodes.ts';
import type { Path } from './syntax.ts';

/** One part that was evaluated. */
export interface Watched {
  readonly path: Path;
  /** how deep it stands inside the other parts */
  readonly depth: number;
  /** what `$this` was */
  readonly focus: Nodes;
  /** undefined: it was not finished, since something was refused in it; a truth of a test is told as such */
  result?: Nodes | boolean | 'unknown';
}

/** Most parts that are recorded; what comes after is left out. */
const MOST_PARTS = 2000;

export interface Watch {
  readonly parts: Watched[];
  readonly step: (path: Path, step: Step) => Step;
  readonly test: (path: Path, test: Test) => Test;
}

/** Literals and `$this` say nothing that is not in the text. */
const isPlain = ({ kind }: Path): boolean => kind === 'literal' || kind === 'this' || kind === 'empty';

export function startWatch(): Watch {
  const parts: Watched[] = [];
  let depth = 0;
  const record = <T>(path: Path, focus: Nodes, run: () => T, tell: (result: T) => Watched['result']): T => {
    const part: Watched = { path, depth, focus };
    if (parts.length < MOST_PARTS) parts.push(part);
    depth++;
    const result = run();
    depth--;
    part.result = tell(result);
    return result;
  };
  return {
    parts,
    step: (path, step) =>
      isPlain(path)
        ? step
        : (focus, run) =>
            record(
              path,
              focus,
              () => step(focus, run),
              (nodes) => nodes,
            ),
    test: (path, test) =>
      isPlain(path)
        ? test
        : (focus, run) =>
            record(
              path,
              focus,
              () => test(focus, run),
              (truth) => truth ?? 'unknown',
            ),
  };
}
