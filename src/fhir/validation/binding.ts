/**
 * Codes against value sets, by the strength of the binding, and against their own code systems.
 * https://hl7.org/fhir/R4/terminologies.html#strength
 */
import { isObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/node.ts';
import type { Terminology } from '../terminology/terminology.ts';
import type { CompiledValueSet, Membership } from '../terminology/value-set.ts';
import { report, type Check, type Finding, type Run } from './finding.ts';
import type { BindingRule } from './rule.ts';

interface Code {
  readonly system: string | undefined;
  readonly code: string;
}

/** The codes of a value, whatever its type; undefined where it is of a type that has none. */
function codesOf({ value, type }: PathNode): readonly Code[] | undefined {
  if (typeof value === 'string') return [{ system: undefined, code: value }];
  if (!isObject(value)) return undefined;
  if (type === 'CodeableConcept') {
    const { coding } = value;
    return Array.isArray(coding) ? coding.flatMap(codeOf) : [];
  }
  if (type === 'CodeableReference') return undefined;
  return codeOf(value);
}

function codeOf(value: JsonValue): Code[] {
  if (!isObject(value) || typeof value['code'] !== 'string') return [];
  return [{ system: typeof value['system'] === 'string' ? value['system'] : undefined, code: value['code'] }];
}

const shown = (codes: readonly Code[]): string =>
  codes.map(({ system, code }) => `"${system === undefined ? code : `${system}|${code}`}"`).join(', ');

/** The check of a binding; undefined where it asks nothing (preferred, example). */
export function bindingCheck(
  terminology: Terminology,
  { strength, valueSet, maxValueSet, additional = [] }: BindingRule,
  profile: string | undefined,
): Check | undefined {
  const checks: Check[] = [];
  if (strength === 'required') checks.push(setCheck(terminology, valueSet, 'error', 'required', profile));
  if (strength === 'extensible')
    checks.push(setCheck(terminology, valueSet, 'warning', 'extensible', profile));
  for (const one of additional)
    checks.push(
      setCheck(
        terminology,
        one.valueSet,
        one.strength === 'required' ? 'error' : 'warning',
        'additional',
        profile,
      ),
    );
  if (maxValueSet !== undefined) checks.push(setCheck(terminology, maxValueSet, 'error', 'maximum', profile));
  if (checks.length === 0) return undefined;
  return checks.length === 1 ? checks[0] : (node, run) => checks.forEach((check) => check(node, run));
}

/** Most members of a set that a finding lists. */
const MOST_LISTED = 12;

function setCheck(
  terminology: Terminology,
  canonical: string,
  severity: 'error' | 'warning',
  strength: string,
  profile: string | undefined,
): Check {
  let set: CompiledValueSet | undefined;
  let isLooked = false;
  return (node, run) => {
    const codes = codesOf(node);
    if (!codes) return;
    if (!isLooked) [set, isLooked] = [terminology.valueSet(canonical), true];
    const finding = (one: Omit<Finding, 'node' | 'profile'>): void => report(run, node, { ...one, profile });
    if (!set) return finding(notAtHand(`the value set ${canonical}`));
    const best = bestOf(set, codes);
    if (best === 'in') return;
    if (best === 'unknown') return finding(notAtHand([...set.missing].slice(0, 3).join(', ') || canonical));
    if (codes.length === 0 && node.type !== 'CodeableConcept') return;
    if (codes.length === 0 && hasNothingToSay(node)) return;
    const what = codes.length === 0 ? 'there is no code' : `${shown(codes)} is not`;
    const text = `${what} in the value set ${canonical} (${strength} binding)${listOf(set)}`;
    finding({ severity, code: 'code-invalid', text: text[0]!.toUpperCase() + text.slice(1) });
  };
}

/** A concept with extensions only, such as data-absent-reason. */
function hasNothingToSay({ value }: PathNode): boolean {
  return isObject(value) && value['text'] === undefined && value['coding'] === undefined;
}

const notAtHand = (what: string): Omit<Finding, 'node' | 'profile'> => ({
  severity: 'warning',
  code: 'not-supported',
  text: `The code could not be checked: ${what} is not at hand; load a package that has it`,
});

function bestOf(set: CompiledValueSet, codes: readonly Code[]): Membership {
  let best: Membership = 'out';
  for (const { system, code } of codes) {
    const one = set.has(system, code);
    if (one === 'in') return 'in';
    if (one === 'unknown') best = 'unknown';
  }
  return best;
}

/** Whether a code, Coding or CodeableConcept is in a set; undefined where that cannot be known. */
export function memberOf(set: CompiledValueSet | undefined, node: PathNode): boolean | undefined {
  const codes = set && codesOf(node);
  if (!codes) return undefined;
  const best = bestOf(set, codes);
  return best === 'unknown' ? undefined : best === 'in';
}

function listOf(set: CompiledValueSet): string {
  const members = [...set.members(MOST_LISTED + 1)];
  if (members.length === 0 || members.length > MOST_LISTED || set.missing.size > 0) return '';
  return `: it has ${members.map(({ code }) => code).join(', ')}`;
}

/** A Coding against its own code system: the code is there, and the display is one of its names. */
export function codingCheck(terminology: Terminology): Check {
  return (node, run) => {
    const { value } = node;
    if (!isObject(value)) return;
    const { system: url, version, code, display } = value;
    if (typeof url !== 'string' || typeof code !== 'string') return;
    const system = terminology.codeSystem(url, typeof version === 'string' ? version : undefined);
    if (system?.content === 'supplement') return notASystem(node, run, `a supplement, ${url}`);
    if (!system && terminology.valueSet(url)) return notASystem(node, run, `the value set ${url}`);
    if (!system || system.content === 'not-present') return;
    const concept = system.find(code);
    if (!concept) {
      if (system.content !== 'complete') return;
      const text = `"${code}" is not a code of the code system ${url}`;
      const { unknownCode: severity } = run.strictness;
      return report(run, node, { severity, code: 'code-invalid', text, below: 'code' });
    }
    if (typeof display === 'string') displayCheck(node, run, display, concept);
  };
}

function notASystem(node: PathNode, run: Run, what: string): void {
  const text = `A Coding names its code system, and this is ${what}`;
  report(run, node, { severity: 'error', code: 'invalid', text, below: 'system' });
}

const fold = (text: string): string => text.trim().replace(/\s+/g, ' ').toLowerCase();

function displayCheck(
  node: PathNode,
  run: Run,
  display: string,
  concept: { readonly display: string | undefined; readonly designations: readonly { value: string }[] },
): void {
  if (concept.display === undefined) return;
  const names = [concept.display, ...concept.designations.map(({ value }) => value)];
  if (names.some((name) => fold(name) === fold(display))) return;
  const text = `The display "${display}" is not a name of this code: use "${concept.display}"`;
  report(run, node, { severity: run.strictness.display, code: 'invalid', text, below: 'display' });
}
