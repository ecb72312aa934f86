/** Opens the compiled definitions and the FHIR packages of the `profiles` folder: the I/O that `fhir/` does not do. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readTables } from './fhir/definitions/file.ts';
import { buildDefinitions, type Tables } from './fhir/definitions/load.ts';
import { withSources } from './fhir/definitions/overlay.ts';
import type { Definitions } from './fhir/definitions/registry.ts';
import { readPackages } from './package-folder.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** Where `scripts/build-definitions.ts` puts the compiled file. */
export const definitionsPath = (): string => resolve(ROOT, '.cache', 'definitions-r4.bin');

/**
 * Loads R4, and the packages of a folder where there is one. Throws an Error with one clear line for a missing or damaged file of definitions, or a
 * broken package.
 */
export async function loadDefinitions(options: { readonly packages?: string } = {}): Promise<Definitions> {
  const core = buildDefinitions(await coreTables());
  const sources = options.packages === undefined ? [] : await readPackages(resolve(ROOT, options.packages));
  return sources.length > 0 ? withSources(core, sources) : core;
}

async function coreTables(): Promise<Tables> {
  try {
    return readTables(await readFile(definitionsPath()));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const fault = missing ? 'are missing' : `cannot be read (${(error as Error).message})`;
    throw new Error(`The compiled FHIR definitions ${fault}: run "node scripts/setup.mjs"`, { cause: error });
  }
}
