/**
 * A compiled profile as the list of what it asks beyond R4, a line an assertion, for people who want to know what is held against a resource.
 * https://hl7.org/fhir/R4/profiling.html
 */
import type { Rule, SlicingRule } from './rule.ts';

/** Finds the rules of a StructureDefinition by its canonical. */
export type Rules = (canonical: string) => Rule | undefined;

const CORE = 'http://hl7.org/fhir/StructureDefinition/';

/** Lines of `element id, tab, assertion`, in the order of the standard. */
export function assertionsOf(root: Rule, rules: Rules): readonly string[] {
  return linesOf(root, rules(CORE + root.path), rules);
}

function linesOf(rule: Rule, base: Rule | undefined, rules: Rules): string[] {
  const known = new Set(base ? asked(base) : []);
  const own = asked(rule).filter((one) => !known.has(one));
  const type = rule.types.length === 1 ? rules(CORE + rule.types[0]!.code) : undefined;
  const below = base && base.children.length > 0 ? base.children : (type?.children ?? []);
  const likeIt = (child: Rule): Rule | undefined => below.find(({ name }) => name === child.name);
  return [
    ...own.map((one) => `${rule.id}\t${one}`),
    ...rule.children.flatMap((child) => linesOf(child, likeIt(child), rules)),
    ...rule.slices.flatMap((slice) => linesOf(slice, { ...rule, min: -1, slices: [] }, rules)),
  ];
}

/** All that a rule asks, in words. */
function asked(rule: Rule): string[] {
  const { binding, slicing, slices, maxLength } = rule;
  return [
    `cardinality ${rule.min}..${rule.max === Infinity ? '*' : rule.max}`,
    ...(rule.types.length > 0 ? [`type ${rule.types.map(({ code }) => code).join(' | ')}`] : []),
    ...rule.types.flatMap(({ profiles }) => (profiles.length > 0 ? [`profile ${profiles.join(' | ')}`] : [])),
    ...rule.types.flatMap(({ targets }) => (targets.length > 0 ? [`target ${targets.join(' | ')}`] : [])),
    ...(['fixed', 'pattern', 'minValue', 'maxValue'] as const).flatMap((name) =>
      rule[name] === undefined ? [] : [`${name} ${JSON.stringify(rule[name])}`],
    ),
    ...(maxLength === undefined ? [] : [`maxLength ${maxLength}`]),
    ...(binding ? [`binding ${binding.strength} ${binding.valueSet}`] : []),
    ...(binding?.maxValueSet === undefined ? [] : [`binding maximum ${binding.maxValueSet}`]),
    ...(slicing && slices.length > 0 ? [slicingLine(slicing, slices)] : []),
    ...rule.constraints.map(({ key, severity, human }) => `invariant ${key} (${severity}): ${human}`),
    ...(rule.mustSupport ? ['must support'] : []),
  ];
}

function slicingLine({ discriminators, rules, ordered }: SlicingRule, slices: readonly Rule[]): string {
  const by = discriminators.map(({ type, path }) => `${type} of ${path}`).join(', ');
  const names = slices.map(({ sliceName }) => sliceName).join(', ');
  return `slices ${rules}${ordered ? ', ordered' : ''}${by === '' ? '' : `, by ${by}`}: ${names}`;
}
