// FHIRPath against `fhirpath` 5.2.2: all search expressions and all invariants of R4, on the examples of R4.

import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadDefinitions } from '../src/definitions-file.ts';
import type { Definitions } from '../src/fhir/definitions/registry.ts';
import { parseJson, toPlain } from '../src/fhir/model/json.ts';
import type { ResourceTree } from '../src/fhir/model/tree.ts';
import { compileExpression, compilePath, type PathNode } from '../src/fhir/path/engine.ts';
import { isResource, resourceNode } from '../src/fhir/path/node.ts';
import { fhirpath, model, compileOracle } from '../test/support/fhirpath-oracle.ts';
import type { InProcess } from './in-process.ts';

const EXAMPLES = resolve(import.meta.dirname, '../node_modules/hl7.fhir.r4.examples');
/** Examples of a type that are taken. */
const A_TYPE = 3;
/** Larger ones say more about walking than about expressions, and would take the whole time. */
const MOST_BYTES = 60_000;

/** One expression on one node, by both engines. */
type Task = { readonly text: string; readonly own: () => unknown; readonly floor: () => unknown };

function examples(type: string): ResourceTree[] {
  const names = readdirSync(EXAMPLES).filter((name) => name.startsWith(`${type}-`) && name.endsWith('.json'));
  return names
    .map((name) => readFileSync(resolve(EXAMPLES, name), 'utf8'))
    .filter((text) => text.length < MOST_BYTES)
    .map((text) => parseJson(text, { depth: 200 }) as ResourceTree)
    .filter(({ resourceType }) => resourceType === type)
    .slice(0, A_TYPE);
}

/** The alternatives that are about the type, with `ofType` where the library's `as` would refuse a collection. */
function forLibrary(expression: string, type: string): string {
  const own = new RegExp(`^[\\s(]*(?:${type}|Resource|DomainResource)\\b|^\\s*[a-z]`);
  const parts = expression.split('|').filter((part) => own.test(part));
  const filtered = parts.map((part) =>
    part.replace(/\(([^()]+?) as (\w+)\)/g, '$1.ofType($2)').replaceAll('.as(', '.ofType('),
  );
  return filtered.join(' | ') || '{}';
}

function searchTasks(definitions: Definitions, tree: ResourceTree): Task[] {
  const plain = toPlain(tree);
  return [...definitions.searchParameters(tree.resourceType).values()].flatMap(({ expression }) => {
    if (expression === undefined) return [];
    const own = compilePath(definitions, expression, tree.resourceType);
    const floor = compileOracle(forLibrary(expression, tree.resourceType));
    return [{ text: expression, own: () => own(tree), floor: () => floor(plain) }];
  });
}

/** Type or path of an element -> the invariants that its definition states. */
function invariants(definitions: Definitions): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const url of definitions.canonicals('StructureDefinition')) {
    const text = definitions.conformance('StructureDefinition', url)!;
    const { derivation, snapshot } = JSON.parse(text) as Definition;
    if (derivation === 'constraint') continue;
    for (const { path, constraint = [] } of snapshot?.element ?? []) {
      const own = found.get(path) ?? new Set<string>();
      for (const { expression } of constraint) if (expression !== undefined) own.add(expression);
      found.set(path, own);
    }
  }
  return found;
}

type Definition = {
  readonly derivation?: string;
  readonly snapshot?: {
    readonly element: readonly { path: string; constraint?: readonly { expression?: string }[] }[];
  };
};

/** A stand-in for what both engines leave to others. */
const outside = { htmlChecks: () => true };

function invariantTasks(
  definitions: Definitions,
  known: Map<string, Set<string>>,
  tree: ResourceTree,
): Task[] {
  const root = resourceNode(tree);
  const all = [root, ...compileExpression(definitions, 'descendants()').evaluate(root)];
  const resource = toPlain(tree);
  const environment = { resource: root, rootResource: root, ...outside };
  return all.flatMap((node) => {
    if (node !== root && (isResource(node) || inside(node))) return [];
    const part = toPlain(node.value);
    return [...(known.get(node.type) ?? [])].flatMap((text) => {
      const own = compileExpression(definitions, text);
      const floor = compileBased(node.type, text);
      const there = { resource, rootResource: resource };
      return [{ text, own: () => own.test(node, environment), floor: () => floor(part, there) }];
    });
  });
}

/** Contained resources are left out: what `%resource` means there is not the same in both. */
const inside = ({ parent }: PathNode): boolean =>
  parent !== undefined && (parent.name === 'contained' || inside(parent));

const based = new Map<string, (part: unknown, environment?: object) => unknown[]>();

function compileBased(base: string, expression: string): (part: unknown, environment?: object) => unknown[] {
  const key = `${base} ${expression}`;
  let compiled = based.get(key);
  if (!compiled) {
    const options = {
      resolveInternalTypes: false,
      // Writing traces is not what is measured.
      traceFn: () => undefined,
      userInvocationTable: { htmlChecks: { fn: () => [true], arity: { 0: [] } } },
    };
    compiled = fhirpath.compile({ base, expression } as unknown as string, model, options);
    based.set(key, compiled);
  }
  return compiled;
}

/** Tasks that both engines answer; what either refuses is told by its expression. */
function answered(groups: readonly (readonly Task[])[]): {
  readonly kept: readonly (readonly Task[])[];
  readonly refused: ReadonlySet<string>;
} {
  const refused = new Set<string>();
  const isAnswered = ({ text, own, floor }: Task): boolean => {
    try {
      own();
      floor();
      return true;
    } catch {
      refused.add(text);
      return false;
    }
  };
  return { kept: groups.map((tasks) => tasks.filter(isAnswered)), refused };
}

/** Each type of resource has its turn so often in a row: a server meets many of one type, not one of each. */
const ROUNDS = 10;

function workOf(
  name: string,
  title: string,
  groups: readonly (readonly Task[])[],
  say: (text: string) => void,
): InProcess {
  const { kept, refused } = answered(groups);
  const all = kept.flat();
  const expressions = new Set(all.map(({ text }) => text)).size;
  say(
    `${title}: ${expressions} expressions, ${all.length} evaluations; ${refused.size} expressions that one of the two refuses are left out`,
  );
  const rounds = (run: (task: Task) => unknown) => () => {
    for (const group of kept)
      for (let round = 0; round < ROUNDS; round++) for (const task of group) run(task);
  };
  return {
    name,
    title,
    units: all.length * ROUNDS,
    floor: rounds((task) => task.floor()),
    own: rounds((task) => task.own()),
  };
}

export async function fhirpathWork(say: (text: string) => void): Promise<InProcess[]> {
  const definitions = await loadDefinitions();
  const types = definitions.resourceTypes.map(examples);
  const known = invariants(definitions);
  const searches = types.map((trees) => trees.flatMap((tree) => searchTasks(definitions, tree)));
  const checks = types.map((trees) => trees.flatMap((tree) => invariantTasks(definitions, known, tree)));
  return [
    workOf('fhirpath-search', 'FHIRPath, search expressions', searches, say),
    workOf('fhirpath-invariants', 'FHIRPath, invariants', checks, say),
  ];
}
