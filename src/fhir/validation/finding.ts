/**
 * What the checks of a profile find, and the run that they report to. https://hl7.org/fhir/R4/validation.html,
 * https://hl7.org/fhir/R4/operationoutcome.html
 */
import type { Issue } from '../model/outcome.ts';
import type { Environment } from '../path/environment.ts';
import { pathOf, type PathNode } from '../path/node.ts';

/** Codes of http://hl7.org/fhir/issue-type that findings have. */
export type FindingCode =
  | 'structure'
  | 'required'
  | 'value'
  | 'invariant'
  | 'code-invalid'
  | 'extension'
  | 'not-found'
  | 'not-supported'
  | 'business-rule'
  | 'informational'
  | 'too-costly'
  | 'invalid';

export interface Finding {
  readonly severity: Issue['severity'];
  readonly code: FindingCode;
  /** what was found and what would be right */
  readonly text: string;
  readonly node: PathNode;
  /** canonical of the profile that says so; absent for R4 itself */
  readonly profile?: string;
  /** a property of the node that the finding is about, where there is no value to point to */
  readonly below?: string;
}

/** One validation: where findings go, and what the checks may ask. */
export interface Run {
  readonly found: Finding[];
  readonly environment: Environment;
  readonly strictness: Strictness;
  /** profiles that are being checked on a node: what asks for itself again is taken to hold */
  readonly inWork: Map<PathNode['value'], Set<string>>;
}

/** How the points are judged on which a server must choose. */
export interface Strictness {
  /** a code that its whole code system does not have, where no required binding asks for it */
  readonly unknownCode: 'error' | 'warning';
  /** a display that the code system does not know */
  readonly display: 'error' | 'warning';
  /** an extension that no package defines */
  readonly unknownExtension: 'error' | 'warning' | 'ignore';
  /** a urn:uuid or urn:oid that is none: senders of transactions make up such things as urn:uuid:1 */
  readonly urn: 'error' | 'warning';
  /** a profile that is claimed and not known */
  readonly unknownProfile: 'error' | 'warning';
  /** rules of good practice, such as dom-6: a narrative */
  readonly bestPractice: 'warning' | 'ignore';
}

export type Check = (node: PathNode, run: Run) => void;

export function report(run: Run, node: PathNode, finding: Omit<Finding, 'node'>): void {
  run.found.push({ ...finding, node });
}

/** Whether a node passes, without telling why not. */
export function passes(check: Check, node: PathNode, run: Run): boolean {
  const trial: Run = { ...run, found: [] };
  check(node, trial);
  return trial.found.every(({ severity }) => severity !== 'error' && severity !== 'fatal');
}

/** Findings as issues: those that say the same of the same place are told once. */
export function issuesOf(found: readonly Finding[]): Issue[] {
  const issues = new Map<string, Issue>();
  for (const { severity, code, text, node, profile, below } of found) {
    const place = pathOf(node) ?? '';
    const expression = below === undefined ? place : `${place}.${below}`;
    const key = `${severity} ${code} ${expression} ${text}`;
    if (issues.has(key)) continue;
    const diagnostics = profile === undefined ? text : `${text} (profile ${profile})`;
    issues.set(key, { severity, code, diagnostics, ...(expression !== '' && { expression: [expression] }) });
  }
  return [...issues.values()];
}
