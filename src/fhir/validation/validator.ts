/**
 * Resources against R4 and against profiles. StructureDefinitions are compiled once a registry, each when it is first asked for.
 * https://hl7.org/fhir/R4/validation.html
 */
import type { StructureDefinition } from '@medplum/fhirtypes';
import type { Definitions } from '../definitions/registry.ts';
import { snapshotOf } from '../definitions/snapshot.ts';
import { FhirError, type Issue } from '../model/outcome.ts';
import { isObject, type ResourceTree } from '../model/tree.ts';
import type { Environment } from '../path/environment.ts';
import { resourceNode, type PathNode } from '../path/node.ts';
import { terminologyOf } from '../terminology/terminology.ts';
import { assertionsOf } from './assertions.ts';
import { typeChecks } from './base.ts';
import { bindingCheck, memberOf } from './binding.ts';
import { bundleCheck } from './bundle.ts';
import { extensionCheck, type ExtensionFacts } from './extension.ts';
import { issuesOf, passes, report, type Check, type Run, type Strictness } from './finding.ts';
import { compileProfile, type ProfileParts } from './profile.ts';
import { formCheck } from './questionnaire-form.ts';
import { responseCheck } from './questionnaire.ts';
import { ruleTree, type Rule } from './rule.ts';
import { validateStructure } from './structure.ts';
import { targetOf } from './target.ts';

export interface ValidationOptions {
  /** profiles that the resource has to fit, beside those that it claims in meta.profile */
  readonly profiles?: readonly string[];
  readonly environment?: Environment;
  readonly strictness?: Partial<Strictness>;
}

/** On write: what a sender can hardly mend is told and not refused. */
const ON_WRITE: Strictness = {
  unknownCode: 'warning',
  display: 'warning',
  unknownExtension: 'warning',
  urn: 'warning',
  unknownProfile: 'error',
  bestPractice: 'ignore',
};

/** All that is wrong, and all that is doubtful, with a resource. Never throws for a tree that came out of a parser. */
export function validate(
  definitions: Definitions,
  tree: ResourceTree,
  options: ValidationOptions = {},
): Issue[] {
  const structural = validateStructure(definitions, tree);
  const isWhole = !structural.some(({ severity }) => severity === 'error');
  if (!isWhole && !isWalkable(definitions, tree)) return structural;
  const validator = validatorOf(definitions);
  const root = resourceNode(tree);
  const run: Run = {
    found: [],
    environment: {
      htmlChecks: () => true,
      ...asked(definitions, () => run),
      ...options.environment,
      resolve: (reference, from) =>
        targetOf(reference, from)?.nodes[0] ?? options.environment?.resolve?.(reference, from),
    },
    strictness: { ...ON_WRITE, ...options.strictness },
    inWork: new Map(),
  };
  try {
    validator.resource(root, run);
    for (const canonical of options.profiles ?? []) claim(validator, canonical, root, run);
  } catch (error) {
    // A check may trip over what the structure has told already.
    if (isWhole) return [...structural, ...told(run, structural), tripped(error)];
  }
  return [...structural, ...told(run, structural)];
}

/** A resource that cannot be judged does not pass. */
const tripped = (error: unknown): Issue => ({
  severity: 'error',
  code: 'not-supported',
  diagnostics: `The resource could not be judged to its end: ${reasonOf(error)}`,
});

/** What a profile that cannot be used has to say for itself; nothing of our inside. */
function reasonOf(error: unknown): string {
  if (error instanceof FhirError || error instanceof BrokenProfile) return error.message;
  if (error instanceof RangeError) return 'a profile goes too deep, or in a circle';
  return 'a profile, or a rule of it, is broken';
}

class BrokenProfile extends Error {}

const isWalkable = (definitions: Definitions, { resourceType }: ResourceTree): boolean =>
  typeof resourceType === 'string' && definitions.isResourceType(resourceType);

