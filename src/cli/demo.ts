/** `embergate demo`: makes synthetic records, as files or into a server. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { DemoBundle } from '../demo/records.ts';
import { progress } from '../telemetry/progress.ts';
import { bearerOf, withBearer, type Bearer, type BearerOptions } from './bearer.ts';
import { examples } from './help.ts';
import { baseUrl, count, day } from './options.ts';
import { eachOf, sendBundle } from './send.ts';

interface DemoOptions extends BearerOptions {
  readonly patients: number;
  readonly seed: number;
  readonly asOf?: string;
  readonly out?: string;
  readonly server?: string;
}

interface Target extends DemoOptions {
  readonly bearer: Bearer;
}

/** Records that are sent at a time. */
const PARALLEL = 3;

export function addDemo(program: Command): void {
  withBearer(program.command('demo'))
    .description(
      'Make synthetic, clinically coherent, US Core-shaped records. The same seed gives the same records.',
    )
    .option('--patients <n>', 'how many patients', count, 20)
    .option('--seed <n>', 'what the records are made from', count, 1)
    .option('--as-of <day>', 'the day on which the records end, such as 2026-11-01', day)
    .option('--out <folder>', 'write one transaction Bundle a file')
    .option('--server <url>', 'send the Bundles to this FHIR base URL', baseUrl)
    .addHelpText(
      'after',
      examples(
        [
          'embergate demo --patients 100 --seed 7 --out records',
          'writes files that "embergate import records" takes',
        ],
        ['embergate demo --server http://localhost:8080/fhir', 'sends 20 patients to a server'],
      ),
    )
    .action(demo);
}

async function demo(options: DemoOptions): Promise<void> {
  if (options.out === undefined && options.server === undefined)
    throw new Error('say where the records go: --out FOLDER or --server URL');
  if (options.out !== undefined) await mkdir(options.out, { recursive: true });
  const { demoRecords } = await import('../demo/records.ts');
  const records = demoRecords(options);
  const target: Target = { ...options, bearer: bearerOf(options.server ?? '', options) };
  const bar = progress('Patients', options.patients);
  let [done, next] = [0, 0];
  const keep = async (bundle: DemoBundle): Promise<void> => {
    await deliver(target, bundle, next++);
    if (hasPatient(bundle)) bar.update(++done);
  };
  // First come the places, people and medicines that all patients refer to.
  let first = records.next();
  for (; first.done !== true && !hasPatient(first.value); first = records.next()) await keep(first.value);
  if (first.done !== true) await keep(first.value);
  await eachOf(records, PARALLEL, keep);
  bar.stop();
}

const hasPatient = ({ entry = [] }: DemoBundle): boolean =>
  entry.some(({ resource }) => resource?.resourceType === 'Patient');

async function deliver({ out, server, bearer }: Target, bundle: DemoBundle, number: number): Promise<void> {
  const text = JSON.stringify(bundle);
  if (out !== undefined) await writeFile(join(out, `${String(number).padStart(5, '0')}.json`), text);
  if (server === undefined) return;
  const { refused } = await sendBundle(server, text, bearer);
  if (refused.length > 0) throw new Error(`the server refused record ${number}: ${refused[0]}`);
}
