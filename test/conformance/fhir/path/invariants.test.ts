/** Every invariant of R4, as mended by the errata, holds on the examples of R4; and all of them compile, also under the strict rules. https://hl7.org/fhir/R4/ */
import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { parseJson } from '../../../../src/fhir/model/json.ts';
import type { FhirError } from '../../../../src/fhir/model/outcome.ts';
import type { ResourceTree } from '../../../../src/fhir/model/tree.ts';
import { compileExpression } from '../../../../src/fhir/path/engine.ts';
import { INVARIANT_ERRATA, mendedInvariant } from '../../../../src/fhir/path/errata.ts';
import { pathOf, resourceNode } from '../../../../src/fhir/path/node.ts';

const definitions = await loadDefinitions();
const EXAMPLES = resolve(import.meta.dirname, '../../../../node_modules/hl7.fhir.r4.examples');

interface Invariant {
  readonly key: string;
  readonly severity: string;
  readonly expression: string;
}

interface Element {
  readonly path: string;
  readonly constraint?: readonly { key: string; severity: string; expression?: string }[];
}

/** Type or path of an element -> its invariants. */
const invariants = new Map<string, Invariant[]>();
for (const url of definitions.canonicals('StructureDefinition')) {
  const { derivation, snapshot } = JSON.parse(definitions.conformance('StructureDefinition', url)!) as {
    derivation?: string;
    snapshot?: { element: Element[] };
  };
  for (const { path, constraint = [] } of (derivation !== 'constraint' && snapshot?.element) || []) {
    const own = constraint.flatMap(({ expression, ...rest }) =>
      expression === undefined ? [] : [{ ...rest, expression }],
    );
    invariants.set(path, own);
  }
}
const all = [...invariants].flatMap(([path, own]) => own.map((one) => [path, one] as const));

function failures(tree: ResourceTree): string[] {
  const root = resourceNode(tree);
  const nodes = [root, ...compileExpression(definitions, 'descendants()').evaluate(root)];
  return nodes.flatMap((node) =>
    (invariants.get(node.type) ?? []).flatMap(({ key, severity, expression }) => {
      const mended = mendedInvariant(expression);
      if (severity !== 'error' || mended === undefined) return [];
      const holds = compileExpression(definitions, mended).test(node, { htmlChecks: () => true });
      return holds === true ? [] : [`${key} ${pathOf(node) ?? ''}`];
    }),
  );
}

/** The definitions of patterns have no base, as they should not; sdf-4 does not know of them. */
const PATTERNS = /^StructureDefinition-(?:Definition|Event|FiveWs|Request)\.json$/;

describe('the invariants of R4', () => {
  it('hold on the examples of R4', () => {
    const names = readdirSync(EXAMPLES).filter(
      (name) => /^[A-Z]\w+-.*\.json$/.test(name) && !PATTERNS.test(name),
    );
    const few = names.filter(
      (name, i) => i % 6 === 0 || !/^(?:SearchParameter|ValueSet|CodeSystem|StructureDefinition)-/.test(name),
    );
    const wrong = few.flatMap((name) => {
      const text = readFileSync(resolve(EXAMPLES, name), 'utf8');
      if (text.length > 300_000) return [];
      const tree = parseJson(text, { depth: 200 }) as ResourceTree;
      return definitions.isResourceType(tree.resourceType)
        ? failures(tree).map((one) => `${name}: ${one}`)
        : [];
    });
    expect(few.length).toBeGreaterThan(1000);
    expect(wrong).toEqual([]);
  });

  it('are right by the definitions, but for the errata', () => {
    const wrong = all.flatMap(([path, { key, expression }]) => {
      const type = definitions.type(path) ? path : undefined;
      try {
        compileExpression(definitions, expression, { ...(type !== undefined && { type }), strict: true });
        return [];
      } catch (error) {
        return [`${key} of ${path}: ${(error as FhirError).message}`];
      }
    });
    expect(wrong).toEqual([expect.stringMatching(/^cid-0 of ChargeItemDefinition: .*has no element "name"/)]);
  });

  it('need the errata: each of them is an invariant of R4, and its mended form compiles', () => {
    const known = new Set(all.map(([, { expression }]) => expression));
    const strange = Object.keys(INVARIANT_ERRATA).filter((one) => !known.has(one));
    expect(strange).toEqual(['substanceExposureRisk.exists() and code.empty()']);
    for (const { expression, reason } of Object.values(INVARIANT_ERRATA)) {
      expect(reason.length).toBeGreaterThan(30);
      if (expression !== undefined) compileExpression(definitions, expression);
    }
  });
});
