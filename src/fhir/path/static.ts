/**
 * What an expression can find, told from the definitions alone: the types, elements and reference targets of its results. Search planning uses it to
 * know what a parameter holds before it meets a resource. https://hl7.org/fhir/R4/fhirpath.html
 */
import type { Definitions, ElementDefinition } from '../definitions/registry.ts';
import { FhirError } from '../model/outcome.ts';
import { isKindOf } from './children.ts';
import { parsePath, type Path } from './syntax.ts';
import { isTruth } from './truths.ts';
import { ofTypeTest, resolveType } from './types.ts';

export interface StaticType {
  readonly type: string;
  readonly element?: ElementDefinition;
  /** the only type that a reference may point to, after `where(resolve() is Patient)` */
  readonly refersTo?: string;
}

/** The possible results in resources of one type; undefined when that cannot be told beforehand. */
export function staticTypes(
  definitions: Definitions,
  expression: string,
  resourceType: string,
): readonly StaticType[] | undefined {
  try {
    return typesOf(definitions, parsePath(expression), { type: resourceType });
  } catch (error) {
    if (error instanceof FhirError) return undefined;
    throw error;
  }
}

type Types = readonly StaticType[] | undefined;

/** Made values are told as primitives of FHIR: what searches by them sees no difference. */
const BOOLEAN: Types = [{ type: 'boolean' }];

function typesOf(definitions: Definitions, path: Path, root: StaticType): Types {
  switch (path.kind) {
    case 'this':
      return [root];
    case 'literal':
      return [{ type: path.type === 'System.Boolean' ? 'boolean' : 'string' }];
    case 'index':
      return typesOf(definitions, path.of, root);
    case 'child':
      return childTypes(definitions, path, root);
    case 'type':
      return castTypes(definitions, path, root);
    case 'binary': {
      if (isTruth(path.operator)) return BOOLEAN;
      if (path.operator !== '|') return undefined;
      const [left, right] = [path.left, path.right].map((side) => typesOf(definitions, side, root));
      return left && right && [...left, ...right];
    }
    case 'call':
      return callTypes(definitions, path, root);
    default:
      return undefined;
  }
}

function childTypes(
  definitions: Definitions,
  path: Extract<Path, { kind: 'child' }>,
  root: StaticType,
): Types {
  const { name } = path;
  if (path.of.kind === 'this' && /^[A-Z]/.test(name) && definitions.type(name)) {
    return isKindOf(definitions, root.type, name) ? [root] : [];
  }
  const from = typesOf(definitions, path.of, root);
  // What an inline resource has is not known before its type is.
  if (!from || from.some(({ type }) => type === 'Resource')) return undefined;
  return from.flatMap(({ type }) => {
    const element = definitions.type(type)?.elements.find((one) => one.name === name);
    return element ? element.types.map((one) => ({ type: one, element })) : [];
  });
}

function castTypes(definitions: Definitions, path: Extract<Path, { kind: 'type' }>, root: StaticType): Types {
  if (path.operator === 'is') return BOOLEAN;
  const from = typesOf(definitions, path.of, root);
  const wanted = resolveType(definitions, path.type);
  const holds = ofTypeTest(definitions, wanted, false);
  return from?.flatMap((one) => {
    if (one.type === 'Resource') return [{ ...one, type: wanted }];
    return holds(one.type) ? [one] : [];
  });
}

function callTypes(definitions: Definitions, path: Extract<Path, { kind: 'call' }>, root: StaticType): Types {
  switch (path.name) {
    case 'exists':
    case 'empty':
    case 'not':
    case 'hasValue':
      return BOOLEAN;
    case 'extension':
      return [{ type: 'Extension' }];
    case 'first':
    case 'last':
      return typesOf(definitions, path.of, root);
    case 'where': {
      const refersTo = path.args.map(resolvedType)[0];
      const from = typesOf(definitions, path.of, root);
      return refersTo === undefined ? from : from?.map((one) => ({ ...one, refersTo }));
    }
    default:
      return undefined;
  }
}

/** `Patient` of `resolve() is Patient` */
function resolvedType(test: Path): string | undefined {
  const isTest = test.kind === 'type' && test.operator === 'is' && test.of.kind === 'call';
  return isTest && test.of.name === 'resolve' ? test.type.name : undefined;
}
