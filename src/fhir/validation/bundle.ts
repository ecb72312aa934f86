/**
 * Rules of Bundles that stand in the text and not in invariants: the addresses of entries.
 * https://hl7.org/fhir/R4/bundle.html#bundle-unique
 */
import type { Definitions } from '../definitions/registry.ts';
import { isObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/node.ts';
import { documentCheck } from './document.ts';
import { report, type Check, type Run } from './finding.ts';

/** One entry by its addresses. */
interface Entry {
  readonly index: number;
  readonly fullUrl: string | undefined;
  readonly type: string | undefined;
  readonly id: string | undefined;
}

const REST =
  /^(https?:\/\/[^?#]*)\/([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:/i;

function entriesOf(bundle: PathNode): Entry[] {
  const entries = isObject(bundle.value) ? bundle.value['entry'] : undefined;
  if (!Array.isArray(entries)) return [];
  return entries.map((entry, index) => {
    const given = isObject(entry) ? entry : {};
    const resource = isObject(given['resource']) ? given['resource'] : undefined;
    return {
      index,
      fullUrl: text(given['fullUrl']),
      type: text(resource?.['resourceType']),
      id: text(resource?.['id']),
    };
  });
}

const text = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** The check of the entries of a Bundle, by their addresses. */
export function bundleCheck(definitions: Definitions): Check {
  return (node, run) => {
    for (const entry of entriesOf(node)) fullUrlCheck(definitions, node, entry, run);
    if (isObject(node.value) && node.value['type'] === 'document') documentCheck(node, run);
  };
}

function fullUrlCheck(definitions: Definitions, node: PathNode, entry: Entry, run: Run): void {
  const { fullUrl, type, id, index } = entry;
  if (fullUrl === undefined) return;
  const tell = (words: string): void =>
    report(run, node, { severity: 'error', code: 'invalid', text: words, below: `entry[${index}]` });
  if (!ABSOLUTE.test(fullUrl)) return tell(`The fullUrl "${fullUrl}" has to be an absolute URL`);
  const [, , named, last] = REST.exec(fullUrl) ?? [];
  if (type === undefined || named === undefined || !definitions.isResourceType(named)) return;
  if (id === undefined)
    return tell(`The fullUrl "${fullUrl}" is one of a server, so the resource needs an id`);
  if (named !== type || last !== id) {
    tell(`The fullUrl "${fullUrl}" is one of a server, so it has to end with /${type}/${id}`);
  }
}
