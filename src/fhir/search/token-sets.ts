/**
 * Modifiers of tokens that need to know what codes mean: `:in` and `:not-in` a value set, `:below` and `:above` in the hierarchy of a code system. They
 * become a list of codes before any store is asked. https://hl7.org/fhir/R4/search.html#modifiers
 */
import type { Definitions } from '../definitions/registry.ts';
import { fault } from '../model/outcome.ts';
import { selfAndDescendants, type Concept } from '../terminology/code-system.ts';
import { terminologyOf } from '../terminology/terminology.ts';
import { splitEscaped, unescape } from './escape.ts';
import type { TokenShape } from './token.ts';

export interface Code {
  readonly system: string;
  readonly code: string;
}

/** Codes that one parameter may be expanded to. */
const MOST_CODES = 10_000;

/** The members of a value set. Throws FhirError where it is not at hand, not known to its end, or too large. */
export function codesOfValueSet(definitions: Definitions, at: string, value: string): Code[] {
  const url = unescape(value);
  const set = terminologyOf(definitions).valueSet(url);
  if (!set) {
    const text = `The value set "${url.slice(0, 200)}" of ${at} is not at hand: give the canonical URL of one that is stored here or in a package`;
    throw fault('value', text, at);
  }
  const codes: Code[] = [];
  for (const { system, code } of set.members(MOST_CODES + 1)) codes.push({ system, code });
  if (codes.length > MOST_CODES)
    throw fault('too-costly', `The value set ${url} has more than ${MOST_CODES} codes`, at);
  if (set.missing.size === 0) return codes;
  const missing = [...set.missing].slice(0, 5).join(', ');
  throw fault('not-supported', `The value set ${url} cannot be listed here: it needs all of ${missing}`, at);
}

/** A code with all below or above it. Throws FhirError where its code system is not at hand. */
export function codesOfHierarchy(
  definitions: Definitions,
  at: string,
  shape: TokenShape,
  value: string,
): Code[] {
  const direction = at.endsWith(':above') ? 'above' : 'below';
  const [first = '', second, ...more] = splitEscaped(value, '|');
  const code = second ?? first;
  const systems = second === undefined ? [...shape.systems.keys()] : [first];
  if (code === '' || systems.length === 0 || systems.includes('') || more.length > 0) {
    throw fault(
      'value',
      `"${value.slice(0, 100)}" of ${at} does not name a code and its system: write system|code`,
      at,
    );
  }
  const found = systems.flatMap((system) => hierarchyOf(definitions, at, system, code, direction));
  if (found.length > MOST_CODES)
    throw fault(
      'too-costly',
      `"${value.slice(0, 100)}" of ${at} stands for more than ${MOST_CODES} codes`,
      at,
    );
  return found;
}

function hierarchyOf(
  definitions: Definitions,
  at: string,
  system: string,
  code: string,
  direction: 'above' | 'below',
): Code[] {
  const graph = terminologyOf(definitions).codeSystem(system);
  if (!graph || graph.content === 'not-present') {
    throw fault('not-supported', `The code system "${system.slice(0, 200)}" of ${at} is not at hand`, at);
  }
  const concept = graph.find(code);
  // An unknown code has no place in the hierarchy, but it is still itself.
  if (!concept) return [{ system, code }];
  const all = direction === 'below' ? selfAndDescendants(concept) : selfAndAncestors(concept);
  return [...all].map((one) => ({ system, code: one.code }));
}

function selfAndAncestors(concept: Concept): Iterable<Concept> {
  const seen = new Set<Concept>([concept]);
  for (const one of seen) for (const parent of one.parents) seen.add(parent);
  return seen;
}
