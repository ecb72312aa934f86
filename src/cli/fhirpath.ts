/** `embergate fhirpath`: evaluates an expression on a resource in a file. https://hl7.org/fhir/R4/fhirpath.html */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Definitions } from '../fhir/definitions/registry.ts';
import type { ResourceTree } from '../fhir/model/tree.ts';
import type { Environment } from '../fhir/path/engine.ts';
import type { PathNode } from '../fhir/path/node.ts';
import { examples } from './help.ts';

export function addFhirPath(program: Command): void {
  program
    .command('fhirpath <expression> <file>')
    .description(
      'Evaluate a FHIRPath expression on a resource (JSON or XML). Prints for each result its type, its value, and the path where it stands.',
    )
    .option('--trace', 'show on the error output what each part of the expression found')
    .option('--lenient', 'take unknown elements and collections where one value is wanted')
    .addHelpText(
      'after',
      examples(
        [
          `embergate fhirpath "Patient.name.where(use = 'official').family" patient.json`,
          'prints: string	"Chalmers"	Patient.name[0].family',
        ],
        ['embergate fhirpath "Observation.value" observation.xml', 'finds valueQuantity, valueString …'],
        [
          `embergate fhirpath --trace "identifier.where(system = 'urn:x').exists()" patient.json`,
          'shows why the answer is what it is',
        ],
      ),
    )
    .action(evaluate);
}

interface Options {
  readonly trace?: true;
  readonly lenient?: true;
}

async function evaluate(expression: string, file: string, { trace, lenient }: Options): Promise<void> {
  const [{ loadDefinitions }, { compileExpression, compileWatched }, { resourceNode }, { startWatch }, view] =
    await Promise.all([
      import('../definitions-file.ts'),
      import('../fhir/path/engine.ts'),
      import('../fhir/path/node.ts'),
      import('../fhir/path/watch.ts'),
      import('./fhirpath-view.ts'),
    ]);
  const definitions = await loadDefinitions();
  const tree = await readResource(definitions, file);
  const options = { type: tree.resourceType, strict: lenient === undefined };
  const watch = startWatch();
  const compiled = trace
    ? compileWatched(definitions, expression, options, watch)
    : compileExpression(definitions, expression, options);
  let nodes: readonly PathNode[];
  try {
    nodes = compiled.evaluate(resourceNode(tree), environment(view.valueText));
  } finally {
    for (const line of view.watchedLines(watch.parts)) console.error(line);
  }
  for (const node of nodes) console.log(view.resultLine(node));
}

/** `trace()` of an expression writes to the error output. */
const environment = (show: (node: PathNode) => string): Environment => ({
  now: new Date().toISOString(),
  trace: (name, nodes) => console.error(`trace ${name}: ${nodes.map(show).join(', ') || '(nothing)'}`),
});

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
