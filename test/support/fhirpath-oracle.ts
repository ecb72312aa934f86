// The `fhirpath` engine of HL7 as an oracle and a floor: its results as pairs of type and value.

import { createRequire } from 'node:module';
import { toPlain } from '../../src/fhir/model/json.ts';
import type { JsonValue } from '../../src/fhir/model/tree.ts';

interface Library {
  compile(
    expression: string,
    model: unknown,
    options: object,
  ): (resource: unknown, environment?: object) => unknown[];
  types(value: unknown): string[];
}

const require = createRequire(import.meta.url);
export const fhirpath = require('fhirpath') as Library;
export const model = require('fhirpath/fhir-context/r4') as unknown;

interface LibraryNode {
  readonly data: unknown;
  readonly ctx: unknown;
  readonly constructor: { makeResNode(...parts: unknown[]): unknown };
}

const isNode = (node: unknown): node is LibraryNode =>
  typeof node === 'object' && node !== null && 'parentResNode' in node;

const REFERENCE =
  /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?(?:#.*)?$/;

/** What a reference is known to point to: its contained resource, or a resource of which only the type is known. */
function resolve(value: unknown, root: unknown): unknown {
  const { reference, type } = (
    typeof value === 'object' && value !== null ? value : { reference: value }
  ) as Record<string, unknown>;
  if (typeof reference === 'string' && reference.startsWith('#')) {
    const list = (root as { contained?: { id: string }[] }).contained;
    return list?.find(({ id }) => id === reference.slice(1));
  }
  const named = (typeof reference === 'string' ? REFERENCE.exec(reference)?.[1] : undefined) ?? type;
  return typeof named === 'string' ? { resourceType: named } : undefined;
}

/** Compiles for whole resources; throws Error for what is not FHIRPath, and when run for what does not fit. */
export function compileOracle(expression: string): (resource: JsonValue, environment?: object) => unknown[] {
  let root: unknown;
  const stub = (inputs: readonly unknown[]): unknown[] =>
    inputs.filter(isNode).flatMap((node) => {
      const found = resolve(node.data, root);
      return found === undefined
        ? []
        : [node.constructor.makeResNode(node.ctx, found, null, null, null, null)];
    });
  const userInvocationTable = { resolve: { fn: stub, arity: { 0: [] }, internalStructures: true } };
  const evaluate = fhirpath.compile(expression, model, { resolveInternalTypes: false, userInvocationTable });
  return (resource, environment) => {
    root = toPlain(resource);
    return evaluate(root, environment);
  };
}

/** The value of a result as JSON; undefined for none. */
export function oracleValue(node: unknown): JsonValue | undefined {
  const value = isNode(node) ? node.data : node;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value as JsonValue | undefined;
  return 'toJSON' in value ? (value as { toJSON: () => JsonValue }).toJSON() : (value as JsonValue);
}

/** Its type without the namespace: `code`, `Observation.component` as BackboneElement. */
export const oracleType = (node: unknown): string =>
  (fhirpath.types([node])[0] ?? '').replace(/^(?:FHIR|System)\./, '');
