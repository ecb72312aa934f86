/** The examples of R4 that the npm package of the standard brings, one resource a file. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const FOLDER = resolve(import.meta.dirname, '..', '..', 'node_modules', 'hl7.fhir.r4.examples');

/** File names, all types or those that are asked for. */
export function exampleNames(accept: (name: string) => boolean = () => true): string[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  return names.filter((name) => name !== 'package.json' && accept(name));
}

export const exampleText = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');
