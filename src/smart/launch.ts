/**
 * Launch handles of the EHR launch: opaque, kept hashed, good for five minutes and one authorization request of one client (and one user).
 * https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch
 */
import { randomBytes } from 'node:crypto';
import { secretId } from '../access/access-token.ts';
import type { LaunchContext } from '../access/launch-context.ts';
import type { TokenStore } from '../store/ports.ts';

export interface Launch {
  readonly clientId: string;
  /** the user whose EHR session it comes from; absent: whoever signs in */
  readonly accountId?: string;
  readonly context: LaunchContext;
  /** the demo only: the launch itself signs `accountId` in */
  readonly signIn?: boolean;
  /** the demo only: the user has agreed by pressing Launch */
  readonly skipConsent?: boolean;
}

export type LaunchFault = 'unknown' | 'used' | 'expired' | 'client';

const MODEL = 'Launch';
const GOOD_FOR_MS = 5 * 60_000;
/** Kept for longer: the sign-in that follows takes its time, and a refusal should be able to say "expired". */
const KEPT_MS = GOOD_FOR_MS + 3_600_000;

interface KeptLaunch extends Launch {
  /** ms since 1970 */
  readonly until: number;
}

/** Makes a launch and gives the handle for the `launch` parameter. */
export async function createLaunch(tokens: TokenStore, launch: Launch, now: number): Promise<string> {
  const handle = randomBytes(24).toString('base64url');
  const kept: KeptLaunch = { ...launch, until: now + GOOD_FOR_MS };
  await tokens.put({
    model: MODEL,
    id: secretId(handle),
    payload: JSON.stringify(kept),
    expiresAt: now + KEPT_MS,
    clientId: launch.clientId,
  });
  return handle;
}

/** Uses the handle up. Of two requests that bring the same one, one gets the launch. */
export async function claimLaunch(
  tokens: TokenStore,
  handle: string,
  clientId: string,
  now: number,
): Promise<Launch | LaunchFault> {
  const id = secretId(handle);
  const record = await tokens.find(MODEL, id, now);
  if (!record) return 'unknown';
  const launch = JSON.parse(record.payload) as KeptLaunch;
  if (launch.clientId !== clientId) return 'client';
  if (record.consumedAt !== undefined) return 'used';
  if (launch.until <= now) return 'expired';
  return (await tokens.consume(MODEL, id, now)) ? launch : 'used';
}

/** The launch of an authorization request that has claimed it. */
export async function claimedLaunch(
  tokens: TokenStore,
  handle: string | undefined,
  clientId: string,
  now: number,
): Promise<Launch | undefined> {
  if (handle === undefined) return undefined;
  const record = await tokens.find(MODEL, secretId(handle), now);
  if (!record || record.consumedAt === undefined) return undefined;
  const launch = JSON.parse(record.payload) as KeptLaunch;
  return launch.clientId === clientId ? launch : undefined;
}
