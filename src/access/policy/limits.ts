/**
 * What a caller must keep to in what it writes: what is hidden from it stays as it is, what is locked is not changed, and the constraints of the rules
 * hold of the old and the new value (docs/policies.md). https://hl7.org/fhir/R4/fhirpath.html
 */
import type { Definitions } from '../../fhir/definitions/registry.ts';
import { equalValues } from '../../fhir/model/equal.ts';
import { fault, FhirError } from '../../fhir/model/outcome.ts';
import { isObject, type JsonObject, type ResourceTree } from '../../fhir/model/tree.ts';
import { compileExpression } from '../../fhir/path/engine.ts';
import { resourceNode } from '../../fhir/path/node.ts';
import type { Action } from '../action.ts';
import { elementsAt, topOf, valuesAt, withoutElement, type ElementPath } from './element-path.ts';
import { namesAction, type Rule } from './rule.ts';
import { withoutMark, type View } from './view.ts';

export interface Limits {
  /**
   * What is to be stored of what was sent: with what is hidden from the sender put back as it was. Throws FhirError 403 for what the sender may not
   * change or make.
   */
  settle(action: Action, before: ResourceTree | undefined, sent: ResourceTree): ResourceTree;
  /** Throws FhirError 403 for a resource that must not be deleted. */
  judgeDelete(before: ResourceTree): void;
}

/** undefined where the rules say nothing of it. `me`: the user as a reference. */
export function limitsOf(
  definitions: Definitions,
  rules: readonly Rule[],
  view: View | undefined,
  me: string | undefined,
): Limits | undefined {
  if (!view && rules.every(({ readOnly, constraints }) => readOnly.length === 0 && constraints.length === 0))
    return undefined;
  return {
    settle: (action, before, sent) => {
      const type = sent.resourceType;
      const hidden = view?.of(type);
      const outer = hidden ? withHidden(definitions, hidden, before, sent) : sent;
      const tree = view && before ? withInner(view, before, outer) : outer;
      const own = rules.filter((rule) => namesAction(rule, action, type));
      for (const path of own.flatMap(({ readOnly }) => readOnly))
        refuseChange(definitions, path, before, tree);
      for (const rule of own) demand(definitions, rule, before, tree, me);
      return tree;
    },
    judgeDelete: (before) => {
      for (const rule of rules.filter((one) => namesAction(one, 'delete', before.resourceType)))
        demand(definitions, rule, before, before, me);
    },
  };
}

const forbidden = (text: string, path: string): FhirError => fault('forbidden', text, path);

/** What was sent, with what its sender cannot see as it was before. */
function withHidden(
  definitions: Definitions,
  hidden: readonly ElementPath[],
  before: ResourceTree | undefined,
  sent: ResourceTree,
): ResourceTree {
  for (const path of hidden) {
    if (!holdsAny(definitions, path, sent)) continue;
    const name = nameOf(path);
    throw forbidden(`${name} is not yours to set: leave it out, and it stays as it is`, name);
  }
  const tree = withoutMark(sent, before);
  if (!before) return tree;
  if (tree['text'] !== undefined)
    throw forbidden(
      `The narrative of ${tree.resourceType} speaks of what you cannot see: leave text out`,
      `${tree.resourceType}.text`,
    );
  let whole: JsonObject = tree;
  for (const path of hidden) whole = { ...whole, ...kept(definitions, hidden, path, before, tree) };
  const narrative = before['text'];
  // A generated narrative would go on telling what has changed; what somebody has written there is kept.
  if (isObject(narrative) && (narrative['status'] === 'additional' || narrative['status'] === 'extensions'))
    whole = { ...whole, text: narrative };
  return inOrderOf(before, whole) as ResourceTree;
}

const holdsAny = (definitions: Definitions, path: ElementPath, tree: ResourceTree): boolean =>
  path.names.length === 1
    ? Object.keys(topOf(definitions, path, tree)).length > 0
    : valuesAt(definitions, path, tree).length > 0;

/** Resources inside of the one that is written, of which something is hidden, stay as they are. */
function withInner(view: View, before: ResourceTree, sent: ResourceTree): ResourceTree {
  let tree = sent;
  for (const [name, value] of Object.entries(before)) {
    const seen = view.value(value);
    if (seen === value) continue;
    if (!equalValues(seen, sent[name] ?? null)) {
      const place = `${before.resourceType}.${name}`;
      throw forbidden(
        `Parts of ${place} are hidden from you, so it cannot be changed: send it as you were shown it`,
        place,
      );
    }
    tree = { ...tree, [name]: value };
  }
  return tree;
}

/** What a path keeps of the version before. An element of which a part is hidden cannot be changed: nobody could tell which part belongs where. */
function kept(
  definitions: Definitions,
  hidden: readonly ElementPath[],
  path: ElementPath,
  before: ResourceTree,
  sent: ResourceTree,
): JsonObject {
  const old = topOf(definitions, path, before);
  if (path.names.length > 1) {
    let seen: JsonObject = before;
    for (const { type, names } of hidden) seen = withoutElement(definitions, type, seen, names);
    if (!equalValues(topOf(definitions, path, seen), topOf(definitions, path, sent))) {
      const top = `${path.type}.${path.names[0]!}`;
      throw forbidden(
        `Parts of ${top} are hidden from you, so it cannot be changed: send it as you were shown it`,
        top,
      );
    }
  }
  return old;
}

const nameOf = ({ type, names }: ElementPath): string => `${type}.${names.join('.')}`;

/** In the order of the version before, so that what has not changed is the same text. */
function inOrderOf(before: JsonObject, tree: JsonObject): JsonObject {
  const ordered: JsonObject = {};
  for (const name of Object.keys(before)) if (tree[name] !== undefined) ordered[name] = tree[name];
  return { ...ordered, ...tree };
}

function refuseChange(
  definitions: Definitions,
  name: string,
  before: ResourceTree | undefined,
  tree: ResourceTree,
): void {
  const path = elementsAt(definitions, name);
  if (path?.type !== tree.resourceType) return;
  const old = before ? valuesAt(definitions, path, before) : [];
  if (equalValues([...old], [...valuesAt(definitions, path, tree)])) return;
  throw forbidden(`${name} is read-only for you: ${before ? 'send it as it was' : 'leave it out'}`, name);
}

function demand(
  definitions: Definitions,
  { constraints, name }: Rule,
  before: ResourceTree | undefined,
  tree: ResourceTree,
  me: string | undefined,
): void {
  for (const { expression, human } of constraints) {
    if (holds(definitions, expression, before, tree, me)) continue;
    throw forbidden(
      `The policy's rule "${name}" does not allow this ${tree.resourceType}: ${human}`,
      tree.resourceType,
    );
  }
}

/** Only what is plainly true holds: not what finds nothing, and not what cannot be judged. */
function holds(
  definitions: Definitions,
  expression: string,
  before: ResourceTree | undefined,
  tree: ResourceTree,
  me: string | undefined,
): boolean {
  const variables = {
    old: before ? [resourceNode(before)] : [],
    me: me === undefined ? [] : [{ value: me, type: 'System.String' }],
  };
  try {
    const found = compileExpression(definitions, expression).evaluate(resourceNode(tree), {
      variables,
      now: new Date().toISOString(),
    });
    return found.length === 1 && found[0]!.value === true;
  } catch (error) {
    if (error instanceof FhirError) return false;
    throw error;
  }
}
