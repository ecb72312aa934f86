/** Files as bundles to send: a .json file holds one, an .ndjson file becomes several. https://hl7.org/fhir/R4/nd-json.html */
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Resources of an NDJSON file that go into one transaction. */
const LINES_IN_BUNDLE = 200;

/** The files that paths name, and those with these endings in folders below them, sorted. Throws for a path that is not there. */
export async function filesOf(paths: readonly string[], endings = /\.(?:nd)?json$/): Promise<string[]> {
  return (await Promise.all(paths.map((path) => filesBelow(path, endings)))).flat();
}

async function filesBelow(path: string, endings: RegExp): Promise<string[]> {
  const found = await stat(path).catch(() => {
    throw new Error(`there is no file or folder ${path}`);
  });
  if (!found.isDirectory()) return [path];
  const names = await readdir(path, { recursive: true });
  return names
    .filter((name) => endings.test(name))
    .sort()
    .map((name) => join(path, name));
}

/** The bundles of a file as texts, one after the other, so that a large file is never in memory as a whole. The same file gives the same bundles. */
export async function* bundlesOf(file: string): AsyncGenerator<string> {
  if (!file.endsWith('.ndjson')) {
    yield bundleOf(await readFile(file, 'utf8'), file);
    return;
  }
  let entries: string[] = [];
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number++;
    if (line.trim() === '') continue;
    entries.push(entryOf(line, `${file}, line ${number}`));
    if (entries.length < LINES_IN_BUNDLE) continue;
    yield bundleText(entries);
    entries = [];
  }
  if (entries.length > 0) yield bundleText(entries);
}

/** A bundle goes as it is; any other resource as a transaction of one. */
function bundleOf(text: string, file: string): string {
  return /"type"\s*:\s*"(?:transaction|batch)"/.test(text) ? text : bundleText([entryOf(text, file)]);
}

/** The text goes in as it is, so that its decimals stay what they are. */
function entryOf(text: string, place: string): string {
  let resource: { resourceType?: unknown; id?: unknown };
  try {
    resource = JSON.parse(text) as typeof resource;
  } catch (error) {
    throw new Error(`${place} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  const { resourceType, id } = resource;
  if (typeof resourceType !== 'string') throw new Error(`${place} has no resourceType`);
  const request =
    typeof id === 'string'
      ? { method: 'PUT', url: `${resourceType}/${id}` }
      : { method: 'POST', url: resourceType };
  return `{"resource":${text.trim()},"request":${JSON.stringify(request)}}`;
}

function bundleText(entries: readonly string[]): string {
  return `{"resourceType":"Bundle","type":"transaction","entry":[${entries.join(',')}]}`;
}