/** What the structure says of a place is not said again by an invariant or a code. */
function told(run: Run, structural: readonly Issue[]): Issue[] {
  const found = issuesOf(run.found);
  if (structural.length === 0) return found;
  const broken = structural.filter(({ code }) => code !== 'required' && code !== 'structure');
  const places = new Set(broken.flatMap(({ expression = [] }) => expression));
  return found.filter(({ expression: [place] = [] }) => place === undefined || !places.has(place));
}

/** What invariants ask: codes of value sets, and other profiles. */
function asked(definitions: Definitions, run: () => Run): Environment {
  const { profile } = validatorOf(definitions);
  const terminology = terminologyOf(definitions);
  return {
    memberOf: (coded, canonical) => memberOf(terminology.valueSet(canonical), coded),
    conformsTo: (node, canonical) => {
      const check = profile(canonical);
      return check && passes(check, node, run());
    },
  };
}

/** What a profile asks beyond R4, a line an assertion. Throws an Error for one that is not known or cannot be used. */
export function profileAssertions(definitions: Definitions, canonical: string): readonly string[] {
  const { rules, broken } = validatorOf(definitions);
  const root = rules(canonical);
  if (root) return assertionsOf(root, rules);
  const why = broken.get(canonical);
  throw new Error(
    why === undefined
      ? `the profile ${canonical} is not known here: embergate package add NAME@VERSION takes in a package that has it`
      : `the profile ${canonical} cannot be used: ${why}`,
  );
}

export interface Validator {
  /** a resource by its type and the profiles that it claims */
  readonly resource: Check;
  /** what a profile asks beyond R4; undefined where it is not known */
  readonly profile: (canonical: string) => Check | undefined;
  readonly rules: (canonical: string) => Rule | undefined;
  /** profiles that are known and cannot be used, with the reason */
  readonly broken: ReadonlyMap<string, string>;
}

const known = new WeakMap<Definitions, Validator>();

function validatorOf(definitions: Definitions): Validator {
  let validator = known.get(definitions);
  if (!validator) known.set(definitions, (validator = makeValidator(definitions)));
  return validator;
}

const CORE = 'http://hl7.org/fhir/StructureDefinition/';
/** What this program keeps as resources, such as access policies, is judged by the code that reads it; by its profile where that is asked for. */
const OWN = 'urn:embergate:';

function makeValidator(definitions: Definitions): Validator {
  const terminology = terminologyOf(definitions);
  const broken = new Map<string, string>();
  const structure = cached((canonical) => {
    try {
      return structureOf(definitions, canonical);
    } catch (error) {
      broken.set(canonical, reasonOf(error));
      return undefined;
    }
  });
  const rules = cached((canonical) => structure(canonical)?.root);
  const typeRule = cached((type) => backbone(rules(CORE + type.split('.')[0]!), type));
  const profile = cached((canonical): Check | undefined => {
    const found = structure(canonical);
    return found && guarded(canonical, compileProfile(parts, canonical, found.root, found.type), found.type);
  });
  const parts: ProfileParts = {
    definitions,
    terminology,
    typeRule,
    profile,
    rules,
    broken,
    binding: (rule) => bindingCheck(terminology, rule, undefined),
  };
  const facts = cached((url): ExtensionFacts | undefined => {
    const found = structure(url);
    if (found?.type !== 'Extension') return undefined;
    const { contexts, invariants, root } = found;
    return { check: profile(url)!, contexts, invariants, isModifier: root.isModifier, parts: partsOf(root) };
  });
  const more: Readonly<Record<string, Check>> = {
    Bundle: bundleCheck(definitions),
    Questionnaire: formCheck,
    QuestionnaireResponse: responseCheck(definitions, terminology),
  };
  const resource: Check = (node, run) => {
    check(node.type)(node, run);
    more[node.type]?.(node, run);
    for (const canonical of claimed(node)) claim({ profile, broken }, canonical, node, run);
  };
  const check = typeChecks({
    definitions,
    terminology,
    typeRule,
    extension: extensionCheck(definitions, facts),
    resource,
  });
  return { resource, profile, rules, broken };
}

