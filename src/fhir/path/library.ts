/**
 * The `fhirpath` engine for expressions beyond what we compile ourselves. It is large, so it is loaded when the first one comes.
 * https://github.com/HL7/fhirpath.js
 */
import { createRequire } from 'node:module';
import type { Definitions } from '../definitions/registry.ts';
import { toPlain } from '../model/json.ts';
import { fault } from '../model/outcome.ts';
import { isObject, type JsonValue, type ResourceTree } from '../model/tree.ts';
import type { PathNode } from './node.ts';
import { resolve } from './functions.ts';

interface Library {
  compile(expression: string, model: unknown, options: object): (resource: unknown) => unknown[];
  types(value: unknown): string[];
}

let library: { readonly fhirpath: Library; readonly model: unknown } | undefined;

export function loadLibrary(): NonNullable<typeof library> {
  const require = createRequire(import.meta.url);
  library ??= {
    fhirpath: require('fhirpath') as Library,
    model: require('fhirpath/fhir-context/r4') as unknown,
  };
  return library;
}

/** Compiles by the library. Throws FhirError `invalid` for what is not FHIRPath; evaluation throws Error where the expression does not fit. */
export function compileByLibrary(
  definitions: Definitions,
  expression: string,
): (resource: ResourceTree) => readonly PathNode[] {
  const { fhirpath, model } = loadLibrary();
  let root: PathNode = { value: null, type: '' };
  // References are not fetched: what they resolve to is known by its type alone.
  const stub = (inputs: readonly unknown[]): unknown[] =>
    inputs.filter(isLibraryNode).flatMap((node) => {
      const found = resolve(definitions, { value: node.data as JsonValue, type: '' }, root);
      return found ? [node.constructor.makeResNode(node.ctx, found.value, null, null, null, null)] : [];
    });
  let evaluate: (resource: unknown) => unknown[];
  try {
    const userInvocationTable = { resolve: { fn: stub, arity: { 0: [] }, internalStructures: true } };
    evaluate = fhirpath.compile(expression, model, { resolveInternalTypes: false, userInvocationTable });
  } catch (error) {
    const reason = (error as Error).message.replace(/\s+/g, ' ').slice(0, 200);
    throw fault('invalid', `"${expression.slice(0, 200)}" is not a FHIRPath expression: ${reason}`);
  }
  return (resource) => {
    const value = toPlain(resource) as ResourceTree;
    root = { value, type: value.resourceType };
    return evaluate(value).flatMap((node) => typed(definitions, fhirpath, node) ?? []);
  };
}

interface LibraryNode {
  readonly data: unknown;
  readonly path?: string;
  readonly ctx: unknown;
  readonly constructor: { makeResNode(...parts: unknown[]): unknown };
}

const isLibraryNode = (node: unknown): node is LibraryNode =>
  typeof node === 'object' && node !== null && 'parentResNode' in node;

function typed(definitions: Definitions, fhirpath: Library, node: unknown): PathNode | undefined {
  const value = plainValue(isLibraryNode(node) ? node.data : node);
  if (value === undefined || value === null) return undefined;
  const named = fhirpath.types([node])[0] ?? '';
  const path = isLibraryNode(node) ? node.path : undefined;
  if (/\.(Backbone)?Element$/.test(named) && path !== undefined && definitions.type(path))
    return { value, type: path };
  if (named.startsWith('FHIR.')) return { value, type: named.slice('FHIR.'.length) };
  const type = named.replace(/^System\./, '');
  return { value, type: isObject(value) ? type : type.charAt(0).toLowerCase() + type.slice(1) };
}

/** Dates, times and big integers of the library as JSON. */
function plainValue(value: unknown): JsonValue | undefined {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value as JsonValue | undefined;
  return 'toJSON' in value ? (value as { toJSON: () => JsonValue }).toJSON() : (value as JsonValue);
}
