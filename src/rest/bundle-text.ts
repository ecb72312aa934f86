/**
 * Bundles assembled from stored texts: nothing is parsed to be written out again. https://hl7.org/fhir/R4/bundle.html
 */
export interface BundleLink {
  readonly relation: 'self' | 'first' | 'next' | 'previous' | 'last';
  readonly url: string;
}

export interface BundleEntry {
  readonly fullUrl?: string;
  /** the JSON text of the resource */
  readonly resource?: Uint8Array;
  /** the other properties of the entry, such as search, request, response */
  readonly rest: Readonly<Record<string, unknown>>;
}

const CLOSE = Buffer.from('}');
const COMMA = Buffer.from(',');
const END = Buffer.from(']}');

/** Pieces of a Bundle; to be written one after the other. `id` and `lastUpdated` are those of this answer. */
export function bundlePieces(
  head: { readonly type: string; readonly id: string; readonly instant: number; readonly total?: number },
  links: readonly BundleLink[],
  entries: readonly BundleEntry[],
): Uint8Array[] {
  const { type, id, instant, total } = head;
  const meta = { lastUpdated: new Date(instant).toISOString() };
  const start = JSON.stringify({
    resourceType: 'Bundle',
    id,
    meta,
    type,
    total,
    link: links.length > 0 ? links : undefined,
  });
  if (entries.length === 0) return [Buffer.from(start)];
  const pieces: Uint8Array[] = [Buffer.from(`${start.slice(0, -1)},"entry":[`)];
  entries.forEach((entry, i) => {
    if (i > 0) pieces.push(COMMA);
    addEntry(pieces, entry);
  });
  pieces.push(END);
  return pieces;
}

function addEntry(pieces: Uint8Array[], { fullUrl, resource, rest }: BundleEntry): void {
  const head = fullUrl === undefined ? '' : `"fullUrl":${JSON.stringify(fullUrl)}`;
  if (resource) {
    pieces.push(Buffer.from(`{${head}${head && ','}"resource":`), resource, tailOf(rest));
    return;
  }
  const tail = JSON.stringify(rest).slice(1, -1);
  pieces.push(Buffer.from(`{${head}${head && tail && ','}${tail}}`));
}

const tails = new WeakMap<object, Uint8Array>();

/** What follows the resource. Entries that share one frozen `rest`, such as the matches of a search, share its bytes. */
function tailOf(rest: BundleEntry['rest']): Uint8Array {
  const known = tails.get(rest);
  if (known) return known;
  const text = JSON.stringify(rest).slice(1, -1);
  const tail = text ? Buffer.from(`,${text}}`) : CLOSE;
  if (Object.isFrozen(rest)) tails.set(rest, tail);
  return tail;
}
