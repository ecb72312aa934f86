/**
 * Which slice a value belongs to, and what slicing asks of the list as a whole. https://hl7.org/fhir/R4/profiling.html#slicing
 */
import type { PathNode } from '../path/node.ts';
import { report, type Check, type Run } from './finding.ts';
import type { Rule, SlicingRule } from './rule.ts';

export interface CompiledSlice {
  readonly rule: Rule;
  /** what a value must be to be in the slice; absent for `@default`, which takes what no other slice does */
  readonly belongs?: (node: PathNode, run: Run) => boolean;
  /** what the profile asks of a value of the slice */
  readonly check: Check;
}

export type ListCheck = (parent: PathNode, nodes: readonly PathNode[], run: Run) => void;

export function slicingCheck(
  slicing: SlicingRule,
  slices: readonly CompiledSlice[],
  element: string,
  profile: string,
): ListCheck {
  return (parent, nodes, run) => {
    const places = nodes.map((node) => slices.findIndex((slice) => slice.belongs?.(node, run) ?? false));
    const fallback = slices.findIndex(({ belongs }) => !belongs);
    const settled = places.map((place) => (place < 0 ? fallback : place));
    slices.forEach((slice, i) => {
      const own = nodes.filter((_, n) => settled[n] === i);
      countCheck(parent, own, slice.rule, element, profile, run);
      for (const node of own) slice.check(node, run);
    });
    if (slicing.rules !== 'open') restCheck(slicing, nodes, settled, profile, run);
    if (slicing.ordered) orderCheck(nodes, settled, profile, run);
  };
}

function countCheck(
  parent: PathNode,
  own: readonly PathNode[],
  { min, max, sliceName }: Rule,
  element: string,
  profile: string,
  run: Run,
): void {
  if (own.length < min) {
    const text = `${element} has ${own.length} of the slice ${sliceName}: at least ${min} is needed`;
    report(run, parent, { severity: 'error', code: 'required', text, profile });
  }
  if (own.length > max) {
    const text = `${element} has ${own.length} of the slice ${sliceName}: at most ${max} is allowed`;
    report(run, parent, { severity: 'error', code: 'structure', text, profile });
  }
}

/** What belongs to no slice: refused where slicing is closed, and only at the end where it is open there. */
function restCheck(
  { rules }: SlicingRule,
  nodes: readonly PathNode[],
  settled: readonly number[],
  profile: string,
  run: Run,
): void {
  const last = settled.findLastIndex((place) => place >= 0);
  nodes.forEach((node, i) => {
    if (settled[i]! >= 0) return;
    if (rules === 'closed') {
      const text = 'The value belongs to none of the slices, and no others are allowed';
      report(run, node, { severity: 'error', code: 'structure', text, profile });
    } else if (i < last) {
      const text = 'The value belongs to none of the slices: such values come after all others';
      report(run, node, { severity: 'error', code: 'structure', text, profile });
    }
  });
}

function orderCheck(nodes: readonly PathNode[], settled: readonly number[], profile: string, run: Run): void {
  let highest = -1;
  nodes.forEach((node, i) => {
    const place = settled[i]!;
    if (place < 0) return;
    if (place < highest) {
      const text = 'The value stands out of order: the slices have the order of the profile';
      report(run, node, { severity: 'error', code: 'structure', text, profile });
    }
    highest = Math.max(highest, place);
  });
}
