/**
 * Idempotency-Key: a write whose answer was lost may be sent again with the same key; it is done once, and answered as it was the first time. What became of
 * it is kept in the very commit that did it, so no crash can come between the two (docs/adr/0034).
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
 */
import { createHash, createHmac, hash } from 'node:crypto';
import { stringifyJson } from '../../fhir/model/json.ts';
import { fault } from '../../fhir/model/outcome.ts';
import { scopesOf } from '../../access/context.ts';
import { ONCE, type Once, type StoredResource } from '../../store/ports.ts';
import type { Context } from '../record.ts';
import type { OnceKey } from '../request.ts';
import { seenOf } from '../visible.ts';
import type { Effect } from './intent.ts';

/** How long a key is remembered. */
const KEPT_MS = 86_400_000;

/** A structured string, in quotes, or the same without them. */
const KEY = /^(?:"([\x20\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255}))$/;

/** What a write is told apart by beside its address and body. */
const CONDITIONS = ['if-match', 'if-none-match', 'if-none-exist', 'content-type'];

/** The key of a request that names one. Throws 400 for one that is none. */
export function onceKey(context: Context): OnceKey | undefined {
  const { headers, once } = context.request;
  if (once) return once;
  const header = headers['idempotency-key'];
  if (header === undefined) return undefined;
  const [, quoted, bare] = KEY.exec(header.trim()) ?? [];
  const key = quoted ?? bare;
  if (key === undefined)
    throw fault(
      'value',
      'Idempotency-Key must be 1 to 255 visible characters, best a new UUID for each new change',
    );
  const { access, record } = context;
  const id = createHmac('sha256', record.store.secret).update(`once\n${access.caller}\n${key}`);
  return { id: id.digest('base64url'), print: printOf(context) };
}

function printOf({ request }: Context): string {
  const { method, path, query, headers, body } = request;
  const conditions = CONDITIONS.map((name) => headers[name] ?? null);
  const print = createHash('sha256').update(JSON.stringify([method, path, query, conditions]));
  if (body) print.update(body.kind === 'text' ? body.text : stringifyJson(body.tree));
  return print.digest('base64url');
}

/** The key of an entry of a batch: each of them is a write of its own. */
export const entryKey = ({ id, print }: OnceKey, place: string): OnceKey => ({
  id: hash('sha256', `${id}\n${place}`, 'base64url'),
  print,
});

/** One effect, small: the text of the version is in the store already. */
type Outline = readonly [
  place: string,
  status: Effect['status'],
  type: string,
  id: string | null,
  version: number | null,
  withheld: boolean,
];

interface Payload {
  readonly print: string;
  readonly effects: readonly Outline[];
}

export interface Placed {
  /** `Bundle.entry[3]`; empty for a single interaction */
  readonly place: string;
  readonly effect: Effect;
}

/** What the commit keeps. */
export function onceRecord({ id, print }: OnceKey, effects: readonly Placed[]): Once {
  const outlines = effects.map(({ place, effect }): Outline => {
    const { status, type, id: of, versionId, withheld } = effect;
    return [place, status, type, of ?? null, versionId ?? null, withheld === true];
  });
  const payload: Payload = { print, effects: outlines };
  return { id, payload: JSON.stringify(payload), expiresAt: Date.now() + KEPT_MS };
}

/** What became of a write that was done before; undefined: it was not. Throws 422 where the key was used for another request. */
export async function doneBefore(context: Context, key: OnceKey): Promise<readonly Placed[] | undefined> {
  const record = await context.record.store.tokens.find(ONCE, key.id, Date.now());
  if (!record) return undefined;
  const { print, effects } = JSON.parse(record.payload) as Payload;
  if (print !== key.print) throw misused();
  return Promise.all(effects.map((one) => effectAgain(context, one)));
}

const misused = (): Error =>
  fault(
    'business-rule',
    'This Idempotency-Key was used for another request within the last day: send the same request, or use a new key',
  );

async function effectAgain(
  context: Context,
  [place, status, type, id, versionId, before]: Outline,
): Promise<Placed> {
  if (id === null || versionId === null) return { place, effect: { status, type, replayed: true } };
  const version = await context.record.store.resources.vread({ type, id }, versionId);
  const { instant = 0, body } = version ?? {};
  const text = body && { body: () => body };
  // What was made anew is what the caller has just sent once more; all else it must be allowed to read by now.
  const withheld = before || (body !== undefined && status !== 201 && !(await isSeen(context, version!)));
  return { place, effect: { status, type, id, versionId, instant, ...text, withheld, replayed: true } };
}

async function isSeen(context: Context, version: StoredResource): Promise<boolean> {
  const scope = await scopesOf(context.access, 'read', [version.type]);
  return (await seenOf(context, scope, [version])).length > 0;
}

/** Claims a key for a batch, whose entries are done one by one. Throws 422 where the key was used for another one. */
export async function claimBatch({ record }: Context, { id, print }: OnceKey): Promise<void> {
  const { tokens } = record.store;
  const now = Date.now();
  const payload = JSON.stringify({ print, effects: [] } satisfies Payload);
  if (await tokens.add({ model: ONCE, id, payload, expiresAt: now + KEPT_MS }, now)) return;
  const before = await tokens.find(ONCE, id, now);
  if (before && (JSON.parse(before.payload) as Payload).print !== print) throw misused();
}
