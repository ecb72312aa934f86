/** What a function of FHIRPath is made of, and the forms that many of them share. https://hl7.org/fhirpath/N1/#functions */
import type { Definitions } from '../definitions/registry.ts';
import type { PathNode } from './node.ts';
import {
  integer,
  NOTHING,
  single,
  stringOf,
  text,
  truth,
  type Nodes,
  type Step,
  type Test,
} from './nodes.ts';
import { spend, type Run } from './run.ts';
import type { Path } from './syntax.ts';

/** An argument, compiled when a function asks for it: as a step, or as a truth. */
export interface Argument {
  readonly path: Path;
  step(): Step;
  test(): Test;
  /** the step of what stands behind a sign: `-family` names the key of a sort downwards */
  unsigned(): Step;
}

/** `focus` is the focus around the call, on which arguments that are no lambdas are evaluated. */
export type Apply = (input: Nodes, focus: Nodes, run: Run) => Nodes;
export type Judge = (input: Nodes, focus: Nodes, run: Run) => boolean | undefined;

export interface Callable {
  /** fewest and most arguments */
  readonly arity: readonly [least: number, most: number];
  /** for functions whose result is a truth */
  readonly judge?: (args: readonly Argument[], definitions: Definitions) => Judge;
  readonly make?: (args: readonly Argument[], definitions: Definitions) => Apply;
  /** of nothing it makes nothing */
  readonly ofNothing?: true;
}

export type Callables = Readonly<Record<string, Callable>>;

/** A function without arguments. */
export const plain = (apply: (input: Nodes, run: Run) => Nodes): Callable => ({
  arity: [0, 0],
  make: () => (input, _focus, run) => apply(input, run),
  ofNothing: true,
});

/** A truth about the whole input. */
export const judged = (judge: (input: Nodes, run: Run) => boolean | undefined): Callable => ({
  arity: [0, 0],
  judge: () => (input, _focus, run) => judge(input, run),
});

/** A function of one item, without arguments: of nothing it makes nothing, of several it throws. */
export const ofOne = (apply: (node: PathNode, run: Run) => Nodes): Callable =>
  plain((input, run) => {
    const node = single(input);
    return node ? apply(node, run) : NOTHING;
  });

/** A function of one string, with arguments that are single values: where one of them is empty, it makes nothing. */
export function ofString(
  arity: readonly [number, number],
  apply: (value: string, args: readonly Nodes[], run: Run) => Nodes | string | boolean | number | undefined,
): Callable {
  return {
    arity,
    ofNothing: true,
    make: (args) => {
      const steps = args.map((one) => one.step());
      return (input, focus, run) => {
        const value = stringOf(input);
        if (value === undefined) return NOTHING;
        // Looking through a long text is work as well.
        spend(run, value.length >> 6);
        const given = steps.map((step) => step(focus, run));
        return given.some((one) => one.length === 0) ? NOTHING : asNodes(apply(value, given, run), run);
      };
    },
  };
}

function asNodes(result: Nodes | string | boolean | number | undefined, run: Run): Nodes {
  switch (typeof result) {
    case 'string':
      // Strings that grow and grow are work too.
      spend(run, result.length >> 4);
      return text(result);
    case 'undefined':
      return NOTHING;
    case 'object':
      return result;
    case 'boolean':
      return truth(result);
    default:
      return integer(result);
  }
}

/** Calls for each item with the item as focus and its place as `$index`. Stops when `visit` says true. */
export function forEach(
  input: Nodes,
  run: Run,
  visit: (item: Nodes, node: PathNode, at: number) => boolean | void,
): void {
  const { index, scope } = run;
  for (let at = 0; at < input.length; at++) {
    spend(run, 1);
    run.index = at;
    const node = input[at]!;
    const stops = visit([node], node, at);
    run.scope = scope;
    if (stops === true) break;
  }
  run.index = index;
}
