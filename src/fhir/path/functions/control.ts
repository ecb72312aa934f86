/** Functions that take expressions: `iif`, `aggregate`, `sort`, `trace`, `defineVariable`. https://hl7.org/fhirpath/N1/#utility-functions, #aggregates */
import { forEach, plain, type Argument, type Callable, type Callables } from '../callable.ts';
import { orderNodes } from '../equality.ts';
import { add, divide, type Exact } from '../exact.ts';
import type { PathNode } from '../node.ts';
import {
  exactNumberOf,
  misfit,
  nodeKind,
  NOTHING,
  notSingle,
  numeric,
  single,
  stringOf,
  type Nodes,
  type Step,
} from '../nodes.ts';
import { spend, type Run } from '../run.ts';

interface SortKey {
  readonly step: Step;
  readonly descends: boolean;
}

/** `-family` sorts downwards, also by what is no number. */
const sortKey = (argument: Argument): SortKey => ({
  step: argument.unsigned(),
  descends: argument.path.kind === 'polarity' && argument.path.sign === '-',
});

function compareKeys(a: readonly Nodes[], b: readonly Nodes[], keys: readonly SortKey[]): number {
  for (const [i, { descends }] of keys.entries()) {
    const [left, right] = [single(a[i]!), single(b[i]!)];
    // What is not there comes first, upwards and downwards.
    if (!left || !right) {
      if (left ?? right) return left ? 1 : -1;
      continue;
    }
    const order = orderNodes(left, right) ?? 0;
    if (order !== 0) return descends ? -order : order;
  }
  return 0;
}

const itself: SortKey = { step: (focus) => focus, descends: false };

/** Names that `defineVariable` must not take. */
const TAKEN: ReadonlySet<string> = new Set(['context', 'resource', 'rootResource', 'ucum', 'sct', 'loinc']);

function define(run: Run, name: string, nodes: Nodes): void {
  if (TAKEN.has(name) || run.environment.variables?.[name] !== undefined) throw misfit(`%${name} is taken`);
  for (let one = run.scope; one; one = one.before)
    if (one.name === name) throw misfit(`%${name} is defined twice`);
  run.scope = { name, nodes, before: run.scope };
}

/** A number made of all of them; nothing of nothing. https://hl7.org/fhirpath/STU3/#aggregates */
function numbersOf(combine: (numbers: readonly Exact[]) => Exact | undefined): Callable {
  return plain((input, run) => {
    spend(run, input.length);
    if (input.length === 0) return NOTHING;
    const whole = input.every((node) => nodeKind(node) === 'Integer');
    const result = combine(input.map((node) => exactNumberOf([node]) ?? { digits: 0n, scale: 0 }));
    return numeric(result, whole && result?.scale === 0 ? 'Integer' : 'Decimal');
  });
}

const extreme = (wins: (order: number) => boolean): Callable =>
  plain((input, run) => {
    spend(run, input.length);
    const found = input.reduce<PathNode | undefined>(
      (best, node) => (best && !wins(orderNodes(node, best) ?? 0) ? best : node),
      undefined,
    );
    return found ? [found] : NOTHING;
  });

export const CONTROL: Callables = {
  iif: {
    arity: [2, 3],
    make: ([criterion, then, otherwise]) => {
      const [test, first, second] = [criterion!.test(), then!.step(), otherwise?.step()];
      return (input, _focus, run) => {
        if (input.length > 1) throw notSingle(input);
        if (test(input, run) === true) return first(input, run);
        return second ? second(input, run) : NOTHING;
      };
    },
  },
  aggregate: {
    arity: [1, 2],
    make: ([aggregator, start]) => {
      const [step, initial] = [aggregator!.step(), start?.step()];
      return (input, focus, run) => {
        const { total } = run;
        let result = initial ? initial(focus, run) : NOTHING;
        forEach(input, run, (item) => {
          run.total = result;
          result = step(item, run);
        });
        run.total = total;
        return result;
      };
    },
  },
  sort: {
    arity: [0, 10],
    ofNothing: true,
    make: (args) => {
      const given = args.map(sortKey);
      const keys = given.length === 0 ? [itself] : given;
      return (input, _focus, run) => {
        const rows: { node: PathNode; values: Nodes[] }[] = [];
        forEach(input, run, (item, node) => {
          rows.push({ node, values: keys.map(({ step }) => step(item, run)) });
        });
        spend(run, input.length * 16);
        return rows.sort((a, b) => compareKeys(a.values, b.values, keys)).map(({ node }) => node);
      };
    },
  },
  trace: {
    arity: [1, 2],
    ofNothing: true,
    make: ([name, projection]) => {
      const [naming, step] = [name!.step(), projection?.step()];
      return (input, focus, run) => {
        const { trace } = run.environment;
        if (!trace) return input;
        const shown = step ? input.flatMap((node) => step([node], run)) : input;
        trace(stringOf(naming(focus, run)) ?? '', shown);
        return input;
      };
    },
  },
  defineVariable: {
    arity: [1, 2],
    make: ([name, value]) => {
      const [naming, step] = [name!.step(), value?.step()];
      return (input, focus, run) => {
        const given = stringOf(naming(focus, run));
        if (given === undefined) throw misfit('defineVariable needs a name');
        define(run, given, step ? step(input, run) : input);
        return input;
      };
    },
  },
  sum: numbersOf((numbers) => numbers.reduce(add, { digits: 0n, scale: 0 })),
  min: extreme((order) => order < 0),
  max: extreme((order) => order > 0),
  avg: numbersOf((numbers) =>
    divide(numbers.reduce(add, { digits: 0n, scale: 0 }), { digits: BigInt(numbers.length), scale: 0 }),
  ),
  coalesce: {
    arity: [1, 20],
    make: (args) => {
      const steps = args.map((one) => one.step());
      return (_input, focus, run) => {
        for (const step of steps) {
          const nodes = step(focus, run);
          if (nodes.length > 0) return nodes;
        }
        return NOTHING;
      };
    },
  },
};
