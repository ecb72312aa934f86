/**
 * A profile compiled to what it asks beyond R4: what its snapshot repeats from the base is judged once, by the plan of the type.
 * https://hl7.org/fhir/R4/profiling.html
 */
import type { Definitions, ElementDefinition } from '../definitions/registry.ts';
import { isObject } from '../model/tree.ts';
import type { PathNode } from '../path/node.ts';
import type { Terminology } from '../terminology/terminology.ts';
import { bindingCheck } from './binding.ts';
import { constraintCheck } from './constraint.ts';
import { belongsTo, type Workshop } from './discriminator.ts';
import { passes, report, type Check, type Run } from './finding.ts';
import { limitCheck } from './limit.ts';
import { nodesAt, placesOf, type Place } from './nodes.ts';
import { fitsPattern, isFixed } from './pattern.ts';
import { aggregationCheck, targetCheck, targetProfileCheck } from './reference.ts';
import type { Rule, TypeRule } from './rule.ts';
import { slicingCheck, type ListCheck } from './slicing.ts';

export interface ProfileParts extends Workshop {
  readonly terminology: Terminology;
  readonly typeRule: (type: string) => Rule | undefined;
  /** profiles that are known and cannot be used, with the reason */
  readonly broken: ReadonlyMap<string, string>;
}

interface Job {
  readonly parts: ProfileParts;
  /** canonical of the profile, for findings */
  readonly profile: string;
}

/** The check of a profile on a resource or element of its type. */
export function compileProfile(parts: ProfileParts, profile: string, root: Rule, type: string): Check {
  return all(valueChecks({ parts, profile }, root, parts.typeRule(type)));
}

function all(checks: readonly Check[]): Check {
  if (checks.length === 1) return checks[0]!;
  return (node, run) => {
    for (const check of checks) check(node, run);
  };
}

