/**
 * Where a package can be had: from a registry that speaks as npm does (through the guarded way out), an archive, or a folder, which is packed. What comes is
 * looked through before it is taken. https://confluence.hl7.org/display/FHIR/FHIR+Package+Registry+User+Documentation,
 * https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Egress } from './access/egress/egress.ts';
import type { Definitions } from './fhir/definitions/registry.ts';
import { isObject, type JsonObject, type JsonValue } from './fhir/model/tree.ts';
import { faultsOfSource } from './package-check.ts';
import {
  filesOfPacked,
  isConformance,
  packageOf,
  parsedFile,
  wholeFolder,
  type FhirPackage,
} from './package-folder.ts';
import { compareVersions, PACKAGE_NAME, PACKAGE_VERSION } from './package-list.ts';
import { packed } from './package-pack.ts';

/** A package as it was found: not yet looked into. */
export interface FoundPackage {
  readonly source: string;
  readonly bytes: Buffer;
}

export interface Wanted {
  readonly name: string;
  /** absent: the newest; `6.1.x`: the newest of those */
  readonly version?: string;
}

/** `NAME` or `NAME@VERSION`; undefined for what is neither. */
export function wantedOf(text: string): Wanted | undefined {
  const at = text.indexOf('@', 1);
  const [name, version] = at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
  if (!PACKAGE_NAME.test(name) || (version !== undefined && !PACKAGE_VERSION.test(version))) return undefined;
  return version === undefined || version === 'latest' ? { name } : { name, version };
}

/** From an archive or a folder of this machine. */
export async function packageFromPath(path: string): Promise<FoundPackage> {
  const isFolder = (await stat(path)).isDirectory();
  return { source: path, bytes: isFolder ? packed(await wholeFolder(path)) : await readFile(path) };
}

const LIMITS = { bytes: 256 * 1024 * 1024, ms: 120_000, redirects: 5 };

/** From the first of the registries that has it. Throws an Error with one line that tells what each of them said. */
export async function packageFromRegistry(
  fetch: Egress,
  registries: readonly string[],
  wanted: Wanted,
): Promise<FoundPackage> {
  const refusals: string[] = [];
  for (const registry of registries) {
    try {
      return await fromRegistry(fetch, registry, wanted);
    } catch (error) {
      refusals.push(`${registry}: ${(error as Error).message}`);
    }
  }
  const name = wanted.version === undefined ? wanted.name : `${wanted.name}@${wanted.version}`;
  throw new Error(`${name} cannot be had (${refusals.join('; ') || 'PACKAGE_REGISTRIES names no registry'})`);
}

async function fromRegistry(fetch: Egress, registry: string, wanted: Wanted): Promise<FoundPackage> {
  const address = `${registry.replace(/\/+$/, '')}/${wanted.name.replace('/', '%2f')}`;
  const about = objectOf(await bytesOf(fetch, address, 'application/json'));
  const versions = isObject(about['versions']) ? about['versions'] : {};
  const version = chosen(wanted.version, versions, about['dist-tags']);
  const entry = version === undefined ? undefined : versions[version];
  if (!isObject(entry)) throw new Error(`it has no version ${wanted.version ?? 'that is a release'}`);
  const dist = isObject(entry['dist']) ? entry['dist'] : {};
  const source = archiveAddress(registry, dist['tarball']) ?? `${address}/${version}`;
  const bytes = await bytesOf(fetch, source, 'application/gzip, application/octet-stream, */*');
  requireHash(bytes, dist);
  return { source, bytes };
}

/** What is published by http is asked for by https where the registry itself is. */
function archiveAddress(registry: string, tarball: JsonValue | undefined): string | undefined {
  if (typeof tarball !== 'string' || !URL.canParse(tarball)) return undefined;
  return registry.startsWith('https:') ? tarball.replace(/^http:/, 'https:') : tarball;
}

