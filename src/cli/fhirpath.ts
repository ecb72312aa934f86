/** `embergate fhirpath`: evaluates an expression on a resource in a file. https://hl7.org/fhir/R4/fhirpath.html */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { loadDefinitions } from '../definitions-file.ts';
import { parseJson, stringifyJson } from '../fhir/model/json.ts';
import type { ResourceTree } from '../fhir/model/tree.ts';
import { parseXml } from '../fhir/model/xml.ts';
import { compilePath } from '../fhir/path/engine.ts';
import { examples } from './program.ts';

export function addFhirPath(program: Command): void {
  program
    .command('fhirpath <expression> <file>')
    .description('Evaluate a FHIRPath expression on a resource (JSON or XML) and print one value a line, with its type.')
    .addHelpText('after', examples(`embergate fhirpath "Patient.name.where(use = 'official').family" patient.json`))
    .action(evaluate);
}

async function evaluate(expression: string, file: string): Promise<void> {
  const definitions = await loadDefinitions();
  const text = await readFile(file, 'utf8');
  const tree = (text.trimStart().startsWith('<') ? parseXml(definitions, text) : parseJson(text)) as ResourceTree;
  for (const { value, type } of compilePath(definitions, expression, tree.resourceType)(tree)) console.log(`${type}\t${stringifyJson(value)}`);
}
