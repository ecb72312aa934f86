/**
 * An extension against its definition: known, of the right kind, in a place where it may stand. https://hl7.org/fhir/R4/defining-extensions.html#context
 */
import type { StructureDefinition } from '@medplum/fhirtypes';
import type { Definitions } from '../definitions/registry.ts';
import { isObject } from '../model/tree.ts';
import { compileExpression } from '../path/engine.ts';
import type { PathNode } from '../path/node.ts';
import { report, type Check, type Run } from './finding.ts';

type Context = NonNullable<StructureDefinition['context']>[number];

/** What is known of one extension. */
export interface ExtensionFacts {
  readonly check: Check;
  readonly contexts: readonly Context[];
  readonly invariants: readonly string[];
  readonly isModifier: boolean;
  /** names of the parts of a complex extension; undefined where the definition does not list them */
  readonly parts: ReadonlySet<string> | undefined;
}

export function extensionCheck(
  definitions: Definitions,
  facts: (url: string) => ExtensionFacts | undefined,
): Check {
  return (node, run) => {
    if (!isObject(node.value)) return;
    const { url } = node.value;
    if (typeof url !== 'string') return;
    if (!url.includes(':')) return partCheck(node, run, url, facts);
    const known = facts(url);
    if (!known) return unknown(node, run, url);
    kindCheck(node, run, url, known.isModifier);
    contextCheck(definitions, node, run, url, known);
    invariantCheck(definitions, node, run, url, known);
    known.check(node, run);
  };
}

/** A part of a complex extension has a plain name, which the definition of the whole knows. */
function partCheck(
  node: PathNode,
  run: Run,
  url: string,
  facts: (url: string) => ExtensionFacts | undefined,
): void {
  const whole =
    node.parent?.type === 'Extension' && isObject(node.parent.value) ? node.parent.value['url'] : undefined;
  if (typeof whole !== 'string') {
    const text = `The url of an extension has to be absolute, and "${url}" is not`;
    return report(run, node, { severity: 'error', code: 'extension', text });
  }
  const parts = facts(whole)?.parts;
  if (!parts || parts.has(url)) return;
  const text = `"${url}" is not a part of the extension ${whole}: it has ${[...parts].join(', ') || 'none'}`;
  report(run, node, { severity: 'error', code: 'extension', text });
}

function unknown(node: PathNode, run: Run, url: string): void {
  const isModifier = node.name === 'modifierExtension';
  const severity = isModifier ? 'error' : run.strictness.unknownExtension;
  if (severity === 'ignore') return;
  const text = isModifier
    ? `The modifier extension ${url} is not known, and it may change what is meant: load a package that defines it`
    : `No package here defines the extension ${url}`;
  report(run, node, { severity, code: 'extension', text });
}

function kindCheck(node: PathNode, run: Run, url: string, isModifier: boolean): void {
  const isUsedAsModifier = node.name === 'modifierExtension';
  if (isUsedAsModifier === isModifier) return;
  const right = isModifier ? 'modifierExtension' : 'extension';
  const text = `The extension ${url} belongs into ${right}`;
  report(run, node, { severity: 'error', code: 'extension', text });
}

function contextCheck(
  definitions: Definitions,
  node: PathNode,
  run: Run,
  url: string,
  { contexts }: ExtensionFacts,
): void {
  const { parent } = node;
  if (!parent || contexts.length === 0) return;
  if (contexts.some((context) => stands(definitions, parent, context, run))) return;
  const allowed = contexts.map(({ expression }) => expression).join(', ');
  const text = `The extension ${url} may not stand here: it belongs on ${allowed}`;
  report(run, parent, { severity: 'error', code: 'extension', text });
}

function stands(
  definitions: Definitions,
  parent: PathNode,
  { type, expression }: Context,
  run: Run,
): boolean {
  if (!expression) return true;
  if (type === 'extension')
    return isIn(parent, expression) || (parent.parent !== undefined && isIn(parent.parent, expression));
  if (type === 'fhirpath') return holdsAt(definitions, parent, expression, run);
  return namesOf(definitions, parent).has(expression.replace(/\[x\]/g, ''));
}

/** What has to be true of the element that the extension stands on. */
function invariantCheck(
  definitions: Definitions,
  { parent }: PathNode,
  run: Run,
  url: string,
  { invariants }: ExtensionFacts,
): void {
  if (!parent) return;
  for (const expression of invariants) {
    if (isTrue(definitions, parent, expression, run)) continue;
    const text = `The extension ${url} may only stand where this is true: ${expression}`;
    report(run, parent, { severity: 'error', code: 'extension', text });
  }
}

/** An expression that fails is not the fault of the resource. */
function isTrue(definitions: Definitions, node: PathNode, expression: string, run: Run): boolean {
  try {
    return compileExpression(definitions, expression).test(node, run.environment) !== false;
  } catch {
    return true;
  }
}

/** In an extension, or on its value. */
const isIn = ({ value }: PathNode, url: string): boolean => isObject(value) && value['url'] === url;

/** All names by which an element context may call a node: its type, the bases of that, its path in each type around it. */
function namesOf(definitions: Definitions, node: PathNode): Set<string> {
  const names = new Set<string>();
  let suffix = '';
  for (let one: PathNode | undefined = node; one; one = one.parent) {
    for (const type of kindsOf(definitions, one.type)) names.add(type + suffix);
    if (one.name === undefined || one.element === undefined) break;
    suffix = `.${one.element.name}${suffix}`;
    if (definitions.isResourceType(one.type)) break;
  }
  return names;
}

function* kindsOf(definitions: Definitions, type: string): Generator<string> {
  for (
    let one = definitions.type(type);
    one;
    one = one.base === undefined ? undefined : definitions.type(one.base)
  )
    yield one.name;
}

function holdsAt(definitions: Definitions, parent: PathNode, expression: string, run: Run): boolean {
  try {
    const root = outermost(parent);
    const found = compileExpression(definitions, expression).evaluate(root, run.environment);
    return found.some(({ value }) => value === parent.value);
  } catch {
    return true;
  }
}

function outermost(node: PathNode): PathNode {
  let one = node;
  while (one.parent && !definitionsEnd(one)) one = one.parent;
  return one;
}

const definitionsEnd = (node: PathNode): boolean => isObject(node.value) && 'resourceType' in node.value;
