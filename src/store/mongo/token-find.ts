/**
 * Tokens by their key, those that wait for a connection together, like reads (`read.ts`): a token is looked up at every request, and one find for many
 * costs the driver and the server little more than one for one. A find is sent after its call, so it never shows an older state.
 */
import { refusalOf, READ_MS } from './client.ts';
import { findOnce } from './command.ts';
import type { Rooms, TokenDocument } from './layout.ts';

/** Finds under way at a time; the next ones wait for one of them. */
const UNDER_WAY = 2;
const AT_ONCE = 64;

interface Waiting {
  readonly key: string;
  readonly resolve: (found: TokenDocument | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** The document of a key. */
export function tokenFinder(
  rooms: Pick<Rooms, 'db' | 'tokens'>,
): (key: string) => Promise<TokenDocument | undefined> {
  const waiting: Waiting[] = [];
  let underWay = 0;
  const pump = (): void => {
    while (waiting.length > 0 && underWay < UNDER_WAY) {
      underWay++;
      void answer(rooms, waiting.splice(0, AT_ONCE)).finally(() => {
        underWay--;
        pump();
      });
    }
  };
  return (key) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject });
      pump();
    });
}

async function answer(rooms: Pick<Rooms, 'db' | 'tokens'>, group: readonly Waiting[]): Promise<void> {
  try {
    const documents = await find(rooms, [...new Set(group.map(({ key }) => key))]);
    const found = new Map(documents.map((one) => [one._id, one]));
    for (const { key, resolve } of group) resolve(found.get(key));
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
}

/** The driver repeats its own finds where a server is away for a moment, but not commands as they stand. */
async function find(
  { db, tokens }: Pick<Rooms, 'db' | 'tokens'>,
  keys: readonly string[],
): Promise<readonly TokenDocument[]> {
  const filter = { _id: keys.length === 1 ? { $eq: keys[0]! } : { $in: [...keys] } };
  const command = {
    find: tokens.collectionName,
    filter,
    maxTimeMS: READ_MS,
    limit: keys.length,
    readConcern: { level: 'majority' },
  };
  const documents = await findOnce<TokenDocument>(db, command, {}).catch((error: unknown) => {
    if (refusalOf(error)?.status !== 503) throw error;
    return undefined;
  });
  return documents ?? tokens.find(filter, { maxTimeMS: READ_MS }).toArray();
}
