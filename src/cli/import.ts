/**
 * `embergate import`: sends files to a server. Files may refer to each other in any order: what is refused at first is sent again once others
 * are there, for as long as that helps. Files are read as they are sent, so memory stays bounded.
 */
import type { Command } from 'commander';
import { progress } from '../telemetry/progress.ts';
import { bearerOf, withBearer, type Bearer, type BearerOptions } from './bearer.ts';
import { bundlesOf, filesOf } from './bundles.ts';
import { examples } from './help.ts';
import { baseUrl, parallel } from './options.ts';
import { eachOf, sendBundle } from './send.ts';

interface ImportOptions extends BearerOptions {
  readonly server: string;
  readonly parallel: number;
}

interface Target extends ImportOptions {
  readonly bearer: Bearer;
}

/** The bundles that were refused as a whole: file -> number of the bundle in it -> why. */
type Refused = ReadonlyMap<string, ReadonlyMap<number, string>>;

interface Pass {
  /** resources that were stored */
  readonly done: number;
  readonly refused: Refused;
  /** refused entries of batches, whose other entries were stored: they are not sent again */
  readonly entries: readonly string[];
}

export function addImport(program: Command): void {
  withBearer(program.command('import <path...>'))
    .description(
      'Send files to a server. A .json file holds a transaction or batch Bundle, or one resource; an .ndjson file one resource a line. Folders are searched.',
    )
    .option('--server <url>', 'FHIR base URL', baseUrl, 'http://localhost:8080/fhir')
    .option('--parallel <n>', 'requests at a time', parallel, 4)
    .addHelpText(
      'after',
      examples(
        ['embergate import records/', 'sends all files below a folder'],
        [
          'embergate import Patient.ndjson Observation.ndjson',
          'sends a bulk export; resources keep their ids',
        ],
        [
          'embergate import --client demo-backend --key data/demo-backend.jwk.json records/',
          'the same, to a server that asks for tokens: the demo’s backend client',
        ],
        [
          'embergate import --server http://localhost:8080/t/north/fhir one.json',
          'sends one Bundle to another tenant',
        ],
      ),
    )
    .action(importFiles);
}

async function importFiles(paths: readonly string[], options: ImportOptions): Promise<void> {
  const files = await filesOf(paths);
  if (files.length === 0) throw new Error('there is no .json or .ndjson file to import');
  const target: Target = { ...options, bearer: bearerOf(options.server, options) };
  let pass = await sendAll('Files', files, () => true, target);
  let { done } = pass;
  const entries = [...pass.entries];
  while (pass.done > 0 && pass.refused.size > 0) {
    const { refused } = pass;
    pass = await sendAll(
      'Sent again',
      [...refused.keys()],
      (file, number) => refused.get(file)!.has(number),
      target,
    );
    done += pass.done;
    entries.push(...pass.entries);
  }
  console.log(`${done} resources from ${files.length} file${files.length === 1 ? '' : 's'}`);
  for (const line of [...linesOf(pass.refused), ...entries]) console.error(`refused: ${line}`);
  if (pass.refused.size > 0 || entries.length > 0) process.exitCode = 1;
}

async function sendAll(
  title: string,
  files: readonly string[],
  wanted: (file: string, number: number) => boolean,
  { server, parallel: most, bearer }: Target,
): Promise<Pass> {
  const refused = new Map<string, Map<number, string>>();
  const entries: string[] = [];
  let [done, finished] = [0, 0];
  const bar = progress(title, files.length);
  await eachOf(files, most, async (file) => {
    let number = -1;
    for await (const text of bundlesOf(file)) {
      number++;
      if (!wanted(file, number)) continue;
      const result = await sendBundle(server, text, bearer);
      done += result.done;
      if (result.done > 0) entries.push(...result.refused.map((why) => `${place(file, number)}: ${why}`));
      else if (result.refused.length > 0)
        refused.set(file, (refused.get(file) ?? new Map<number, string>()).set(number, result.refused[0]!));
    }
    bar.update(++finished);
  });
  bar.stop();
  return { done, refused, entries };
}

const place = (file: string, number: number): string => (number > 0 ? `${file}, bundle ${number}` : file);

function linesOf(refused: Refused): string[] {
  return [...refused].flatMap(([file, bundles]) =>
    [...bundles].map(([number, why]) => `${place(file, number)}: ${why}`),
  );
}