/** What is asked of each value of an element, beyond what `base` asks. */
function valueChecks(job: Job, rule: Rule, base: Rule | undefined): Check[] {
  const { definitions, terminology } = job.parts;
  const known = new Set(base?.constraints.map(({ key }) => key));
  const type = rule.types.length === 1 ? rule.types[0]!.code : rule.path;
  const constraints = rule.constraints.filter(({ key }) => !known.has(key));
  return [
    givenCheck(job, rule, base),
    same(rule.binding, base?.binding)
      ? undefined
      : rule.binding && bindingCheck(terminology, rule.binding, job.profile),
    same(limits(rule), base && limits(base)) ? undefined : limitCheck(rule, job.profile),
    ...constraints.map((one) => constraintCheck(definitions, one, type, job.profile)),
    typeCheck(job, rule, base),
    ...targetsOf(job, rule, base),
    ...profilesOf(job, rule, base),
    childrenCheck(job, rule, base),
  ].filter((check) => check !== undefined);
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const limits = ({ maxLength, minValue, maxValue }: Rule): unknown => [maxLength, minValue, maxValue];

function givenCheck({ profile }: Job, { fixed, pattern }: Rule, base: Rule | undefined): Check | undefined {
  if (fixed !== undefined && !same(fixed, base?.fixed)) {
    return (node, run) => {
      if (isFixed(fixed, node.value)) return;
      const text = `The value has to be ${JSON.stringify(fixed)}`;
      report(run, node, { severity: 'error', code: 'value', text, profile });
    };
  }
  if (pattern === undefined || same(pattern, base?.pattern)) return undefined;
  return (node, run) => {
    if (fitsPattern(pattern, node.value)) return;
    const text = `The value has to have ${JSON.stringify(pattern)} in it`;
    report(run, node, { severity: 'error', code: 'value', text, profile });
  };
}

/** Fewer types than the base has. */
function typeCheck({ profile, parts }: Job, rule: Rule, base: Rule | undefined): Check | undefined {
  if (!rule.path.includes('.') || rule.types.length === 0 || rule.name === 'id') return undefined;
  const types = new Set(rule.types.map(({ code }) => code));
  if (!base || base.types.every(({ code }) => types.has(code))) return undefined;
  return (node, run) => {
    if (isOneOf(parts.definitions, node.type, types)) return;
    const text = `The value is of type ${node.type}: it has to be of ${[...types].join(', ')}`;
    report(run, node, { severity: 'error', code: 'structure', text, profile });
  };
}

function isOneOf(definitions: Definitions, type: string, types: ReadonlySet<string>): boolean {
  for (
    let one = definitions.type(type);
    one;
    one = one.base === undefined ? undefined : definitions.type(one.base)
  )
    if (types.has(one.name)) return true;
  return types.has(type);
}

function targetsOf({ parts, profile }: Job, rule: Rule, base: Rule | undefined): Check[] {
  const targets = (of: Rule | undefined): string[] =>
    (of?.types ?? []).filter(({ code }) => code === 'Reference').flatMap((one) => one.targets);
  const modes = rule.types.flatMap(({ aggregation }) => aggregation);
  const how = aggregationCheck([...new Set(modes)], profile);
  const own = targets(rule);
  if (same(own, targets(base))) return how ? [how] : [];
  return [
    targetCheck(parts.definitions, own, profile),
    targetProfileCheck(own, parts.profile, profile),
    how,
  ].filter((check) => check !== undefined);
}

/** Profiles of the type itself (of extensions, of quantities): one of them has to hold. */
function profilesOf(job: Job, rule: Rule, base: Rule | undefined): Check[] {
  const isNew = ({ code, profiles }: TypeRule): boolean =>
    profiles.length > 0 && !base?.types.some((one) => one.code === code && same(one.profiles, profiles));
  return rule.types.filter(isNew).map((one) => oneOfProfiles(job, one));
}

function oneOfProfiles({ parts, profile }: Job, { code, profiles }: TypeRule): Check {
  return (node, run) => {
    if (!isOneOf(parts.definitions, node.type, new Set([code]))) return;
    const known = profiles.map((one) => parts.profile(one));
    if (known.some((check) => !check)) return unknownProfile(node, run, profiles, { parts, profile });
    if (known.length === 1) return known[0]!(node, run);
    if (known.some((check) => passes(check!, node, run))) return;
    const text = `The value fits none of the profiles ${profiles.join(', ')}`;
    report(run, node, { severity: 'error', code: 'structure', text, profile });
  };
}

function unknownProfile(
  node: PathNode,
  run: Run,
  profiles: readonly string[],
  { parts, profile }: Job,
): void {
  const why = profiles.map((one) => parts.broken.get(one)).find((one) => one !== undefined);
  const text = `${profiles.join(', ')} could not be checked: ${why ?? 'load a package that has it'}`;
  report(run, node, { severity: 'warning', code: 'not-found', text, profile });
}

/** The elements below, by the type that the value has. */
function childrenCheck(job: Job, rule: Rule, base: Rule | undefined): Check | undefined {
  if (rule.children.length === 0) return undefined;
  const byType = new Map<string, readonly Check[]>();
  return (node, run) => {
    if (!isObject(node.value) && !node.sibling) return;
    let checks = byType.get(node.type);
    if (!checks) byType.set(node.type, (checks = childChecks(job, rule, base, node.type)));
    for (const check of checks) check(node, run);
  };
}

function childChecks(job: Job, rule: Rule, base: Rule | undefined, type: string): Check[] {
  const { definitions, typeRule } = job.parts;
  const below = base && base.children.length > 0 ? base.children : (typeRule(type)?.children ?? []);
  const elements = definitions.type(type)?.elements ?? [];
  return rule.children.flatMap((child) => {
    const element = elements.find(({ name }) => name === child.name);
    const baseChild = below.find(({ name }) => name === child.name);
    const check = element && elementCheck(job, child, baseChild, element);
    return check ? [check] : [];
  });
}

/** One element of a parent: how many there are, what each is, which slices they make. */
function elementCheck(
  job: Job,
  rule: Rule,
  base: Rule | undefined,
  element: ElementDefinition,
): Check | undefined {
  const { definitions } = job.parts;
  const places = placesOf(definitions, element);
  const values = valueChecks(job, rule, base);
  const count = countCheck(job, rule, element);
  const slices = slicesOf(job, rule, base);
  if (values.length === 0 && !count && !slices) return undefined;
  return (parent, run) => {
    const nodes = at(parent, places);
    count?.(parent, nodes, run);
    for (const node of nodes) for (const check of values) check(node, run);
    slices?.(parent, nodes, run);
  };
}

function at(parent: PathNode, places: readonly Place[]): readonly PathNode[] {
  if (places.length === 1) return nodesAt(parent, places[0]!);
  return places.flatMap((place) => nodesAt(parent, place));
}

function countCheck({ profile }: Job, { min, max }: Rule, element: ElementDefinition): ListCheck | undefined {
  const name = element.name;
  if (min <= element.min && max >= element.max) return undefined;
  return (parent, nodes, run) => {
    if (nodes.length < min) {
      const text =
        nodes.length === 0
          ? `${name} is required`
          : `${name} is there ${nodes.length} times: at least ${min} are needed`;
      report(run, parent, { severity: 'error', code: 'required', text, profile });
    }
    if (nodes.length > max) {
      const text =
        max === 0
          ? `${name} is not allowed`
          : `${name} is there ${nodes.length} times: at most ${max} are allowed`;
      report(run, parent, { severity: 'error', code: 'structure', text, profile });
    }
  };
}

function slicesOf(job: Job, rule: Rule, base: Rule | undefined): ListCheck | undefined {
  const { slicing, slices } = rule;
  if (!slicing || slices.length === 0) return undefined;
  const { discriminators } = slicing;
  const compiled = slices.map((slice) => ({
    rule: slice,
    ...(slice.sliceName !== '@default' && { belongs: lazyBelongs(job, rule, slice) }),
    check: sliceCheck(job, slice, { ...rule, children: base?.children ?? [] }),
  }));
  const isOpenByType = discriminators.length === 0 && !rule.choice;
  if (isOpenByType) return undefined;
  return slicingCheck(slicing, compiled, rule.name, job.profile);
}

/** Value[x] without a discriminator is sliced by type. */
function lazyBelongs({ parts }: Job, { slicing, choice }: Rule, slice: Rule): ReturnType<typeof belongsTo> {
  const given = slicing!.discriminators;
  const discriminators = given.length > 0 || !choice ? given : [{ type: 'type' as const, path: '$this' }];
  let test: ReturnType<typeof belongsTo> | undefined;
  return (node, run) => (test ??= belongsTo(parts, discriminators, slice))(node, run);
}

/** A slice adds to what is asked of all values of the element; slices in a slice are cut again. */
function sliceCheck(job: Job, slice: Rule, rule: Rule): Check {
  let checks: readonly Check[] | undefined;
  let again: ListCheck | undefined;
  return (node, run) => {
    if (!checks) [checks, again] = [valueChecks(job, slice, rule), slicesOf(job, slice, rule)];
    for (const check of checks) check(node, run);
    again?.(node.parent ?? node, [node], run);
  };
}
