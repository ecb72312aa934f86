/** `embergate demo`: makes synthetic records, as files or into a server. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { demoRecords } from '../demo/records.ts';
import { progress } from '../telemetry/progress.ts';
import { count } from './options.ts';
import { examples } from './program.ts';
import { sendBundle } from './send.ts';

interface DemoOptions {
  readonly patients: number;
  readonly seed: number;
  readonly asOf?: string;
  readonly out?: string;
  readonly server?: string;
}

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('Make synthetic, clinically coherent, US Core-shaped records: the same seed gives the same records.')
    .option('--patients <n>', 'how many patients', count, 20)
    .option('--seed <n>', 'what the records are made from', count, 1)
    .option('--as-of <date>', 'the day on which the records end, such as 2026-11-01')
    .option('--out <folder>', 'write one transaction Bundle a file')
    .option('--server <url>', 'send the Bundles to this FHIR base URL')
    .addHelpText('after', examples('embergate demo --patients 100 --seed 7 --out records', 'embergate demo --server http://localhost:8080/fhir'))
    .action(demo);
}

async function demo(options: DemoOptions): Promise<void> {
  if (!options.out && !options.server) throw new Error('say where the records go: --out FOLDER or --server URL');
  if (options.out) await mkdir(options.out, { recursive: true });
  const bar = progress('Records', options.patients);
  let patients = 0;
  let number = 0;
  for (const bundle of demoRecords(options)) {
    const text = JSON.stringify(bundle);
    if (options.out) await writeFile(join(options.out, `${String(number++).padStart(5, '0')}.json`), text);
    if (options.server) await send(options.server, text);
    if (bundle.entry?.some(({ resource }) => resource?.resourceType === 'Patient')) bar.update(++patients);
  }
  bar.stop();
}

async function send(server: string, text: string): Promise<void> {
  const { ok, reason } = await sendBundle(server.replace(/\/$/, ''), text);
  if (!ok) throw new Error(`the server refused a record: ${reason}`);
}
