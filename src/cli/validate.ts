/**
 * `embergate validate`: holds files against R4 and the profiles that their resources claim, without a server.
 * https://hl7.org/fhir/R4/validation.html
 */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import type { Definitions } from '../fhir/definitions/registry.ts';
import { parseJson } from '../fhir/model/json.ts';
import { FhirError, type Issue } from '../fhir/model/outcome.ts';
import { withPlaces } from '../fhir/model/text-place.ts';
import { isObject, type JsonValue, type ResourceTree } from '../fhir/model/tree.ts';
import { parseXml } from '../fhir/model/xml.ts';
import type { ValidationOptions } from '../fhir/validation/validator.ts';
import { progress } from '../telemetry/progress.ts';
import { filesOf } from './bundles.ts';
import { examples } from './help.ts';

interface Options {
  readonly profile?: readonly string[];
  readonly profiles: string;
  readonly warnings?: true;
}

/** One line of the summary. */
interface Row {
  resources: number;
  errors: number;
  warnings: number;
}

export function addValidate(program: Command): void {
  program
    .command('validate <path...>')
    .description(
      'Hold files against R4 and the profiles that their resources claim: .json and .xml with one resource, .ndjson with one a line, folders of them. No server is asked.',
    )
    .option('--profile <url...>', 'profiles that every resource has to fit as well')
    .option('--profiles <folder>', 'folder of FHIR packages to know', 'profiles')
    .option('--warnings', 'show warnings, too, not only count them')
    .addHelpText(
      'after',
      examples(
        ['embergate validate patient.json', 'tells each fault with the path of the element'],
        ['embergate validate --profiles packages/ records/', 'a folder, against the profiles in packages'],
        [
          'embergate validate --profile http://hl7.org/fhir/StructureDefinition/bodyweight weight.json',
          'against a profile that the resource does not claim',
        ],
      ),
    )
    .action(validateFiles);
}

async function validateFiles(paths: readonly string[], options: Options): Promise<void> {
  const files = await filesOf(paths, /\.(?:json|ndjson|xml)$/);
  if (files.length === 0) throw new Error('there is no .json, .ndjson or .xml file to validate');
  const [{ loadDefinitions }, { validate }] = await Promise.all([
    import('../definitions-file.ts'),
    import('../fhir/validation/validator.ts'),
  ]);
  const definitions = await loadDefinitions({ packages: options.profiles });
  const judge = (tree: ResourceTree): Issue[] => validate(definitions, tree, validationOptions(options));
  const rows = new Map<string, Row>();
  const bar = progress('Files', files.length);
  const lines: string[] = [];
  for (const [done, file] of files.entries()) {
    for await (const found of resourcesOf(file))
      lines.push(...look(definitions, found, judge, rows, options));
    bar.update(done + 1);
  }
  bar.stop();
  for (const line of lines) console.log(line);
  console.log(summaryOf(rows));
  if ([...rows.values()].some(({ errors }) => errors > 0)) process.exitCode = 1;
}

const validationOptions = ({ profile }: Options): ValidationOptions => ({
  profiles: profile,
  strictness: {
    unknownCode: 'error',
    display: 'error',
    unknownExtension: 'warning',
    urn: 'error',
    unknownProfile: 'error',
    bestPractice: 'ignore',
  },
});

interface Found {
  readonly place: string;
  readonly read: (definitions: Definitions) => JsonValue;
  /** its text, where that is JSON */
  readonly text?: string;
}

async function* resourcesOf(file: string): AsyncGenerator<Found> {
  if (!file.endsWith('.ndjson')) {
    const text = await readFile(file, 'utf8');
    yield {
      place: file,
      read: (definitions) => (file.endsWith('.xml') ? parseXml(definitions, text) : parseJson(text)),
      ...(!file.endsWith('.xml') && { text }),
    };
    return;
  }
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number++;
    if (line.trim() !== '') yield { place: `${file}:${number}`, read: () => parseJson(line), text: line };
  }
}

/** The lines to be shown of one resource. */
function look(
  definitions: Definitions,
  { place: file, read, text }: Found,
  judge: (tree: ResourceTree) => Issue[],
  rows: Map<string, Row>,
  { warnings }: Options,
): string[] {
  const { type, issues: found } = judged(definitions, read, judge);
  const issues = text === undefined ? found : withPlaces(text, found);
  const row = rows.get(type) ?? { resources: 0, errors: 0, warnings: 0 };
  rows.set(type, row);
  const isError = ({ severity }: Issue): boolean => severity === 'error' || severity === 'fatal';
  row.resources++;
  row.errors += issues.filter(isError).length;
  row.warnings += issues.filter(({ severity }) => severity === 'warning').length;
  return issues
    .filter((one) => warnings ?? isError(one))
    .map(
      ({ severity, expression = [], diagnostics, place }) =>
        `${file}${at(place, file)}\t${severity}\t${expression.join(', ')}\t${diagnostics}`,
    );
}

/** `:12:7`; a line of NDJSON has its number already. */
const at = (place: Issue['place'], file: string): string =>
  !place ? '' : /\.ndjson:\d+$/.test(file) ? `:${place.column}` : `:${place.line}:${place.column}`;

function judged(
  definitions: Definitions,
  read: Found['read'],
  judge: (tree: ResourceTree) => Issue[],
): { readonly type: string; readonly issues: readonly Issue[] } {
  try {
    const tree = read(definitions);
    const type =
      isObject(tree) && typeof tree['resourceType'] === 'string' ? tree['resourceType'] : '(no resource)';
    return { type, issues: judge(tree as ResourceTree) };
  } catch (error) {
    if (error instanceof FhirError) return { type: '(unreadable)', issues: error.issues };
    throw error;
  }
}

/** A table by type, with the sum at the end. */
function summaryOf(rows: ReadonlyMap<string, Row>): string {
  const all = [...rows.values()];
  const sum = (of: keyof Row): number => all.reduce((total, row) => total + row[of], 0);
  const total: Row = { resources: sum('resources'), errors: sum('errors'), warnings: sum('warnings') };
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  const line = (name: string, { resources, errors, warnings }: Row): string =>
    [name.padEnd(32), ...[resources, errors, warnings].map((n) => String(n).padStart(9))].join(' ');
  const head = [
    'Type'.padEnd(32),
    ...['resources', 'errors', 'warnings'].map((name) => name.padStart(9)),
  ].join(' ');
  return [head, ...sorted.map(([name, row]) => line(name, row)), line('All', total)].join('\n');
}
