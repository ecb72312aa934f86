/**
 * FHIRPath behind one interface. What search parameters need is compiled to closures by us; every other expression goes to the `fhirpath`
 * engine, which is loaded when the first one comes. Which of the two takes an expression is decided when it is compiled.
 * https://hl7.org/fhir/R4/fhirpath.html
 */
import { createRequire } from 'node:module';
import type { Definitions } from '../definitions/registry.ts';
import { toPlain } from '../model/json.ts';
import { fault } from '../model/outcome.ts';
import type { JsonValue, ResourceTree } from '../model/tree.ts';
import { compileSteps, type PathNode } from './compile.ts';
import { parsePath } from './syntax.ts';

export type { PathNode } from './compile.ts';

export interface CompiledPath {
  (resource: ResourceTree): readonly PathNode[];
  /** which engine runs it */
  readonly engine: 'compiled' | 'fhirpath';
}

/** Most compiled expressions that are kept for one registry. */
const MOST_KEPT = 5000;
const kept = new WeakMap<Definitions, Map<string, CompiledPath>>();

/** Compiles an expression for resources of one type. Throws FhirError `invalid` when it is not FHIRPath. */
export function compilePath(
  definitions: Definitions,
  expression: string,
  resourceType: string,
): CompiledPath {
  let known = kept.get(definitions);
  if (!known) kept.set(definitions, (known = new Map()));
  const key = `${resourceType} ${expression}`;
  let compiled = known.get(key);
  if (!compiled) {
    compiled = compileOwn(definitions, expression, resourceType) ?? compileLibrary(expression);
    if (known.size >= MOST_KEPT) known.clear();
    known.set(key, compiled);
  }
  return compiled;
}

function compileOwn(
  definitions: Definitions,
  expression: string,
  resourceType: string,
): CompiledPath | undefined {
  const path = parsePath(expression);
  const step = path && compileSteps(definitions, path, resourceType);
  if (!step) return undefined;
  const run = (resource: ResourceTree): readonly PathNode[] => {
    const root = [{ value: resource, type: resource.resourceType }];
    return step(root, root);
  };
  return Object.assign(run, { engine: 'compiled' as const });
}

interface Library {
  compile(expression: string, model: unknown, options: object): (resource: unknown) => unknown[];
  types(value: unknown): string[];
}

let library: { readonly fhirpath: Library; readonly model: unknown } | undefined;

function loadLibrary(): NonNullable<typeof library> {
  const require = createRequire(import.meta.url);
  library ??= {
    fhirpath: require('fhirpath') as Library,
    model: require('fhirpath/fhir-context/r4') as unknown,
  };
  return library;
}

function compileLibrary(expression: string): CompiledPath {
  const { fhirpath, model } = loadLibrary();
  let evaluate: (resource: unknown) => unknown[];
  try {
    evaluate = fhirpath.compile(expression, model, { resolveInternalTypes: false });
  } catch (error) {
    throw fault(
      'invalid',
      `"${expression.slice(0, 200)}" is not a FHIRPath expression: ${(error as Error).message.slice(0, 200)}`,
    );
  }
  const run = (resource: ResourceTree): readonly PathNode[] =>
    evaluate(toPlain(resource)).map((value) => libraryNode(fhirpath, value));
  return Object.assign(run, { engine: 'fhirpath' as const });
}

function libraryNode(fhirpath: Library, node: unknown): PathNode {
  const type = fhirpath.types([node])[0]?.replace(/^(FHIR|System)\./, '') ?? '';
  const inner =
    node !== null && typeof node === 'object' && 'data' in node ? (node as { data: unknown }).data : node;
  const value = inner !== null && typeof inner === 'object' && 'asStr' in inner ? String(inner) : inner;
  return {
    value: value as JsonValue,
    type:
      type[0] === type[0]?.toUpperCase() && typeof value !== 'object'
        ? type[0]!.toLowerCase() + type.slice(1)
        : type,
  };
}
