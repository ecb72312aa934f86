/**
 * Documents: what the Composition refers to is in the Bundle, and nothing is in the Bundle that no reference leads to.
 * https://hl7.org/fhir/R4/documents.html#content
 */
import { isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/node.ts';
import { report, type Run } from './finding.ts';
import { entriesOf, matchesIn } from './target.ts';

/** A reference, and where it stands below the resource. */
interface Link {
  readonly path: string;
  readonly reference: string;
}

export function documentCheck(bundle: PathNode, run: Run): void {
  const entries = entriesOf(bundle.value).map((one) => (isObject(one) ? one : {}));
  const links = entries.map(({ resource }) => (isObject(resource) ? [...linksOf(resource, '')] : []));
  const targets = links.map((own, index) =>
    own.map(({ reference }) => matchesIn(bundle, urlOf(entries[index]!), reference)),
  );
  const first = entries[0]?.['resource'];
  if (!isObject(first) || first['resourceType'] !== 'Composition') return;
  links[0]!.forEach(({ path, reference }, n) => {
    if (targets[0]![n]!.length > 0 || reference.startsWith('#') || !isInDocument(path)) return;
    const text = `"${reference}" is not in the Bundle: a document has all that its Composition refers to`;
    report(run, bundle, { severity: 'error', code: 'not-found', text, below: `entry[0].resource.${path}` });
  });
  reachCheck(
    bundle,
    targets.map((own) => own.flat()),
    run,
  );
}

const urlOf = ({ fullUrl }: JsonObject): string | undefined =>
  typeof fullUrl === 'string' ? fullUrl : undefined;

/** The references of a Composition whose targets belong into its document. */
const IN_DOCUMENT =
  /^(?:subject|encounter|author|attester\.party|custodian|event\.detail|(?:section\.)+(?:author|focus|entry))$/;
const isInDocument = (path: string): boolean => IN_DOCUMENT.test(path.replace(/\[\d+\]/g, ''));

function* linksOf(value: JsonValue, path: string): Generator<Link> {
  if (Array.isArray(value)) {
    for (const [i, one] of value.entries()) yield* linksOf(one, `${path}[${i}]`);
  } else if (isObject(value)) {
    if (typeof value['reference'] === 'string') yield { path, reference: value['reference'] };
    for (const key of Object.keys(value)) yield* linksOf(value[key]!, path === '' ? key : `${path}.${key}`);
  }
}

/** Every entry hangs together with the Composition, by references in either direction. */
function reachCheck(bundle: PathNode, targets: readonly (readonly number[])[], run: Run): void {
  const near = targets.map(() => new Set<number>());
  targets.forEach((own, from) => {
    for (const to of own) {
      near[from]!.add(to);
      near[to]!.add(from);
    }
  });
  const reached = new Set([0]);
  for (const one of reached) for (const next of near[one]!) reached.add(next);
  targets.forEach((_, index) => {
    if (reached.has(index)) return;
    const text = 'No chain of references connects this entry with the Composition of the document';
    report(run, bundle, { severity: 'error', code: 'business-rule', text, below: `entry[${index}]` });
  });
}
