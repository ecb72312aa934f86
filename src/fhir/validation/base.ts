/**
 * What R4 itself asks of each type beyond its structure: bindings, invariants, targets of references, extensions. One plan a type, over the properties
 * that are there. https://hl7.org/fhir/R4/validation.html
 */
import type { Definitions } from '../definitions/registry.ts';
import { isObject, type JsonObject } from '../model/tree.ts';
import type { PathNode } from '../path/node.ts';
import type { Terminology } from '../terminology/terminology.ts';
import { bindingCheck, codingCheck } from './binding.ts';
import { constraintCheck } from './constraint.ts';
import { containedCheck } from './contained.ts';
import { sizeCheck } from './attachment.ts';
import type { Check, Run } from './finding.ts';
import { limitCheck } from './limit.ts';
import { nodesAt, placesOf, type Place } from './nodes.ts';
import { urnCheck } from './urn.ts';
import { referenceCheck, targetCheck } from './reference.ts';
import type { ConstraintRule, Rule } from './rule.ts';

/** What the plans of types need from the profiles above them. */
export interface Upwards {
  readonly definitions: Definitions;
  readonly terminology: Terminology;
  /** rules of a type of R4: `Observation`, `HumanName`, `Observation.component` */
  typeRule(type: string): Rule | undefined;
  /** an extension against its definition */
  readonly extension: Check;
  /** a resource inside another one, by its own type and the profiles that it claims */
  readonly resource: Check;
}

/** What is done with one property. */
interface Step {
  readonly place: Place;
  /** on each value */
  readonly checks: readonly Check[];
  readonly inside: 'nothing' | 'type' | 'resource';
}

export interface TypePlan {
  /** on the value itself: invariants */
  readonly own: readonly Check[];
  readonly steps: ReadonlyMap<string, Step>;
}

/** The checks of types, each planned when it is first met. */
export function typeChecks(upwards: Upwards): (type: string) => Check {
  const plans = new Map<string, TypePlan>();
  const walk = (type: string): Check => {
    return (node, run) => {
      let plan = plans.get(type);
      if (!plan) plans.set(type, (plan = planOf(upwards, type)));
      for (const check of plan.own) check(node, run);
      const object = isObject(node.value) ? node.value : node.sibling;
      if (object) walkObject(plan, node, object, run);
    };
  };
  const checks = new Map<string, Check>();
  const checkOf = (type: string): Check => {
    let check = checks.get(type);
    if (!check) checks.set(type, (check = walk(type)));
    return check;
  };
  const walkObject = (plan: TypePlan, node: PathNode, object: JsonObject, run: Run): void => {
    // Not Object.keys: this loop runs for every object of every resource, and makes no array.
    for (const key in object) {
      const step = plan.steps.get(key);
      if (!step) continue;
      for (const child of nodesAt(node, step.place)) {
        for (const check of step.checks) check(child, run);
        if (step.inside === 'type') checkOf(child.type)(child, run);
        else if (step.inside === 'resource') upwards.resource(child, run);
        else if (child.sibling) checkOf('Element')(child, run);
      }
    }
  };
  return checkOf;
}

function planOf(upwards: Upwards, type: string): TypePlan {
  const { definitions } = upwards;
  const rule = upwards.typeRule(type);
  const definition = definitions.type(type);
  const steps = new Map<string, Step>();
  for (const element of definition?.elements ?? []) {
    const own = rule?.children.find(({ name }) => name === element.name);
    for (const place of placesOf(definitions, element)) addSteps(upwards, steps, place, own);
  }
  const own = (rule?.constraints ?? []).flatMap(
    (one) => constraintCheck(definitions, one, type, undefined) ?? [],
  );
  if (type === 'Coding') own.push(codingCheck(upwards.terminology));
  if (type === 'Reference') own.push(referenceCheck(definitions));
  if (type === 'Attachment') own.push(sizeCheck);
  if (definition?.base === 'DomainResource') own.push(containedCheck);
  return { own, steps };
}

function addSteps(upwards: Upwards, steps: Map<string, Step>, place: Place, rule: Rule | undefined): void {
  const checks = [...elementChecks(upwards, place.type, rule)];
  if (place.type === 'Extension') checks.push(upwards.extension);
  const inside = place.type === 'Resource' ? 'resource' : place.isPrimitive ? 'nothing' : 'type';
  if (inside !== 'nothing' || checks.length > 0) steps.set(place.name, { place, checks, inside });
  if (!place.isPrimitive || place.type === 'xhtml') return;
  steps.set(`_${place.name}`, { place, checks: [], inside });
}

const URIS: ReadonlySet<string> = new Set(['uri', 'url', 'canonical']);

/** Checks of one element, beside those of its type. */
function elementChecks({ definitions, terminology }: Upwards, type: string, rule: Rule | undefined): Check[] {
  if (!rule) return [];
  const targets = rule.types.filter(({ code }) => code === 'Reference').flatMap((one) => one.targets);
  const constraints = rule.children.length > 0 || isOfType(rule.constraints, type) ? [] : rule.constraints;
  return [
    rule.binding && bindingCheck(terminology, rule.binding, undefined),
    type === 'Reference' ? targetCheck(definitions, targets, undefined) : undefined,
    limitCheck(rule, undefined),
    URIS.has(type) ? urnCheck : undefined,
    ...constraints.map((one) => constraintCheck(definitions, one, type, undefined)),
  ].filter((check) => check !== undefined);
}

/** Constraints that are on a backbone are run as its own. */
const isOfType = (constraints: readonly ConstraintRule[], type: string): boolean =>
  constraints.length === 0 || type.includes('.');
