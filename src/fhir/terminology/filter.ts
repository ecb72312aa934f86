/**
 * The filters of a ValueSet's include as tests on concepts. https://hl7.org/fhir/R4/valueset.html#4.9.5.2,
 * https://hl7.org/fhir/R4/valueset-filter-operator.html
 */
import type { ValueSetComposeIncludeFilter } from '@medplum/fhirtypes';
import { RE2JS } from 're2js';
import { isSelfOrAbove, type CodeSystemGraph, type Concept } from './code-system.ts';

export type ConceptTest = (concept: Concept) => boolean;

/** Longest text of a regular expression that is taken, and longest value that it is run on. */
const MOST_PATTERN = 1000;
const MOST_VALUE = 1000;

/** The test of one filter; undefined where this filter cannot be judged (an operator or pattern that is not known). */
export function filterTest(
  system: CodeSystemGraph,
  { property, op: operator, value }: ValueSetComposeIncludeFilter,
): ConceptTest | undefined {
  // Operators that R5 has added are understood, too.
  const op = operator as typeof operator | 'child-of' | 'descendent-leaf';
  const values = (concept: Concept): readonly string[] => valuesOf(concept, property);
  switch (op) {
    case '=':
      return (concept) => values(concept).includes(value);
    case 'exists':
      return (concept) => values(concept).length > 0 === (value === 'true');
    case 'in':
      return anyOf(values, value);
    case 'not-in': {
      const isIn = anyOf(values, value);
      return (concept) => !isIn(concept);
    }
    case 'regex':
      return regexTest(values, value);
    case 'child-of':
      return (concept) => concept.parents.some(({ code }) => code === system.find(value)?.code);
    case 'descendent-leaf': {
      const isBelow = hierarchyTest(system, 'descendent-of', value);
      return isBelow && ((concept) => concept.children.length === 0 && isBelow(concept));
    }
    default:
      return hierarchyTest(system, op, value);
  }
}

/** `concept` and `code` are the code itself; `display` and `definition` count as properties, too. */
function valuesOf(concept: Concept, property: string): readonly string[] {
  if (property === 'concept' || property === 'code') return [concept.code];
  if (property === 'display') return concept.display === undefined ? [] : [concept.display];
  if (property === 'definition') return concept.definition === undefined ? [] : [concept.definition];
  if (property === 'parent') return concept.parents.map(({ code }) => code);
  if (property === 'child') return concept.children.map(({ code }) => code);
  return concept.properties.get(property) ?? [];
}

function anyOf(values: (concept: Concept) => readonly string[], list: string): ConceptTest {
  const wanted = new Set(list.split(',').map((one) => one.trim()));
  return (concept) => values(concept).some((one) => wanted.has(one));
}

/** An engine whose time grows with the text alone: no expression can hang it. What it cannot do (a look-ahead, a back reference) is not judged. */
function regexTest(
  values: (concept: Concept) => readonly string[],
  pattern: string,
): ConceptTest | undefined {
  if (pattern.length > MOST_PATTERN) return undefined;
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch {
    return undefined;
  }
  return (concept) => values(concept).some((one) => one.length <= MOST_VALUE && compiled.matches(one));
}

function hierarchyTest(
  system: CodeSystemGraph,
  op: string | undefined,
  code: string,
): ConceptTest | undefined {
  const top = system.find(code);
  if (!top) return ['is-a', 'descendent-of', 'generalizes'].includes(op ?? '') ? () => false : undefined;
  switch (op) {
    case 'is-a':
      return (concept) => isSelfOrAbove(top, concept);
    case 'descendent-of':
      return (concept) => concept.code !== top.code && isSelfOrAbove(top, concept);
    case 'is-not-a':
      return (concept) => !isSelfOrAbove(top, concept);
    case 'generalizes':
      return (concept) => isSelfOrAbove(concept, top);
    default:
      return undefined;
  }
}
