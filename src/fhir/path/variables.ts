/** `%resource`, `%ucum`, `%vs-…` and the other variables. https://hl7.org/fhir/R4/fhirpath.html#variables */
import { fault } from '../model/outcome.ts';
import type { PathNode } from './node.ts';
import { made, NOTHING, type Nodes, type Step } from './nodes.ts';
import { resourceOf, rootResourceOf, type Run } from './run.ts';

const FIXED: Readonly<Record<string, string>> = {
  ucum: 'http://unitsofmeasure.org',
  sct: 'http://snomed.info/sct',
  loinc: 'http://loinc.org',
};

const PREFIXES: Readonly<Record<string, string>> = {
  'vs-': 'http://hl7.org/fhir/ValueSet/',
  'ext-': 'http://hl7.org/fhir/StructureDefinition/',
};

const only = (node: PathNode | undefined): Nodes => (node ? [node] : NOTHING);

/** The step of a variable. Names that are not fixed are looked up when it runs, where they may be unknown. */
export function compileVariable(name: string): Step {
  switch (name) {
    case 'resource':
      return (_focus, run) => only(resourceOf(run));
    case 'rootResource':
      return (_focus, run) => only(rootResourceOf(run));
    case 'context':
      return (_focus, run) => [run.environment.context ?? run.focus];
  }
  const text = FIXED[name] ?? prefixed(name);
  if (text !== undefined) {
    const nodes = [made(text, 'System.String')];
    return () => nodes;
  }
  return (_focus, run) => look(run, name);
}

function prefixed(name: string): string | undefined {
  const prefix = Object.keys(PREFIXES).find((one) => name.startsWith(one));
  return prefix === undefined ? undefined : PREFIXES[prefix] + name.slice(prefix.length);
}

function look(run: Run, name: string): Nodes {
  for (let one = run.scope; one; one = one.before) if (one.name === name) return one.nodes;
  const { variables } = run.environment;
  if (variables && Object.hasOwn(variables, name)) return variables[name]!;
  throw fault('invalid', `There is no variable %${name.slice(0, 100)}`);
}
