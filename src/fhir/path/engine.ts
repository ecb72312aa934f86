/**
 * FHIRPath behind one interface. What search parameters need is compiled to closures by us; every other expression goes to the `fhirpath`
 * engine. Which of the two takes an expression is decided when it is compiled. https://hl7.org/fhir/R4/fhirpath.html
 */
import type { Definitions } from '../definitions/registry.ts';
import { fault } from '../model/outcome.ts';
import type { ResourceTree } from '../model/tree.ts';
import { compileSteps } from './compile.ts';
import { compileByLibrary } from './library.ts';
import type { Environment } from './environment.ts';
import type { PathNode } from './node.ts';
import { NEVER, NOTHING, truthOf } from './nodes.ts';
import { parsePath } from './syntax.ts';

export type { PathNode } from './node.ts';

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

/** Compiles an expression; the same one is compiled once a registry. Throws FhirError `invalid` when it is not FHIRPath, with line and column. */
export function compileExpression(
  definitions: Definitions,
  text: string,
  options: ExpressionOptions = {},
): Expression {
  const evaluate = (node: PathNode): readonly PathNode[] => {
    const path = parsePath(text);
    const step = path && compileSteps({ definitions, type: options.type }, path);
    return step ? step([node], node) : compileByLibrary(definitions, text)(node.value as ResourceTree);
  };
  return { text, evaluate, test: (node) => truthOf(evaluate(node)) };
}

export interface CompiledPath {
  /** The nodes that the expression finds; throws Error where it does not fit the resource (several values where one is wanted). */
  (resource: ResourceTree): readonly PathNode[];
  /** which engine runs it */
  readonly engine: 'compiled' | 'fhirpath';
  /** true when it can find nothing in resources of the type it was compiled for */
  readonly never: boolean;
}

/** Most compiled expressions that are kept for one registry. */
const MOST_KEPT = 5000;
/** Longest expression that is compiled. */
const MOST_LENGTH = 20_000;
const kept = new WeakMap<Definitions, Map<string, CompiledPath>>();

/** Compiles an expression for resources of one type. Throws FhirError `invalid` when it is not FHIRPath. */
export function compilePath(
  definitions: Definitions,
  expression: string,
  resourceType: string,
): CompiledPath {
  let known = kept.get(definitions);
  if (!known) kept.set(definitions, (known = new Map<string, CompiledPath>()));
  const key = `${resourceType} ${expression}`;
  let compiled = known.get(key);
  if (!compiled) {
    compiled = compile(definitions, expression, resourceType);
    if (known.size >= MOST_KEPT) known.clear();
    known.set(key, compiled);
  }
  return compiled;
}

function compile(definitions: Definitions, expression: string, resourceType: string): CompiledPath {
  if (expression.length > MOST_LENGTH) {
    throw fault('invalid', `The FHIRPath expression is longer than ${MOST_LENGTH} characters`);
  }
  const own = compileOwn(definitions, expression, resourceType);
  if (own) return own;
  return Object.assign(compileByLibrary(definitions, expression), {
    engine: 'fhirpath' as const,
    never: false,
  });
}

function compileOwn(definitions: Definitions, expression: string, type: string): CompiledPath | undefined {
  const path = parsePath(expression);
  const step = path && compileSteps({ definitions, type }, path);
  if (!step) return undefined;
  const run = (resource: ResourceTree): readonly PathNode[] => {
    if (resource.resourceType !== type) return NOTHING;
    const root: PathNode = { value: resource, type };
    const nodes = step([root], root);
    return nodes.some(({ value }) => value === null) ? nodes.filter(({ value }) => value !== null) : nodes;
  };
  return Object.assign(run, { engine: 'compiled' as const, never: step === NEVER });
}
