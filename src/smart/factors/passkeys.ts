/**
 * Passkeys: made on a device that checks its owner (`userVerification: required`) and names the account by itself (`residentKey: required`), so that
 * signing in takes no user name. https://www.w3.org/TR/webauthn-3/
 */
import { isIP } from 'node:net';
import { secretId } from '../../access/access-token.ts';
import type { TokenRecord, TokenStore } from '../../store/ports.ts';
import type { SmartTenant } from '../tenant.ts';
import { newChallenge, takeChallenge } from './challenge.ts';

export interface Passkey {
  /** of the record: what pages name it by */
  readonly id: string;
  readonly name: string;
  /** ms since 1970 */
  readonly addedAt: number;
  readonly usedAt?: number;
  /** it is on all devices of its owner, not on one alone */
  readonly synced: boolean;
}

interface Kept extends Omit<Passkey, 'id'> {
  readonly credentialId: string;
  readonly accountId: string;
  /** base64url of COSE */
  readonly publicKey: string;
  readonly counter: number;
  readonly transports: readonly string[];
}

export const PASSKEY = 'Passkey';
const TIMEOUT_MS = 300_000;
export const MOST_PASSKEYS = 20;
/** EdDSA, ES256, RS256. https://www.iana.org/assignments/cose/cose.xhtml#algorithms */
const ALGORITHMS = [-8, -7, -257] as const;

type Place = Pick<SmartTenant, 'origin' | 'tokens' | 'keys'>;

/** Browsers bind a passkey to a domain, and only where the connection is safe. */
export function canUsePasskeys(origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return false;
  return protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost');
}

const domainOf = (origin: string): string => new URL(origin).hostname;

/** PublicKeyCredentialRequestOptionsJSON; without `accountId` the browser offers every account that it has a passkey of. */
export async function requestOptions(
  place: Place,
  purpose: string,
  now: number,
  accountId?: string,
): Promise<object> {
  const kept = accountId === undefined ? [] : await keptOf(place.tokens, accountId, now);
  return {
    challenge: newChallenge(place.keys, purpose, now),
    rpId: domainOf(place.origin),
    timeout: TIMEOUT_MS,
    userVerification: 'required',
    allowCredentials: kept.map(descriptor),
  };
}

/** PublicKeyCredentialCreationOptionsJSON */
export async function creationOptions(
  place: Place & { readonly site: string },
  account: { readonly id: string; readonly username: string; readonly name: string },
  purpose: string,
  now: number,
): Promise<object> {
  return {
    challenge: newChallenge(place.keys, purpose, now),
    rp: { id: domainOf(place.origin), name: place.site },
    user: {
      id: Buffer.from(account.id).toString('base64url'),
      name: account.username,
      displayName: account.name,
    },
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    timeout: TIMEOUT_MS,
    attestation: 'none',
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
    excludeCredentials: (await keptOf(place.tokens, account.id, now)).map(descriptor),
  };
}

const descriptor = ({ credentialId: id, transports }: Kept) => ({ type: 'public-key', id, transports });

/** Keeps a passkey that a browser has made. False: it does not hold, or is known already. */
export async function addPasskey(
  { origin, tokens, keys }: Place,
  accountId: string,
  made: { readonly purpose: string; readonly response: string; readonly name: string },
  now: number,
): Promise<boolean> {
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
  const verified = await quiet(() =>
    verifyRegistrationResponse({
      response: JSON.parse(made.response) as never,
      expectedChallenge: (challenge) => takeChallenge(tokens, keys, made.purpose, challenge, now),
      expectedOrigin: origin,
      expectedRPID: domainOf(origin),
      requireUserVerification: true,
      supportedAlgorithmIDs: [...ALGORITHMS],
    }),
  );
  if (!verified?.verified) return false;
  if ((await keptOf(tokens, accountId, now)).length >= MOST_PASSKEYS) return false;
  const { credential, credentialDeviceType } = verified.registrationInfo;
  const kept: Kept = {
    credentialId: credential.id,
    accountId,
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    transports: credential.transports ?? [],
    name: made.name,
    addedAt: now,
    synced: credentialDeviceType === 'multiDevice',
  };
  return tokens.add(recordOf(kept), now);
}

/** Whose passkey has signed this; `accountId` where it has to be that account's. undefined: nobody's, or not for this. */
export async function takePasskey(
  { origin, tokens, keys }: Place,
  purpose: string,
  response: string,
  now: number,
  accountId?: string,
): Promise<string | undefined> {
  const sent = await quiet(
    async () => JSON.parse(response) as { id: string; response: { userHandle?: string } },
  );
  const record = await find(tokens, sent?.id, now);
  const kept = record && keptIn(record);
  if (!sent || !kept || (accountId !== undefined && kept.accountId !== accountId)) return undefined;
  if (!isFor(kept, sent.response.userHandle, accountId)) return undefined;
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
  const verified = await quiet(() =>
    verifyAuthenticationResponse({
      response: sent as never,
      expectedChallenge: (challenge) => takeChallenge(tokens, keys, purpose, challenge, now),
      expectedOrigin: origin,
      expectedRPID: domainOf(origin),
      requireUserVerification: true,
      credential: {
        id: kept.credentialId,
        publicKey: Buffer.from(kept.publicKey, 'base64url'),
        counter: kept.counter,
        transports: [...kept.transports] as never,
      },
    }),
  );
  if (!verified?.verified) return undefined;
  await tokens.put(recordOf({ ...kept, counter: verified.authenticationInfo.newCounter, usedAt: now }));
  return kept.accountId;
}

/** A passkey that names its account names this one. One that was asked for by its own id need not. */
function isFor({ accountId }: Kept, userHandle: string | undefined, asked: string | undefined): boolean {
  if (userHandle === undefined) return asked !== undefined;
  return Buffer.from(userHandle, 'base64url').toString() === accountId;
}

/** The library throws whatever does not hold; why is not told to who sent it. */
async function quiet<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

const find = async (
  tokens: TokenStore,
  credentialId: unknown,
  now: number,
): Promise<TokenRecord | undefined> =>
  typeof credentialId === 'string' ? tokens.find(PASSKEY, secretId(credentialId), now) : undefined;

const keptIn = ({ payload }: TokenRecord): Kept => JSON.parse(payload) as Kept;

const recordOf = (kept: Kept): TokenRecord => ({
  model: PASSKEY,
  id: secretId(kept.credentialId),
  uid: kept.accountId,
  payload: JSON.stringify(kept),
});

const keptOf = async (tokens: TokenStore, accountId: string, now: number): Promise<readonly Kept[]> =>
  (await tokens.findBy('uid', accountId, now, { model: PASSKEY })).map(keptIn);

/** Newest first. */
export async function passkeysOf(
  tokens: TokenStore,
  accountId: string,
  now: number,
): Promise<readonly Passkey[]> {
  const kept = await keptOf(tokens, accountId, now);
  return kept.map(({ credentialId, name, addedAt, usedAt, synced }) => ({
    id: secretId(credentialId),
    name,
    addedAt,
    synced,
    ...(usedAt !== undefined && { usedAt }),
  }));
}

/** False: it is not this account's. */
export async function removePasskey(
  tokens: TokenStore,
  accountId: string,
  id: string,
  now: number,
): Promise<boolean> {
  const record = await tokens.find(PASSKEY, id, now);
  return record?.uid === accountId && (await tokens.remove(PASSKEY, id));
}
