/**
 * The keys that sign id_tokens: RS256, which SMART asks for, and ES384. Made on first start, kept sealed, rotated by command. A new key is
 * published some minutes before it signs and an old one a day after, so that no client holds a key set without the key that it needs.
 * https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys
 */
import { generateKeyPair, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, type JWK } from 'jose';
import type { TokenRecord, TokenStore } from '../store/ports.ts';
import type { TenantKeys } from './sealing.ts';

export type SigningAlgorithm = 'RS256' | 'ES384';

export interface KeySet {
  /** private keys; of each algorithm the one that signs comes first */
  readonly keys: readonly JWK[];
  /** changes when another key signs or is published */
  readonly version: string;
}

interface KeptKey {
  readonly alg: SigningAlgorithm;
  readonly kid: string;
  /** ms since 1970 */
  readonly signsFrom: number;
  readonly sealed: string;
}

const MODEL = 'SigningKey';
const ALGORITHMS: readonly SigningAlgorithm[] = ['RS256', 'ES384'];
const MOST_KEYS = 100;
/** from when it is published until it signs (ms): longer than any thread keeps a key set */
const PUBLISHED_BEFORE = 5 * 60_000;
/** how long a key that signs no more is published (ms) */
const PUBLISHED_AFTER = 24 * 3_600_000;

/** The keys in force. Makes the first ones: of several threads that try, one is heard. */
export async function signingKeys(tokens: TokenStore, keys: TenantKeys, now: number): Promise<KeySet> {
  let kept = await keptKeys(tokens, now);
  for (const alg of ALGORITHMS) {
    if (kept.some((key) => key.alg === alg)) continue;
    await tokens.add(await newKey(keys, alg, now, `first-${alg}`), now);
    kept = await keptKeys(tokens, now);
  }
  const ordered = ALGORITHMS.flatMap((alg) =>
    inOrder(
      kept.filter((key) => key.alg === alg),
      now,
    ),
  );
  return {
    keys: ordered.map((key) => JSON.parse(keys.open(key.sealed)) as JWK),
    version: ordered.map(({ kid }) => kid).join(' '),
  };
}

export interface ListedKey extends Omit<KeptKey, 'sealed'> {
  /** ms since 1970: published until then; absent: as long as it signs */
  readonly until?: number;
}

/** The keys that are published, newest first. */
export async function listKeys(tokens: TokenStore, now: number): Promise<readonly ListedKey[]> {
  const records = await tokens.list(MODEL, now, MOST_KEYS);
  const listed = records.map(({ payload, expiresAt }) => {
    const { alg, kid, signsFrom } = JSON.parse(payload) as KeptKey;
    return { alg, kid, signsFrom, ...(expiresAt !== undefined && { until: expiresAt }) };
  });
  return listed.sort((a, b) => b.signsFrom - a.signsFrom);
}

/** Makes a new key for each algorithm, and lets those of today go after their overlap. Gives the ids of the new ones. */
export async function rotateKeys(
  tokens: TokenStore,
  keys: TenantKeys,
  now: number,
): Promise<readonly string[]> {
  const old = await tokens.list(MODEL, now, MOST_KEYS);
  const made: string[] = [];
  for (const alg of ALGORITHMS) {
    const record = await newKey(keys, alg, now + PUBLISHED_BEFORE, randomUUID());
    await tokens.put(record);
    made.push((JSON.parse(record.payload) as KeptKey).kid);
  }
  const until = now + PUBLISHED_BEFORE + PUBLISHED_AFTER;
  for (const record of old)
    await tokens.put({ ...record, expiresAt: Math.min(record.expiresAt ?? until, until) });
  return made;
}

async function keptKeys(tokens: TokenStore, now: number): Promise<readonly KeptKey[]> {
  return (await tokens.list(MODEL, now, MOST_KEYS)).map(({ payload }) => JSON.parse(payload) as KeptKey);
}

/** The newest key whose time has come signs; those to come and those that were follow. */
function inOrder(kept: readonly KeptKey[], now: number): readonly KeptKey[] {
  const newest = [...kept].sort((a, b) => b.signsFrom - a.signsFrom);
  const signing = newest.find(({ signsFrom }) => signsFrom <= now) ?? newest.at(-1);
  return newest.toSorted((a, b) => Number(b === signing) - Number(a === signing));
}

async function newKey(
  keys: TenantKeys,
  alg: SigningAlgorithm,
  signsFrom: number,
  id: string,
): Promise<TokenRecord> {
  const make = promisify(generateKeyPair);
  const { privateKey } =
    alg === 'RS256' ? await make('rsa', { modulusLength: 2048 }) : await make('ec', { namedCurve: 'P-384' });
  const jwk = privateKey.export({ format: 'jwk' }) as JWK;
  const kid = await calculateJwkThumbprint(jwk);
  const sealed = keys.seal(JSON.stringify({ ...jwk, kid, alg, use: 'sig' }));
  const kept: KeptKey = { alg, kid, signsFrom, sealed };
  return { model: MODEL, id, payload: JSON.stringify(kept) };
}
