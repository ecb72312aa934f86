/**
 * FHIR packages in a folder: one sub-folder or one `.tgz` a package, as the NPM package specification has them.
 * https://hl7.org/fhir/R4/packages.html, https://confluence.hl7.org/display/FHIR/NPM+Package+Specification
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { parseJson } from './fhir/model/json.ts';
import { isObject, type JsonObject } from './fhir/model/tree.ts';

/** Bounds on one package, against archives made to burst. */
const MOST_BYTES = 512 * 1024 * 1024;
const unzip = promisify(gunzip);

/** All conformance resources of all packages of a folder, in the order of their names; none when there is no such folder. */
export async function readPackages(folder: string): Promise<JsonObject[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const resources: JsonObject[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) resources.push(...(await readFolder(path)));
    else if (entry.name.endsWith('.tgz')) resources.push(...(await readArchive(path)));
  }
  return resources;
}

async function readFolder(path: string): Promise<JsonObject[]> {
  const inner = await readdir(join(path, 'package')).then(
    () => join(path, 'package'),
    () => path,
  );
  const names = (await readdir(inner)).filter((name) => name.endsWith('.json')).sort();
  const found = await Promise.all(
    names.map(async (name) => conformanceOf(await readFile(join(inner, name), 'utf8'), join(path, name))),
  );
  return found.flat();
}

/** Only `package/*.json` counts: examples and other folders of a package are not conformance. */
async function readArchive(path: string): Promise<JsonObject[]> {
  const bytes = await unzip(await readFile(path), { maxOutputLength: MOST_BYTES }).catch((error: Error) => {
    throw new Error(`The package ${path} cannot be unpacked: ${error.message}`);
  });
  const resources: JsonObject[] = [];
  for (const { name, body } of tarEntries(bytes)) {
    if (/^package\/[^/]+\.json$/.test(name))
      resources.push(...conformanceOf(body.toString('utf8'), `${path}: ${name}`));
  }
  return resources;
}

function conformanceOf(text: string, place: string): JsonObject[] {
  if (/(^|[/\s])(package|\.index)\.json$/.test(place)) return [];
  try {
    const tree = parseJson(text, { depth: 200 });
    return isObject(tree) && typeof tree['resourceType'] === 'string' && typeof tree['url'] === 'string'
      ? [tree]
      : [];
  } catch (error) {
    throw new Error(`The package file ${place} cannot be read: ${(error as Error).message}`);
  }
}

/** The regular files of a tar archive (POSIX ustar), one after the other. */
function* tarEntries(bytes: Buffer): Generator<{ name: string; body: Buffer }> {
  let at = 0;
  while (at + 512 <= bytes.length && bytes[at] !== 0) {
    const field = (start: number, length: number): string =>
      bytes.toString('utf8', at + start, at + start + length).replace(/\0.*$/s, '');
    const size = Number.parseInt(field(124, 12).trim() || '0', 8);
    if (!Number.isFinite(size) || at + 512 + size > bytes.length) throw new Error('the archive is cut off');
    const prefix = field(345, 155);
    const type = String.fromCharCode(bytes[at + 156]!);
    if (type === '0' || type === '\0')
      yield {
        name: (prefix ? `${prefix}/` : '') + field(0, 100),
        body: bytes.subarray(at + 512, at + 512 + size),
      };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
