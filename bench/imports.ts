// Import of whole records by transaction: each measurement begins on an empty store and ends with its size on disk.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedData } from './shared-data.ts';
import { measure, type Context, type Measurement } from './measure.ts';
import type { IMPORTS, Options } from './options.ts';
import { startSubject, type Kind, type Stage, type Start } from './subjects.ts';
import { BASE } from './workloads.ts';

export type ImportName = (typeof IMPORTS)[number];

/** Files of transaction Bundles: `first` are posted one by one before the clock runs, since others refer to them. */
export type DataSet = {
  readonly first: readonly string[];
  readonly files: readonly string[];
  readonly resources: number;
  readonly jsonBytes: number;
};

type Bundle = { readonly entry?: readonly { readonly resource?: { readonly resourceType: string } }[] };

const SEED = 1;
const CONNECTIONS = 4;
const DEMO_MODULE = join(import.meta.dirname, '..', 'src', 'demo', 'records.ts');

const sizeOf = (bundle: Bundle): number =>
  (bundle.entry ?? []).reduce(
    (sum, { resource }) => sum + Buffer.byteLength(JSON.stringify(resource ?? '')),
    0,
  );

function dataSet(first: readonly string[], files: readonly string[], bundles: readonly Bundle[]): DataSet {
  return {
    first,
    files,
    resources: bundles.reduce((sum, { entry }) => sum + (entry?.length ?? 0), 0),
    jsonBytes: bundles.reduce((sum, bundle) => sum + sizeOf(bundle), 0),
  };
}

const hasPatient = ({ entry }: Bundle): boolean =>
  entry?.some((one) => one.resource?.resourceType === 'Patient') ?? false;

async function demoSet(options: Options, folder: string): Promise<DataSet | undefined> {
  if (!existsSync(DEMO_MODULE)) return undefined;
  const { demoRecords } = (await import(DEMO_MODULE)) as {
    demoRecords: (options: { patients: number; seed: number }) => Iterable<Bundle>;
  };
  mkdirSync(folder, { recursive: true });
  const bundles = [...demoRecords({ patients: options.importPatients, seed: SEED })];
  const files = bundles.map((bundle, index) => {
    const file = join(folder, `demo-${index}.json`);
    writeFileSync(file, JSON.stringify(bundle));
    return file;
  });
  const whole = bundles.filter(hasPatient);
  const first = files.filter((_, index) => !hasPatient(bundles[index]!));
  return dataSet(
    first,
    files.filter((_, index) => hasPatient(bundles[index]!)),
    whole,
  );
}

/** The twelve records again and again, until there are as many patients as were asked for. */
function syntheaSet(options: Options): DataSet | undefined {
  const folder = sharedData('synthea', 'small');
  if (!existsSync(folder)) return undefined;
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(folder, name));
  const repeated = Array.from({ length: options.importPatients }, (_, index) => files[index % files.length]!);
  return dataSet(
    [],
    repeated,
    repeated.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Bundle),
  );
}

/** The records of an import, or undefined where they are not to be had. */
export function importSet(name: ImportName, options: Options, folder: string): Promise<DataSet | undefined> {
  return name === 'import-demo' ? demoSet(options, folder) : Promise.resolve(syntheaSet(options));
}

const diskOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

/** One import into an empty store. Its disk is looked at after the subject has stopped, with nothing left in a log. */
export async function measureImport(
  context: Context,
  kind: Kind,
  stage: Stage,
  set: DataSet,
  start: Start = {},
): Promise<Measurement> {
  const subject = await startSubject(kind, stage, start);
  try {
    const drain = { kind: 'drain', port: subject.port, path: BASE } as const;
    await context.driver.run({ ...drain, connections: 1, files: set.first });
    const before = stage.mongod === undefined ? diskOf(subject.folder) : 0;
    const job = { ...drain, connections: CONNECTIONS, files: set.files };
    const measured = await measure(context, subject, job, set.resources);
    await subject.stop();
    if (stage.mongod !== undefined) return measured;
    const diskBytes = (diskOf(subject.folder) - before) / set.resources;
    return { ...measured, diskBytes, jsonBytes: set.jsonBytes / set.resources };
  } finally {
    await subject.stop();
    rmSync(subject.folder, { recursive: true, force: true });
  }
}