function chosen(
  version: string | undefined,
  versions: JsonObject,
  tags: JsonValue | undefined,
): string | undefined {
  if (version !== undefined && Object.hasOwn(versions, version)) return version;
  if (version !== undefined && !version.endsWith('.x')) return undefined;
  const latest = isObject(tags) ? tags['latest'] : undefined;
  if (version === undefined && typeof latest === 'string') return latest;
  const start = version?.slice(0, -1) ?? '';
  const releases = Object.keys(versions).filter((one) => one.startsWith(start) && !one.includes('-'));
  return releases.sort(compareVersions).at(-1);
}

async function bytesOf(fetch: Egress, address: string, accept: string): Promise<Buffer> {
  const response = await fetch(address, {
    headers: { accept, 'accept-encoding': 'identity' },
    limits: LIMITS,
  });
  if (response.status === 404) throw new Error('it does not have it');
  if (!response.ok) throw new Error(`it answers ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

function objectOf(bytes: Buffer): JsonObject {
  try {
    const tree = JSON.parse(bytes.toString('utf8')) as JsonValue;
    if (isObject(tree)) return tree;
  } catch {
    // told below
  }
  throw new Error('what it answers is no JSON object');
}

/** Some registries say sha512, some sha1 alone. */
function requireHash(bytes: Buffer, { integrity, shasum }: JsonObject): void {
  const [algorithm, hash] = typeof integrity === 'string' ? integrity.split('-', 2) : [];
  const known = algorithm === 'sha512' || algorithm === 'sha384' || algorithm === 'sha256';
  const fits = known
    ? sameHash(bytes, algorithm, Buffer.from(hash ?? '', 'base64'))
    : typeof shasum !== 'string' || sameHash(bytes, 'sha1', Buffer.from(shasum, 'hex'));
  if (!fits) throw new Error('the archive is not what the registry says it is: its hash differs');
}

function sameHash(bytes: Buffer, algorithm: string, hash: Buffer): boolean {
  const own = createHash(algorithm).update(bytes).digest();
  return own.length === hash.length && timingSafeEqual(own, hash);
}

/**
 * Looks a package through: that it can be read, is for R4, is what its name says, and that its conformance resources are some. Throws an Error with one line
 * that tells the first few faults.
 */
export async function openPackage(
  definitions: Definitions,
  { source, bytes }: FoundPackage,
  wanted?: Wanted,
): Promise<FhirPackage & Required<Pick<FhirPackage, 'name' | 'version'>>> {
  const files = await filesOfPacked(source, bytes, 'all');
  const found = packageOf(files);
  const { name, version } = found;
  const refuse = (text: string): never => {
    throw new Error(`The package ${source} is refused: ${text}`);
  };
  if (name === undefined || version === undefined)
    return refuse('its package.json, with "name" and "version", is missing');
  if (!PACKAGE_NAME.test(name) || !PACKAGE_VERSION.test(version))
    return refuse(
      `it calls itself ${JSON.stringify(`${name}@${version}`.slice(0, 200))}, which is no name of a package`,
    );
  if (wanted && (name !== wanted.name || !isVersion(version, wanted.version)))
    return refuse(
      `it calls itself ${name}@${version}, and ${wanted.name}@${wanted.version ?? 'latest'} was asked for`,
    );
  const faults = files
    .filter((file) => !file.name.includes('/') && file.name !== 'package.json' && file.name !== '.index.json')
    .flatMap((file) => {
      const tree = parsedFile(file);
      return isConformance(tree)
        ? faultsOfSource(definitions, tree).map((one) => `${file.name}: ${one}`)
        : [];
    });
  if (faults.length > 0) return refuse(shortened(faults));
  return { ...found, name, version };
}

const MOST_TOLD = 5;
const shortened = (faults: readonly string[]): string =>
  faults.slice(0, MOST_TOLD).join('; ') +
  (faults.length > MOST_TOLD ? `; and ${faults.length - MOST_TOLD} more` : '');

const isVersion = (version: string, wanted: string | undefined): boolean =>
  wanted === undefined ||
  version === wanted ||
  (wanted.endsWith('.x') && version.startsWith(wanted.slice(0, -1)));
