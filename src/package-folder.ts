/**
 * FHIR packages in a folder: one sub-folder or one `.tgz` a package, as the NPM package specification has them.
 * https://hl7.org/fhir/R4/packages.html, https://confluence.hl7.org/display/FHIR/NPM+Package+Specification
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConformanceSource } from './fhir/definitions/overlay.ts';
import { isObject, type JsonObject, type JsonValue } from './fhir/model/tree.ts';
import { archiveFiles } from './package-archive.ts';

/** One JSON file of a package: where it is, for messages, and what it holds. */
interface PackageFile {
  readonly place: string;
  readonly name: string;
  readonly bytes: Buffer;
}

/** FHIR versions that a package may be made for, where it says so. */
const R4 = /^4\.0(?:\.|$)/;

/**
 * All conformance resources of all packages of a folder, in the order of their names; none when there is no such folder. Throws an Error with one line
 * that names the file and what is wrong with it.
 */
export async function readPackages(folder: string): Promise<ConformanceSource[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new Error(`The folder of packages ${folder} cannot be read: ${error.message}`);
  });
  const sources: ConformanceSource[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory() || entry.isSymbolicLink())
      sources.push(...conformanceOf(await folderFiles(path)));
    else if (entry.name.endsWith('.tgz')) sources.push(...conformanceOf(await packedFiles(path)));
  }
  return sources;
}

/** The JSON files of a package that is a folder: in `package/`, or beside package.json. */
async function folderFiles(path: string): Promise<PackageFile[]> {
  const names = await readdir(path);
  const inner = names.includes('package') ? join(path, 'package') : path;
  const own = (inner === path ? names : await readdir(inner)).filter((name) => name.endsWith('.json'));
  const read = async (name: string): Promise<PackageFile> => {
    const place = join(inner, name);
    return { place, name, bytes: await readFile(place).catch(refuse(place)) };
  };
  return Promise.all(own.sort().map(read));
}

/** The JSON files of a packed package. Only `package/*.json` counts: examples and other folders are not conformance. */
async function packedFiles(path: string): Promise<PackageFile[]> {
  const packed = await readFile(path).catch(refuse(path));
  const files = await archiveFiles(packed).catch(refuse(path));
  const found = files.filter(({ name }) => /^package\/[^/]+\.json$/.test(name));
  if (found.length === 0)
    throw new Error(`The package ${path} cannot be read: it has no JSON file in package/`);
  return found.map(({ name, body }) => ({
    place: `${path}: ${name}`,
    name: name.slice('package/'.length),
    // Copied, so that the rest of the unpacked archive is let go.
    bytes: Buffer.from(body),
  }));
}

function refuse(place: string): (error: Error) => never {
  return (error) => {
    throw new Error(`The package ${place} cannot be read: ${error.message}`);
  };
}

function conformanceOf(files: readonly PackageFile[]): ConformanceSource[] {
  const sources: ConformanceSource[] = [];
  for (const { place, name, bytes } of files) {
    if (name === '.index.json') continue;
    const tree = parse(place, bytes);
    if (name === 'package.json') requireR4(place, tree);
    else if (isConformance(tree)) sources.push({ tree, text: () => bytes.toString('utf8') });
  }
  return sources;
}

/** Packages come from the operator: they need no guard against hostile JSON, and are many. */
function parse(place: string, bytes: Buffer): JsonValue {
  try {
    return JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, '')) as JsonValue;
  } catch (error) {
    return refuse(place)(error as Error);
  }
}

function isConformance(tree: JsonValue): tree is JsonObject {
  return isObject(tree) && typeof tree['resourceType'] === 'string' && typeof tree['url'] === 'string';
}

function requireR4(place: string, tree: JsonValue): void {
  const made = isObject(tree) ? (tree['fhirVersions'] ?? tree['fhir-version-list']) : undefined;
  if (
    !Array.isArray(made) ||
    made.length === 0 ||
    made.some((one) => typeof one === 'string' && R4.test(one))
  )
    return;
  refuse(place)(new Error(`it is made for FHIR ${made.join(', ')}, and this server is FHIR R4 (4.0.1)`));
}
