/**
 * `packages.json` in the folder of packages: which packages a server loads, in which version, from where they came, and the sha512 by which a changed one is
 * known. Their archives lie beside it in `.packages/`. https://confluence.hl7.org/display/FHIR/NPM+Package+Specification,
 * https://www.w3.org/TR/SRI/#integrity-metadata
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface ListedPackage {
  readonly name: string;
  readonly version: string;
  /** the address or the path that it was taken from */
  readonly source: string;
  /** `sha512-` and the hash of the archive in base64 */
  readonly integrity: string;
}

/** Names of packages become names of files: nothing else may get into them. */
export const PACKAGE_NAME = /^(?:@[a-z0-9][a-z0-9._-]{0,100}\/)?[a-z0-9][a-z0-9._-]{0,200}$/i;
export const PACKAGE_VERSION = /^[0-9A-Za-z](?:[0-9A-Za-z+-]|\.(?!\.)){0,100}$/;
const LIST = 'packages.json';
const KEPT = '.packages';

export const nameOf = ({ name, version }: Pick<ListedPackage, 'name' | 'version'>): string =>
  `${name}@${version}`;

/** Where the archive of a listed package lies. */
export const fileOf = (folder: string, { name, version }: Pick<ListedPackage, 'name' | 'version'>): string =>
  join(folder, KEPT, `${name.replace('/', '+')}-${version}.tgz`);

export const integrityOf = (packed: Buffer): string =>
  `sha512-${createHash('sha512').update(packed).digest('base64')}`;

export const isUnchanged = ({ integrity }: ListedPackage, packed: Buffer): boolean =>
  integrityOf(packed) === integrity;

/** What packages.json names, by name and from the oldest version to the newest; nothing where there is no such file. Throws for one that is broken. */
export async function readPackageList(folder: string): Promise<readonly ListedPackage[]> {
  const path = join(folder, LIST);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new Error(`${path} cannot be read: ${error.message}`);
  });
  if (text === undefined) return [];
  return [...parsedList(path, text)].sort(inOrder);
}

function parsedList(path: string, text: string): readonly ListedPackage[] {
  let list: unknown;
  try {
    list = (JSON.parse(text) as { readonly packages?: unknown }).packages;
  } catch (error) {
    throw new Error(`${path} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!Array.isArray(list)) throw new Error(`${path} has no list "packages"`);
  const wrong = list.findIndex((one) => !isListed(one));
  if (wrong >= 0)
    throw new Error(
      `${path}: packages[${wrong}] is no package: name, version, source and integrity (sha512-…) are needed`,
    );
  return list as ListedPackage[];
}

function isListed(one: unknown): one is ListedPackage {
  const { name, version, source, integrity } = (one ?? {}) as Readonly<Record<string, unknown>>;
  return (
    typeof name === 'string' &&
    PACKAGE_NAME.test(name) &&
    typeof version === 'string' &&
    PACKAGE_VERSION.test(version) &&
    typeof source === 'string' &&
    typeof integrity === 'string' &&
    integrity.startsWith('sha512-')
  );
}

const inOrder = (a: ListedPackage, b: ListedPackage): number =>
  a.name === b.name ? compareVersions(a.version, b.version) : a.name < b.name ? -1 : 1;

/** Puts a package into the list and its archive beside it; one of the same name and version is replaced. */
export async function keepPackage(folder: string, added: ListedPackage, packed: Buffer): Promise<void> {
  const path = fileOf(folder, added);
  await mkdir(join(folder, KEPT), { recursive: true });
  await writeWhole(path, packed);
  const others = (await readPackageList(folder)).filter((one) => nameOf(one) !== nameOf(added));
  await writeList(folder, [...others, added]);
}

/** Takes packages out of the list and removes their archives. */
export async function dropPackages(folder: string, dropped: readonly ListedPackage[]): Promise<void> {
  const names = new Set(dropped.map(nameOf));
  await writeList(
    folder,
    (await readPackageList(folder)).filter((one) => !names.has(nameOf(one))),
  );
  for (const one of dropped) await rm(fileOf(folder, one), { force: true });
}

async function writeList(folder: string, packages: readonly ListedPackage[]): Promise<void> {
  const text = `${JSON.stringify({ packages: [...packages].sort(inOrder) }, undefined, 2)}\n`;
  await writeWhole(join(folder, LIST), text);
}

/** A server that starts meanwhile reads the old file or the new one, never half of it. */
async function writeWhole(path: string, content: string | Buffer): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, content);
  await rename(draft, path);
}

/** By their numbers; what comes before a release (`-ballot`) is older than it. https://semver.org/#spec-item-11 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < Math.max(left.numbers.length, right.numbers.length); i++) {
    const difference = (left.numbers[i] ?? 0) - (right.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (left.label === right.label) return 0;
  if (left.label === '' || right.label === '') return left.label === '' ? 1 : -1;
  return left.label < right.label ? -1 : 1;
}

function partsOf(version: string): { readonly numbers: readonly number[]; readonly label: string } {
  const [numbers = '', ...label] = version.split('+')[0]!.split('-');
  return { numbers: numbers.split('.').map((one) => Number(one) || 0), label: label.join('-') };
}
