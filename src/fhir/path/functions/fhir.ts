/** The functions that FHIR adds, and those that walk through a resource. https://hl7.org/fhir/R4/fhirpath.html#functions, https://hl7.org/fhirpath/N1/#tree-navigation */
import type { Definitions } from '../../definitions/registry.ts';
import { isObject, type JsonValue } from '../../model/tree.ts';
import { judged, plain, type Callable, type Callables } from '../callable.ts';
import { addChildren, childFinder } from '../children.ts';
import { NotCheckable } from '../environment.ts';
import { reflected } from '../kinds.ts';
import { resourceNode, type PathNode } from '../node.ts';
import { made, single, stringOf, type Nodes } from '../nodes.ts';
import { rootResourceOf, spend, type Run } from '../run.ts';

function children(node: PathNode, run: Run): PathNode[] {
  const found: PathNode[] = [];
  addChildren(run.definitions, node, found);
  spend(run, 1 + found.length);
  return found;
}

/** All below a node, each before what is in it. */
function descendants(node: PathNode, run: Run): Nodes {
  const known = run.descendants?.get(node);
  if (known) return known;
  const found: PathNode[] = [];
  const open = children(node, run).reverse();
  for (let one = open.pop(); one; one = open.pop()) {
    found.push(one);
    const below = children(one, run);
    for (let i = below.length - 1; i >= 0; i--) open.push(below[i]!);
  }
  (run.descendants ??= new Map<PathNode, Nodes>()).set(node, found);
  return found;
}

const REFERENCE =
  /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?(?:#.*)?$/;

/** Resources of which nothing is known but the type, one for each type. */
const stubs = new Map<string, PathNode>();
const stubValues = new WeakSet<object>();

function stubOf(type: string): PathNode {
  let stub = stubs.get(type);
  if (!stub) {
    const value = { resourceType: type };
    stubValues.add(value);
    stubs.set(type, (stub = resourceNode(value)));
  }
  return stub;
}

/** Throws `NotCheckable` for a resource that a reference names but that is not at hand. */
export function needContent(node: PathNode): void {
  if (typeof node.value !== 'object' || node.value === null || !stubValues.has(node.value)) return;
  throw new NotCheckable(`The ${node.type} that a reference points to is not at hand`);
}

/**
 * The target of a reference: a contained resource; what the environment finds; or else a resource of which only the type is known, which is all that most
 * expressions ask for (`where(resolve() is Patient)`). Undefined when not even that is known.
 */
function resolve(node: PathNode, run: Run): PathNode | undefined {
  const { value } = node;
  const reference = isObject(value) ? value['reference'] : value;
  if (typeof reference === 'string' && reference.startsWith('#')) return contained(run, reference.slice(1));
  const found = typeof reference === 'string' ? run.environment.resolve?.(reference, node) : undefined;
  if (found) return found;
  const named = typeof reference === 'string' ? REFERENCE.exec(reference)?.[1] : undefined;
  const type = named ?? (isObject(value) ? value['type'] : undefined);
  if (typeof type !== 'string' || !run.definitions.isResourceType(type)) return undefined;
  return stubOf(type);
}

function contained(run: Run, id: string): PathNode | undefined {
  const root = rootResourceOf(run);
  if (id === '') return root;
  const list = root && isObject(root.value) ? root.value['contained'] : undefined;
  if (!Array.isArray(list)) return undefined;
  const index = list.findIndex((one) => isObject(one) && one['id'] === id);
  const found = list[index];
  const type = found !== undefined && isObject(found) ? found['resourceType'] : undefined;
  return typeof type === 'string'
    ? resourceNode(found as { resourceType: string }, root, 'contained', index)
    : undefined;
}

/** A judgement that is made outside, of one item and one string. */
function asked(
  what: string,
  ask: (run: Run) => ((node: PathNode, argument: string) => boolean | undefined) | undefined,
): Callable {
  return {
    arity: [1, 1],
    judge: ([argument]) => {
      const step = argument!.step();
      return (input, focus, run) => {
        const [node, text] = [single(input), stringOf(step(focus, run))];
        if (!node || text === undefined) return undefined;
        const answer = ask(run)?.(node, text);
        if (answer === undefined) throw new NotCheckable(`${what} "${text}" is not at hand`);
        return answer;
      };
    },
  };
}

const subsuming = (turned: boolean): Callable => ({
  arity: [1, 1],
  judge: ([other]) => {
    const step = other!.step();
    return (input, focus, run) => {
      const [a, b] = [single(input), single(step(focus, run))];
      if (!a || !b) return undefined;
      const answer = run.environment.subsumes?.(...(turned ? ([b, a] as const) : ([a, b] as const)));
      if (answer === undefined) throw new NotCheckable('The code system is not at hand');
      return answer;
    };
  },
});

function missing(name: string): Callable {
  return {
    arity: [0, 5],
    make: () => () => {
      throw new NotCheckable(`${name}() is not supported`);
    },
  };
}

const extension: Callable = {
  arity: [0, 1],
  ofNothing: true,
  make: ([url], definitions: Definitions) => {
    const find = childFinder(definitions, 'extension');
    const step = url?.step();
    return (input, focus, run) => {
      const found: PathNode[] = [];
      for (const node of input) find.all(node, found);
      spend(run, found.length);
      if (!step) return found;
      const wanted = stringOf(step(focus, run));
      return found.filter(({ value }) => isObject(value) && value['url'] === wanted);
    };
  },
};

export const FHIR: Callables = {
  children: plain((input, run) => input.flatMap((node) => children(node, run))),
  descendants: plain((input, run) =>
    input.length === 1 ? descendants(input[0]!, run) : input.flatMap((node) => descendants(node, run)),
  ),
  hasValue: judged((input) => input.length === 1 && input[0]!.value !== null && !isObject(input[0]!.value)),
  extension,
  resolve: plain((input, run) => {
    spend(run, input.length);
    const found: PathNode[] = [];
    for (const node of input) {
      const target = resolve(node, run);
      if (target) found.push(target);
    }
    return found;
  }),
  type: plain((input) =>
    input.map(({ type }) => made(reflected(type) as unknown as JsonValue, 'System.TypeInfo')),
  ),
  memberOf: asked('The value set', ({ environment }) => environment.memberOf),
  conformsTo: asked('The profile', ({ environment }) => environment.conformsTo),
  subsumes: subsuming(false),
  subsumedBy: subsuming(true),
  htmlChecks: {
    arity: [0, 0],
    judge: () => (input, _focus, run) => {
      const node = single(input);
      const check = run.environment.htmlChecks;
      if (!node) return undefined;
      if (!check) throw new NotCheckable('Narratives are not checked here');
      return check(node);
    },
  },
  elementDefinition: missing('elementDefinition'),
  slice: missing('slice'),
  checkModifiers: missing('checkModifiers'),
};
