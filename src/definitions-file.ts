/** Opens the compiled definitions and the FHIR packages of the `profiles` folder: the I/O that `fhir/` does not do. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readTables } from './fhir/definitions/file.ts';
import { buildDefinitions } from './fhir/definitions/load.ts';
import { withConformance } from './fhir/definitions/overlay.ts';
import type { Definitions } from './fhir/definitions/registry.ts';
import { readPackages } from './package-folder.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** Where `scripts/build-definitions.ts` puts the compiled file. */
export const definitionsPath = (): string => resolve(ROOT, '.cache', 'definitions-r4.bin');

/** Loads R4, and the packages of a folder where there is one. Throws an Error with one clear line for a missing file or a broken package. */
export async function loadDefinitions(options: { readonly packages?: string } = {}): Promise<Definitions> {
  const bytes = await readFile(definitionsPath()).catch(() => {
    throw new Error('The compiled FHIR definitions are missing: run "node scripts/setup.mjs"');
  });
  const core = buildDefinitions(readTables(bytes));
  const resources = options.packages === undefined ? [] : await readPackages(resolve(ROOT, options.packages));
  return resources.length > 0 ? withConformance(core, resources) : core;
}
