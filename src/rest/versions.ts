/**
 * A page of history as the caller may see it: whoever may see all gets the store's page; for others each version is judged, and the page is filled
 * from as many versions as that takes. https://hl7.org/fhir/R4/http.html#history
 */
import { OPEN_ACCESS, scopesOf } from '../access/context.ts';
import type { HistoryQuery, StoredResource } from '../store/ports.ts';
import type { Context } from './record.ts';
import { seenOf } from './visible.ts';

export interface Versions {
  readonly versions: readonly StoredResource[];
  /** seq from which the next page goes on, where there is one */
  readonly next: number | undefined;
}

/** Versions looked at for one page, at most: a bound on the work, not on what can be reached by going on. */
const MOST_LOOKED_AT = 5000;
const AT_A_TIME = 250;

export async function versionsOf(context: Context, query: HistoryQuery): Promise<Versions> {
  const { access, record } = context;
  if (access !== OPEN_ACCESS) return judged(context, query);
  const { versions, more } = await record.store.resources.history(query);
  return { versions, next: more ? versions.at(-1)?.seq : undefined };
}

/** One version more than the page holds is looked for, so that the last page has no link to a next one that would be empty. */
async function judged(context: Context, query: HistoryQuery): Promise<Versions> {
  const seen: StoredResource[] = [];
  let before = query.before;
  for (let lookedAt = 0; lookedAt < MOST_LOOKED_AT; lookedAt += AT_A_TIME) {
    const page = await context.record.store.resources.history({ ...query, before, count: AT_A_TIME });
    for (const version of await judgedOf(context, query, page.versions)) {
      if (seen.length === query.count) return { versions: seen, next: seen.at(-1)!.seq };
      seen.push(version);
    }
    if (!page.more) return { versions: seen, next: undefined };
    before = page.versions.at(-1)!.seq;
  }
  return { versions: seen, next: before };
}

/** The history of one resource is a matter of reading it, that of many of searching. */
async function judgedOf(
  context: Context,
  { id }: HistoryQuery,
  versions: readonly StoredResource[],
): Promise<StoredResource[]> {
  const types = versions.map(({ type }) => type);
  const scope = await scopesOf(context.access, id === undefined ? 'search' : 'read', types);
  return seenOf(context, scope, versions);
}
