/**
 * FHIR packages in a folder: those that packages.json names, and one sub-folder or one `.tgz` a package, as the NPM package specification has them.
 * https://hl7.org/fhir/R4/packages.html, https://confluence.hl7.org/display/FHIR/NPM+Package+Specification
 */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConformanceSource } from './fhir/definitions/overlay.ts';
import { isObject, type JsonObject, type JsonValue } from './fhir/model/tree.ts';
import { archiveFiles } from './package-archive.ts';
import { fileOf, isUnchanged, nameOf, readPackageList, type ListedPackage } from './package-list.ts';

/** One JSON file of a package: where it is, for messages, and what it holds. */
export interface PackageFile {
  readonly place: string;
  /** `StructureDefinition-x.json`, `example/Patient-1.json` */
  readonly name: string;
  readonly bytes: Buffer;
}

export interface FhirPackage {
  readonly name?: string;
  readonly version?: string;
  /** names and versions of the packages that it builds on */
  readonly dependencies: Readonly<Record<string, string>>;
  readonly sources: readonly ConformanceSource[];
}

/** FHIR versions that a package may be made for, where it says so. */
const R4 = /^4\.0(?:\.|$)/;

/**
 * All conformance resources of all packages of a folder: first those that packages.json names, then the others, each in the order of their names; none when
 * there is no such folder. Throws an Error with one line that names the file and what is wrong with it.
 */
export async function readPackages(folder: string): Promise<ConformanceSource[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new Error(`The folder of packages ${folder} cannot be read: ${error.message}`);
  });
  const sources: ConformanceSource[] = [];
  for (const one of await readPackageList(folder))
    sources.push(...(await listedPackage(folder, one)).sources);
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory() || entry.isSymbolicLink())
      sources.push(...packageOf(await folderFiles(path)).sources);
    else if (entry.name.endsWith('.tgz')) sources.push(...(await packedPackage(path)).sources);
  }
  return sources;
}

/** A package that packages.json names. Throws where it is missing, or is not what was added. */
export async function listedPackage(folder: string, listed: ListedPackage): Promise<FhirPackage> {
  const path = fileOf(folder, listed);
  const packed = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') return refuse(path)(error);
    throw new Error(
      `The package ${nameOf(listed)}, which packages.json names, is not in ${path}: run "embergate package add" to fetch what is missing`,
    );
  });
  if (!isUnchanged(listed, packed))
    throw new Error(
      `The package ${nameOf(listed)} is refused: ${path} is not what was added, its sha512 differs from that in packages.json. Run "embergate package add ${nameOf(listed)}" to take it as it is published now, or "embergate package remove ${nameOf(listed)}"`,
    );
  return packageOf(await filesOfPacked(path, packed));
}

/** A package in a `.tgz`. */
export async function packedPackage(path: string): Promise<FhirPackage> {
  return packageOf(await filesOfPacked(path, await readFile(path).catch(refuse(path))));
}

/** The JSON files of a package that is a folder: in `package/`, or beside package.json. */
export async function folderFiles(path: string): Promise<PackageFile[]> {
  const names = await readdir(path);
  const inner = names.includes('package') ? join(path, 'package') : path;
  const own = (inner === path ? names : await readdir(inner)).filter((name) => name.endsWith('.json'));
  const read = async (name: string): Promise<PackageFile> => {
    const place = join(inner, name);
    return { place, name, bytes: await readFile(place).catch(refuse(place)) };
  };
  return Promise.all(own.sort().map(read));
}

/** The same with what lies below, examples above all. A link could bring in any file of this machine: none is followed. */
export async function wholeFolder(path: string): Promise<PackageFile[]> {
  const names = (await readdir(path)).includes('package') ? join(path, 'package') : path;
  const below = (await readdir(names, { recursive: true })).filter((name) => name.endsWith('.json'));
  const read = async (name: string): Promise<PackageFile> => {
    const place = join(names, name);
    if ((await lstat(place)).isSymbolicLink()) refuse(place)(new Error('it is a symbolic link'));
    return { place, name, bytes: await readFile(place).catch(refuse(place)) };
  };
  return Promise.all(below.sort().map(read));
}

/** The JSON files of a packed package. Only `package/*.json` counts where it is not asked for the rest: examples and other folders are not conformance. */
export async function filesOfPacked(
  place: string,
  packed: Buffer,
  which: 'conformance' | 'all' = 'conformance',
): Promise<PackageFile[]> {
  const files = await archiveFiles(packed).catch(refuse(place));
  const wanted = which === 'all' ? /^package\/.+\.json$/ : /^package\/[^/]+\.json$/;
  const found = files.filter(({ name }) => wanted.test(name));
  if (found.length === 0) refuse(place)(new Error('it has no JSON file in package/'));
  return found.map(({ name, body }) => ({
    place: `${place}: ${name}`,
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

/** What a package holds. Throws an Error with one line for JSON that is none, and for another version of FHIR. */
export function packageOf(files: readonly PackageFile[]): FhirPackage {
  const sources: ConformanceSource[] = [];
  let about: JsonObject = {};
  for (const { place, name, bytes } of files) {
    if (name.includes('/') || name === '.index.json') continue;
    const tree = parsedFile({ place, bytes });
    if (name === 'package.json') about = requireR4(place, tree);
    else if (isConformance(tree)) sources.push({ tree, text: () => bytes.toString('utf8') });
  }
  const { name, version, dependencies } = about;
  return {
    ...(typeof name === 'string' && { name }),
    ...(typeof version === 'string' && { version }),
    dependencies: textsOf(dependencies),
    sources,
  };
}

const textsOf = (value: JsonValue | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(isObject(value) ? value : {}).flatMap(([key, one]) =>
      typeof one === 'string' ? [[key, one]] : [],
    ),
  );

/** Packages come from the operator: they need no guard against hostile JSON, and are many. */
export function parsedFile({ place, bytes }: Pick<PackageFile, 'place' | 'bytes'>): JsonValue {
  try {
    return JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, '')) as JsonValue;
  } catch (error) {
    return refuse(place)(error as Error);
  }
}

export function isConformance(tree: JsonValue): tree is JsonObject {
  return isObject(tree) && typeof tree['resourceType'] === 'string' && typeof tree['url'] === 'string';
}

function requireR4(place: string, tree: JsonValue): JsonObject {
  const about = isObject(tree) ? tree : {};
  const made = about['fhirVersions'] ?? about['fhir-version-list'];
  const isR4 =
    !Array.isArray(made) || made.length === 0 || made.some((one) => typeof one === 'string' && R4.test(one));
  if (isR4) return about;
  return refuse(place)(
    new Error(`it is made for FHIR ${made.join(', ')}, and this server is FHIR R4 (4.0.1)`),
  );
}
