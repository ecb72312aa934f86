/** An authenticator app and recovery codes for the accounts of a test, put in as the pages would. */
import { addApp, newSetup, setupSecret } from '../../src/smart/factors/authenticator-app.ts';
import { newCodes } from '../../src/smart/factors/recovery-codes.ts';
import { stepAt, totp } from '../../src/smart/factors/totp.ts';
import { tenantKeys } from '../../src/smart/sealing.ts';
import type { SmartServer } from './smart-server.ts';

export interface App {
  /** a code that was not used yet: each call gives the one of another step, three at most in one half minute */
  code(): string;
  readonly secret: Buffer;
}

/** Sets an authenticator app up, as if a while ago. */
export async function withApp(server: SmartServer, accountId: string): Promise<App> {
  const keys = tenantKeys(await server.secret());
  const before = Date.now() - 3_600_000;
  const setup = newSetup(keys, accountId, before);
  const secret = setupSecret(keys, accountId, setup, before)!;
  const added = await addApp(
    server.tokens(),
    keys,
    accountId,
    { setup, code: totp(secret, stepAt(before)) },
    before,
  );
  if (added !== 'added') throw new Error(`The app was not set up: ${added}`);
  const used = new Set<number>();
  const code = (): string => {
    const now = stepAt(Date.now());
    const step = [now, now + 1, now - 1].find((one) => !used.has(one));
    if (step === undefined) throw new Error('All codes of this half minute are used');
    used.add(step);
    return totp(secret, step);
  };
  return { code, secret };
}

export const withCodes = async (server: SmartServer, accountId: string): Promise<readonly string[]> =>
  newCodes(server.tokens(), tenantKeys(await server.secret()), accountId, Date.now());
