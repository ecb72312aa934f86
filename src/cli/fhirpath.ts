/** `embergate fhirpath`: evaluates an expression on a resource in a file. https://hl7.org/fhir/R4/fhirpath.html */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Definitions } from '../fhir/definitions/registry.ts';
import type { ResourceTree } from '../fhir/model/tree.ts';
import { examples } from './help.ts';

export function addFhirPath(program: Command): void {
  program
    .command('fhirpath <expression> <file>')
    .description(
      'Evaluate a FHIRPath expression on a resource (JSON or XML) and print one value a line, after its type.',
    )
    .addHelpText(
      'after',
      examples(
        [
          `embergate fhirpath "Patient.name.where(use = 'official').family" patient.json`,
          'prints: string	"Chalmers"',
        ],
        ['embergate fhirpath "Observation.value" observation.xml', 'finds valueQuantity, valueString …'],
      ),
    )
    .action(evaluate);
}

async function evaluate(expression: string, file: string): Promise<void> {
  const [{ loadDefinitions }, { stringifyJson }, { compilePath }] = await Promise.all([
    import('../definitions-file.ts'),
    import('../fhir/model/json.ts'),
    import('../fhir/path/engine.ts'),
  ]);
  const definitions = await loadDefinitions();
  const tree = await readResource(definitions, file);
  const nodes = compilePath(definitions, expression, tree.resourceType)(tree);
  for (const { value, type } of nodes) console.log(`${type}\t${stringifyJson(value)}`);
}

async function readResource(definitions: Definitions, file: string): Promise<ResourceTree> {
  const [{ parseJson }, { parseXml }, { isObject }] = await Promise.all([
    import('../fhir/model/json.ts'),
    import('../fhir/model/xml.ts'),
    import('../fhir/model/tree.ts'),
  ]);
  const text = await readFile(file, 'utf8');
  const tree = text.trimStart().startsWith('<') ? parseXml(definitions, text) : parseJson(text);
  if (isObject(tree) && typeof tree['resourceType'] === 'string') return tree as ResourceTree;
  throw new Error(`${file} holds no resource: resourceType is missing`);
}