/** The urls of the slices of `Extension.extension`. */
function partsOf(root: Rule): ReadonlySet<string> | undefined {
  const inside = root.children.find(({ name }) => name === 'extension');
  if (!inside || inside.max === 0) return new Set();
  const urls = inside.slices.map(({ children }) => children.find(({ name }) => name === 'url')?.fixed);
  return urls.length > 0 && urls.every((url) => typeof url === 'string') ? new Set(urls) : undefined;
}

interface Structure {
  readonly type: string;
  readonly root: Rule;
  readonly contexts: ExtensionFacts['contexts'];
  readonly invariants: readonly string[];
}

/** Those of R4 and of the guides have a few hundred; more is made to fill the memory. */
const MOST_ELEMENTS = 20_000;

function structureOf(definitions: Definitions, canonical: string): Structure | undefined {
  const text = definitions.conformance('StructureDefinition', canonical);
  if (text === undefined) return undefined;
  const found = JSON.parse(text) as StructureDefinition;
  const element = snapshotOf(found, (name) => structureNamed(definitions, name));
  if (!element) return undefined;
  if (!Array.isArray(element)) throw new BrokenProfile('its snapshot has no list of elements');
  if (element.length > MOST_ELEMENTS)
    throw new BrokenProfile(`it has ${element.length} elements, more than ${MOST_ELEMENTS}`);
  return {
    type: found.type,
    root: ruleTree({ ...found, snapshot: { element } }),
    contexts: found.context ?? [],
    invariants: found.contextInvariant ?? [],
  };
}

function structureNamed(definitions: Definitions, canonical: string): StructureDefinition | undefined {
  const text = definitions.conformance('StructureDefinition', canonical);
  return text === undefined ? undefined : (JSON.parse(text) as StructureDefinition);
}

/** The rule of a nested type, `Observation.component`. */
function backbone(root: Rule | undefined, type: string): Rule | undefined {
  let rule = root;
  for (const name of type.split('.').slice(1)) rule = rule?.children.find((child) => child.name === name);
  return rule;
}

/** A profile on a value of its type only, and not again on a value on which it is at work. */
function guarded(canonical: string, check: Check, type: string): Check {
  return (node, run) => {
    const base = node.type.split('.')[0];
    if (type !== node.type && type !== base && isObject(node.value) && 'resourceType' in node.value) {
      const text = `The profile ${canonical} is for ${type}, not for ${node.type}`;
      return report(run, node, { severity: 'error', code: 'structure', text });
    }
    const busy = run.inWork.get(node.value) ?? new Set<string>();
    if (busy.has(canonical)) return;
    busy.add(canonical);
    run.inWork.set(node.value, busy);
    check(node, run);
    busy.delete(canonical);
  };
}

function claimed({ value }: PathNode): readonly string[] {
  const meta = isObject(value) ? value['meta'] : undefined;
  const profiles = isObject(meta) ? meta['profile'] : undefined;
  return Array.isArray(profiles)
    ? profiles.filter((one): one is string => typeof one === 'string' && !one.startsWith(OWN))
    : [];
}

function claim(
  { profile, broken }: Pick<Validator, 'profile' | 'broken'>,
  canonical: string,
  node: PathNode,
  run: Run,
): void {
  if (canonical === CORE + node.type) return;
  const check = profile(canonical);
  if (check) return check(node, run);
  const fault = broken.get(canonical);
  if (fault !== undefined) {
    const text = `The profile ${canonical} cannot be used: ${fault}`;
    return report(run, node, { severity: 'error', code: 'not-supported', text, below: 'meta.profile' });
  }
  const text = `The profile ${canonical} is not known here: add a package that has it (embergate package add NAME@VERSION), or POST its StructureDefinition`;
  const below = 'meta.profile';
  report(run, node, { severity: run.strictness.unknownProfile, code: 'not-found', text, below });
}

/** Most things that are kept by name: names come from requests, too. */
const MOST_KEPT = 20_000;

function cached<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return (key) => {
    if (made.has(key)) return made.get(key)!;
    const value = make(key);
    if (made.size >= MOST_KEPT) made.clear();
    made.set(key, value);
    return value;
  };
}
