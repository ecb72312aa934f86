/** `embergate import`: sends transaction Bundles and NDJSON files to a server. Memory stays bounded: files and lines are read as they are sent. */
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { progress } from '../telemetry/progress.ts';
import { count } from './options.ts';
import { examples } from './program.ts';
import { eachOf, sendBundle } from './send.ts';

interface ImportOptions {
  readonly server: string;
  readonly parallel: number;
}

/** Resources of an NDJSON file that go into one transaction. */
const LINES_IN_BUNDLE = 200;

export function addImport(program: Command): void {
  program
    .command('import <path...>')
    .description('Send files to a server: .json holds a transaction or batch Bundle, .ndjson one resource a line (with its id). Folders are searched.')
    .option('--server <url>', 'FHIR base URL', 'http://localhost:8080/fhir')
    .option('--parallel <n>', 'requests at a time', count, 4)
    .addHelpText('after', examples('embergate import records/', 'embergate import Patient.ndjson Observation.ndjson'))
    .action(importFiles);
}

async function importFiles(paths: readonly string[], options: ImportOptions): Promise<void> {
  const files = (await Promise.all(paths.map(filesBelow))).flat();
  if (files.length === 0) throw new Error('there is no .json or .ndjson file to import');
  const bar = progress('Files', files.length);
  const refused: string[] = [];
  let [done, resources] = [0, 0];
  const base = options.server.replace(/\/$/, '');
  await eachOf(files, Math.max(1, options.parallel), async (file) => {
    for await (const text of bundlesOf(file)) {
      const { ok, entries, reason } = await sendBundle(base, text);
      resources += entries;
      if (!ok) refused.push(`${file}: ${reason}`);
    }
    bar.update(++done);
  });
  bar.stop();
  console.log(`${resources} resources from ${files.length} files`);
  for (const line of refused) console.error(`refused: ${line}`);
  if (refused.length > 0) process.exitCode = 1;
}

async function filesBelow(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => {
    throw new Error(`there is no file or folder ${path}`);
  });
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.(nd)?json$/.test(name)).sort();
  return names.map((name) => join(path, name));
}

async function* bundlesOf(file: string): AsyncGenerator<string> {
  if (!file.endsWith('.ndjson')) {
    yield await readFile(file, 'utf8');
    return;
  }
  let entries: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (line.trim() === '') continue;
    entries.push(entryOf(line, file));
    if (entries.length < LINES_IN_BUNDLE) continue;
    yield bundleText(entries);
    entries = [];
  }
  if (entries.length > 0) yield bundleText(entries);
}

/** The line goes in as it is, so that its decimals stay what they are. */
function entryOf(line: string, file: string): string {
  const { resourceType, id } = JSON.parse(line) as { resourceType?: string; id?: string };
  if (!resourceType) throw new Error(`${file} has a line without resourceType`);
  const request = id ? { method: 'PUT', url: `${resourceType}/${id}` } : { method: 'POST', url: resourceType };
  return `{"resource":${line},"request":${JSON.stringify(request)}}`;
}

const bundleText = (entries: readonly string[]): string => `{"resourceType":"Bundle","type":"transaction","entry":[${entries.join(',')}]}`;
