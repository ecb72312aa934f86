/**
 * Discriminators compiled: what a value must look like to be in a slice. https://hl7.org/fhir/R4/profiling.html#discriminator
 */
import type { Definitions } from '../definitions/registry.ts';
import type { JsonValue } from '../model/tree.ts';
import { compileExpression } from '../path/engine.ts';
import type { PathNode } from '../path/node.ts';
import { passes, type Run } from './finding.ts';
import { fitsPattern, isFixed } from './pattern.ts';
import type { BindingRule, Discriminator, Rule } from './rule.ts';

export type Belongs = (node: PathNode, run: Run) => boolean;

/** What a discriminator needs of the compiler of profiles. */
export interface Workshop {
  readonly definitions: Definitions;
  /** the check of a whole profile; undefined where it is not known */
  readonly profile: (canonical: string) => ((node: PathNode, run: Run) => void) | undefined;
  readonly binding: (rule: BindingRule) => ((node: PathNode, run: Run) => void) | undefined;
  /** the rules of a profile as a tree */
  readonly rules: (canonical: string) => Rule | undefined;
}

/** All discriminators together. */
export function belongsTo(
  workshop: Workshop,
  discriminators: readonly Discriminator[],
  slice: Rule,
): Belongs {
  const tests = discriminators.map((one) => discriminatorTest(workshop, one, slice));
  return (node, run) => tests.every((test) => test(node, run));
}

function discriminatorTest(workshop: Workshop, { type, path }: Discriminator, slice: Rule): Belongs {
  const rules = rulesAt(workshop, slice, path);
  const find = finder(workshop.definitions, path);
  switch (type) {
    case 'exists':
      return existsTest(find, rules);
    case 'type':
      return typeTest(workshop, find, rules);
    case 'profile':
      return profileTest(workshop, find, rules);
    default:
      return valueTest(workshop, find, rules);
  }
}

type Find = (node: PathNode, run: Run) => readonly PathNode[];

function finder(definitions: Definitions, path: string): Find {
  if (path === '$this') return (node) => [node];
  const expression = compileExpression(definitions, path);
  return (node, run) => {
    try {
      return expression.evaluate(node, run.environment);
    } catch {
      return [];
    }
  };
}

/** The rules of the slice for the element that a discriminator's path leads to: in the slice, or in a profile that it names on the way. */
function rulesAt(workshop: Workshop, slice: Rule, path: string): readonly Rule[] {
  if (path === '$this') return [slice];
  let at: readonly Rule[] = [slice];
  for (const step of steps(path)) at = at.flatMap((rule) => stepRules(workshop, rule, step));
  return at;
}

/** `resolve().code`, `extension('url').value`, `value.ofType(Quantity).unit` in parts. */
function steps(path: string): string[] {
  return path.match(/[A-Za-z]+(?:\((?:'[^']*'|[^)']*)\))?|\$this/g) ?? [];
}

function stepRules(workshop: Workshop, rule: Rule, step: string): readonly Rule[] {
  if (step === '$this' || step.startsWith('ofType(') || step.startsWith('as(')) return [rule];
  if (step === 'resolve()') {
    const targets = rule.types.flatMap(({ targets }) => targets);
    return targets.flatMap((one) => workshop.rules(one) ?? []);
  }
  const extension = /^extension\('([^']*)'\)$/.exec(step)?.[1];
  const inside = [
    rule,
    ...rule.types.flatMap(({ profiles }) => profiles.flatMap((one) => workshop.rules(one) ?? [])),
  ];
  const found = inside.flatMap(({ children }) => children);
  if (extension === undefined) {
    const named = found.filter(({ name }) => name === step);
    return named.flatMap((one) => [one, ...one.slices.filter(() => one.choice)]);
  }
  const slices = found.filter(({ name }) => name === 'extension').flatMap((one) => one.slices);
  return slices.filter(({ types }) => types.some(({ profiles }) => profiles.includes(extension)));
}

function existsTest(find: Find, rules: readonly Rule[]): Belongs {
  const wanted = !rules.some(({ max }) => max === 0);
  return (node, run) => find(node, run).length > 0 === wanted;
}

function typeTest({ definitions }: Workshop, find: Find, rules: readonly Rule[]): Belongs {
  const types = new Set(rules.flatMap((rule) => rule.types.map(({ code }) => code)));
  const isOf = (type: string): boolean => {
    for (
      let one = definitions.type(type);
      one;
      one = one.base === undefined ? undefined : definitions.type(one.base)
    )
      if (types.has(one.name)) return true;
    return false;
  };
  return (node, run) => find(node, run).some(({ type }) => isOf(type));
}

function profileTest(workshop: Workshop, find: Find, rules: readonly Rule[]): Belongs {
  const profiles = rules.flatMap((rule) =>
    rule.types.flatMap(({ profiles, targets }) => [...profiles, ...targets]),
  );
  return (node, run) =>
    find(node, run).some((found) =>
      profiles.some((one) => {
        const check = workshop.profile(one);
        return check !== undefined && passes(check, found, run);
      }),
    );
}

/** A value is given by fixed, pattern or a required binding, at the element itself or in elements below it. */
function valueTest(workshop: Workshop, find: Find, rules: readonly Rule[]): Belongs {
  const tests = rules.flatMap((rule) => valueTests(workshop, rule));
  if (tests.length === 0) return () => false;
  return (node, run) => find(node, run).some((found) => tests.every((test) => test(found, run)));
}

function valueTests(workshop: Workshop, rule: Rule): Belongs[] {
  const { fixed, pattern, binding } = rule;
  if (fixed !== undefined) return [(node) => isFixed(fixed, node.value)];
  if (pattern !== undefined) return [(node) => fitsPattern(pattern, node.value)];
  if (binding?.strength === 'required') {
    const check = workshop.binding(binding);
    if (check) return [(node, run) => passes(check, node, run)];
  }
  return childTests(workshop, rule);
}

function childTests(workshop: Workshop, rule: Rule): Belongs[] {
  return rule.children.flatMap((child) => {
    const own = valueTests(workshop, child);
    if (own.length === 0) return [];
    const find = finder(workshop.definitions, child.name);
    const test: Belongs = (node, run) => find(node, run).some((found) => own.every((one) => one(found, run)));
    return [child.min > 0 || isGiven(child) ? test : optional(find, test)];
  });
}

const isGiven = ({ fixed, pattern }: { fixed?: JsonValue; pattern?: JsonValue }): boolean =>
  fixed !== undefined || pattern !== undefined;

const optional =
  (find: Find, test: Belongs): Belongs =>
  (node, run) =>
    find(node, run).length === 0 || test(node, run);
