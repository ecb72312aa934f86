/** Functions on collections: existence, filtering, subsets, combining. https://hl7.org/fhirpath/N1/#existence, #filtering-and-projection, #subsetting, #combining */
import { forEach, judged, plain, type Argument, type Callable, type Callables } from '../callable.ts';
import { distinct, identity } from '../equality.ts';
import type { PathNode } from '../node.ts';
import { integer, integerOf, misfit, named, NOTHING, notSingle, truthOf, type Nodes } from '../nodes.ts';
import { spend, type Run } from '../run.ts';

/** Whether each, or any, of the items is a certain boolean. */
function booleans(wanted: boolean, each: boolean): Callable {
  return judged((input) => {
    const values = input.map((node) => {
      if (typeof node.value !== 'boolean') throw misfit(`a boolean was expected, found ${named(node)}`);
      return node.value;
    });
    return each ? values.every((value) => value === wanted) : values.some((value) => value === wanted);
  });
}

/** A function of the input and one other collection. */
const joined =
  <T>(join: (input: Nodes, other: Nodes, run: Run) => T) =>
  ([other]: readonly Argument[]) => {
    const step = other!.step();
    return (input: Nodes, focus: Nodes, run: Run): T => {
      const nodes = step(focus, run);
      spend(run, input.length + nodes.length);
      return join(input, nodes, run);
    };
  };

/** A truth about both. */
const withOther = (judge: (input: Nodes, other: Nodes, run: Run) => boolean): Callable => ({
  arity: [1, 1],
  judge: joined(judge),
});

/** A collection made of both. */
const combining = (combine: (input: Nodes, other: Nodes, run: Run) => Nodes): Callable => ({
  arity: [1, 1],
  make: joined(combine),
});

const keysOf = (nodes: Nodes, run: Run): Set<string> => new Set(nodes.map((node) => identity(node, run)));

function isSubset(part: Nodes, whole: Nodes, run: Run): boolean {
  if (part.length === 0) return true;
  const keys = keysOf(whole, run);
  return part.every((node) => keys.has(identity(node, run)));
}

const slicing = (slice: (input: Nodes, count: number) => Nodes): Callable => ({
  arity: [1, 1],
  ofNothing: true,
  make: ([count]) => {
    const step = count!.step();
    return (input, focus, run) => {
      const number = integerOf(step(focus, run));
      return number === undefined ? NOTHING : slice(input, number);
    };
  },
});

/** Steps that an item of `repeat` counts for: it is kept, and compared with all before. */
const REPEATED = 16;

/** `repeat`: new items until there are no more, each once; `repeatAll`: with repetitions. */
const repeating = (once: boolean): Callable => ({
  arity: [1, 1],
  ofNothing: true,
  make: ([projection]) => {
    const step = projection!.step();
    return (input, _focus, run) => {
      const found: PathNode[] = [];
      const seen = new Set<string>();
      let open: Nodes = input;
      while (open.length > 0) {
        const next: PathNode[] = [];
        forEach(open, run, (item) => {
          for (const node of step(item, run)) {
            const key = once ? identity(node, run) : '';
            spend(run, REPEATED);
            if (once && seen.has(key)) continue;
            if (once) seen.add(key);
            next.push(node);
          }
        });
        found.push(...next);
        open = next;
      }
      return found;
    };
  },
});

export const COLLECTIONS: Callables = {
  empty: judged((input) => input.length === 0),
  not: judged((input) => {
    const value = truthOf(input);
    return value === undefined ? undefined : !value;
  }),
  exists: {
    arity: [0, 1],
    judge: ([criteria]) => {
      const test = criteria?.test();
      if (!test) return (input) => input.length > 0;
      return (input, _focus, run) => {
        let found = false;
        forEach(input, run, (item) => (found = test(item, run) === true));
        return found;
      };
    },
  },
  all: {
    arity: [1, 1],
    judge: ([criteria]) => {
      const test = criteria!.test();
      return (input, _focus, run) => {
        let holds = true;
        forEach(input, run, (item) => !(holds = test(item, run) === true));
        return holds;
      };
    },
  },
  allTrue: booleans(true, true),
  anyTrue: booleans(true, false),
  allFalse: booleans(false, true),
  anyFalse: booleans(false, false),
  subsetOf: withOther((input, other, run) => isSubset(input, other, run)),
  supersetOf: withOther((input, other, run) => isSubset(other, input, run)),
  isDistinct: judged((input, run) => {
    spend(run, input.length);
    return distinct(input, run).length === input.length;
  }),
  count: { arity: [0, 0], make: () => (input) => integer(input.length) },
  distinct: plain((input, run) => {
    spend(run, input.length);
    return distinct(input, run);
  }),
  where: {
    arity: [1, 1],
    ofNothing: true,
    make: ([criteria]) => {
      const test = criteria!.test();
      return (input, _focus, run) => {
        const kept: PathNode[] = [];
        forEach(input, run, (item, node) => {
          if (test(item, run) === true) kept.push(node);
        });
        return kept.length === input.length ? input : kept;
      };
    },
  },
  select: {
    arity: [1, 1],
    ofNothing: true,
    make: ([projection]) => {
      const step = projection!.step();
      return (input, _focus, run) => {
        const found: PathNode[] = [];
        forEach(input, run, (item) => {
          const nodes = step(item, run);
          spend(run, nodes.length);
          for (const node of nodes) found.push(node);
        });
        return found;
      };
    },
  },
  repeat: repeating(true),
  repeatAll: repeating(false),
  single: plain((input) => {
    if (input.length > 1) throw notSingle(input);
    return input;
  }),
  first: plain((input) => (input.length > 1 ? [input[0]!] : input)),
  last: plain((input) => (input.length > 1 ? [input.at(-1)!] : input)),
  tail: plain((input) => input.slice(1)),
  skip: slicing((input, count) => (count <= 0 ? input : input.slice(count))),
  take: slicing((input, count) => (count <= 0 ? NOTHING : input.slice(0, count))),
  intersect: combining((input, other, run) => {
    const keys = keysOf(other, run);
    return distinct(
      input.filter((node) => keys.has(identity(node, run))),
      run,
    );
  }),
  exclude: combining((input, other, run) => {
    const keys = keysOf(other, run);
    return input.filter((node) => !keys.has(identity(node, run)));
  }),
  union: combining((input, other, run) => distinct([...input, ...other], run)),
  combine: combining((input, other) => [...input, ...other]),
};
