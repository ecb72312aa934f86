/**
 * Invariants: FHIRPath that must be true of an element. https://hl7.org/fhir/R4/conformance-rules.html#constraints
 */
import type { Definitions } from '../definitions/registry.ts';
import { FhirError } from '../model/outcome.ts';
import { isObject } from '../model/tree.ts';
import { compileExpression, type Expression } from '../path/engine.ts';
import { mendedInvariant } from '../path/errata.ts';
import { report, type Check } from './finding.ts';
import type { ConstraintRule } from './rule.ts';

/** What the structure says already: elements are not empty, extensions have a value or extensions, narratives are safe. dom-3 has a check of its own. */
const STRUCTURAL: ReadonlySet<string> = new Set(['ele-1', 'ext-1', 'txt-1', 'txt-2', 'dom-3']);

/** Rules of good practice, by the standard itself. https://hl7.org/fhir/R4/best-practices.html */
const BEST_PRACTICE: ReadonlySet<string> = new Set(['dom-6']);

/** Constraints that can only fail where this property is there: what saves running them on most resources. */
const ONLY_WITH: Readonly<Record<string, string>> = {
  'dom-2': 'contained',
  'dom-4': 'contained',
  'dom-5': 'contained',
};

/** The check of a constraint; undefined where the structure has judged it before. */
export function constraintCheck(
  definitions: Definitions,
  { key, severity, human, expression }: ConstraintRule,
  type: string,
  profile: string | undefined,
): Check | undefined {
  // Some invariants of R4 cannot work as they are written; one of them is nothing at all.
  const mended = mendedInvariant(expression);
  if (mended === undefined || STRUCTURAL.has(key)) return undefined;
  let compiled: Expression | undefined;
  const only = ONLY_WITH[key];
  const isPractice = BEST_PRACTICE.has(key);
  return (node, run) => {
    if (isPractice && run.strictness.bestPractice === 'ignore') return;
    if (only !== undefined && isObject(node.value) && node.value[only] === undefined) return;
    const told = { code: 'invariant', profile } as const;
    try {
      compiled ??= compileExpression(definitions, mended, { type });
      // Nothing is no answer: ref-1 of R4 says nothing of a reference that has only an identifier.
      if (compiled.test(node, run.environment) !== false) return;
      report(run, node, { ...told, severity, text: `${key}: ${human}` });
    } catch (error) {
      const text = `${key} could not be checked: ${why(error)}`;
      report(run, node, { code: 'not-supported', profile, severity: 'warning', text });
    }
  };
}

/** Validation never throws: what an expression of a profile does is not our fault, and not that of the resource. */
function why(error: unknown): string {
  return error instanceof FhirError ? error.message : 'the expression failed';
}
