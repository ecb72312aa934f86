/**
 * FHIRPath: expressions are compiled once and run on nodes. Invariants, search parameters, patches, subscriptions and policies all enter here.
 * https://hl7.org/fhirpath/N1/, https://hl7.org/fhir/R4/fhirpath.html, docs/adr/0020
 */
import type { Definitions } from '../definitions/registry.ts';
import { fault } from '../model/outcome.ts';
import type { ResourceTree } from '../model/tree.ts';
import { checkPath } from './check.ts';
import { compileSteps, compileTest, type Scene } from './compile.ts';
import type { Environment } from './environment.ts';
import { resourceNode, type PathNode } from './node.ts';
import { NEVER, NOTHING } from './nodes.ts';
import { settle, startRun, type Run } from './run.ts';
import { parsePath, type Path } from './syntax.ts';
import type { Watch } from './watch.ts';

export type { PathNode } from './node.ts';
export type { Environment } from './environment.ts';

/** An expression that was compiled once, to be run on nodes of any type. */
export interface Expression {
  readonly text: string;
  /**
   * The nodes that the expression finds or makes, in order. Throws FhirError: `invalid` where it does not fit (several values where one is wanted,
   * `1 + 'a'`), `too-costly` beyond the budget, and `NotCheckable`.
   */
  evaluate(node: PathNode, environment?: Environment): readonly PathNode[];
  /** The truth of the expression, as invariants need it: a single value that is no boolean is true; undefined for nothing. Throws as `evaluate` does. */
  test(node: PathNode, environment?: Environment): boolean | undefined;
}

export interface ExpressionOptions {
  /** type of the nodes that it will be run on: `Patient`, `HumanName`, `Observation.component`; needed by `strict` */
  readonly type?: string;
  /** refuse what the definitions show to be wrong: unknown elements, several values where one is wanted, operands of wrong types */
  readonly strict?: boolean;
}

/** Most compiled expressions that are kept for one registry. */
const MOST_KEPT = 5000;

/** Remembers what was made for a key, for each registry. */
function remembered<T>(): (definitions: Definitions, key: string, make: () => T) => T {
  const kept = new WeakMap<Definitions, Map<string, T>>();
  return (definitions, key, make) => {
    let known = kept.get(definitions);
    if (!known) kept.set(definitions, (known = new Map<string, T>()));
    let found = known.get(key);
    if (found === undefined) {
      found = make();
      if (known.size >= MOST_KEPT) known.clear();
      known.set(key, found);
    }
    return found;
  };
}

const expressions = remembered<Expression>();
const paths = remembered<CompiledPath>();

/** Compiles an expression; the same one is compiled once a registry. Throws FhirError `invalid` when it is not FHIRPath, with line and column. */
export function compileExpression(
  definitions: Definitions,
  text: string,
  options: ExpressionOptions = {},
): Expression {
  const { type, strict = false } = options;
  const key = `${strict ? '!' : ''}${strict ? (type ?? '') : ''} ${text}`;
  return expressions(definitions, key, () => make(definitions, text, options));
}

function make(
  definitions: Definitions,
  text: string,
  { type, strict = false }: ExpressionOptions,
  watch?: Watch,
): Expression {
  const path = parsePath(text);
  if (strict) checkPath(definitions, path, type, text);
  const scene = { ...sceneOf(definitions, text, strict), ...(watch && { watch }) };
  const step = compileSteps(scene, path);
  const test = compileTest(scene, path);
  return {
    text,
    evaluate: (node, environment) => runOn(definitions, node, environment, step),
    test: (node, environment) => runOn(definitions, node, environment, test),
  };
}

function runOn<T>(
  definitions: Definitions,
  node: PathNode,
  environment: Environment | undefined,
  evaluate: (focus: readonly PathNode[], run: Run) => T,
): T {
  const run = startRun(definitions, node, environment);
  try {
    return evaluate([node], run);
  } catch (error) {
    throw readable(error);
  } finally {
    settle(run);
  }
}

function sceneOf(definitions: Definitions, text: string, strict: boolean, type?: string): Scene {
  return {
    definitions,
    strict,
    resolves: text.includes('resolve'),
    defines: text.includes('defineVariable'),
    ...(type !== undefined && { type }),
  };
}

/** As `compileExpression`, but not kept, and told to `watch`: for a person who looks for a mistake. */
export function compileWatched(
  definitions: Definitions,
  text: string,
  options: ExpressionOptions,
  watch: Watch,
): Expression {
  return make(definitions, text, options, watch);
}

/** Expressions nest as deep as their text, and so does their evaluation. */
function readable(error: unknown): unknown {
  if (!(error instanceof RangeError)) return error;
  return fault('too-costly', 'The FHIRPath expression nests too deep or makes too much');
}

/** An expression for whole resources of one type, as search parameters have it. */
export interface CompiledPath {
  /** The nodes that the expression finds, those without a value left out. Throws as `Expression.evaluate` does. */
  (resource: ResourceTree): readonly PathNode[];
  /** true when it can find nothing in resources of the type it was compiled for */
  readonly never: boolean;
}

/** Compiles an expression for resources of one type. Throws FhirError `invalid` when it is not FHIRPath. */
export function compilePath(
  definitions: Definitions,
  expression: string,
  resourceType: string,
): CompiledPath {
  return paths(definitions, `${resourceType} ${expression}`, () =>
    makePath(definitions, parsePath(expression), expression, resourceType),
  );
}

function makePath(definitions: Definitions, path: Path, text: string, type: string): CompiledPath {
  const step = compileSteps(sceneOf(definitions, text, false, type), path);
  if (step === NEVER) return Object.assign(() => NOTHING, { never: true });
  const run = (resource: ResourceTree): readonly PathNode[] => {
    if (resource.resourceType !== type) return NOTHING;
    const root = resourceNode(resource);
    try {
      return withValues(step([root], startRun(definitions, root)));
    } catch (error) {
      throw readable(error);
    }
  };
  return Object.assign(run, { never: false });
}

function withValues(nodes: readonly PathNode[]): readonly PathNode[] {
  for (const { value } of nodes) if (value === null) return nodes.filter((node) => node.value !== null);
  return nodes;
}
