/**
 * What a person does about their own sign-in: a second step, passkeys, recovery codes, the password, and where they are signed in. Whoever calls has made
 * sure that the sign-in is fresh and as strong as the account can make it. https://pages.nist.gov/800-63-4/sp800-63b.html
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { FhirError } from '../fhir/model/outcome.ts';
import { ACR, type Method } from './acr.ts';
import { setPassword } from './accounts.ts';
import { strengthenSession } from './browser-session.ts';
import { devicesOf, endDevice, endSessions, type Device } from './devices.ts';
import { addApp, newSetup, removeApp, setupSecret } from './factors/authenticator-app.ts';
import { factorsOf, hasSecondFactor, removeFactors, type Factors } from './factors/factors.ts';
import { addPasskey, canUsePasskeys, creationOptions, removePasskey } from './factors/passkeys.ts';
import { newCodes } from './factors/recovery-codes.ts';
import { base32, totpAddress } from './factors/totp.ts';
import { keepShown, shownAgain } from './shown-once.ts';
import { personOf } from './sign-in-note.ts';
import type { SmartTenant } from './tenant.ts';
import type { Assurance, Visitor } from './visitor.ts';

/** A request of someone who is signed in. */
export interface OwnVisit {
  readonly visitor: Visitor;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
}

export interface SecurityOverview extends Factors {
  /** ms since 1970 */
  readonly passwordAt?: number;
  readonly canUsePasskeys: boolean;
  readonly devices: readonly (Device & { readonly isThis: boolean })[];
}

export interface AppSetup {
  /** goes back with the first code */
  readonly setup: string;
  /** to be typed where no camera is */
  readonly secret: string;
  /** what the picture holds */
  readonly address: string;
}

/** What a change led to: the id of codes that are to be shown, where it made some. */
export type Changed = { readonly codes?: string } | { readonly fault: string };

export interface AccountSecurity {
  overview(visitor: Visitor): Promise<SecurityOverview>;
  /** how a change has to be signed in for */
  asked(visitor: Visitor): Promise<Assurance>;
  /** `setup`: one that was begun */
  appSetup(visitor: Visitor, setup?: string): AppSetup;
  addApp(visit: OwnVisit, setup: string, code: string): Promise<Changed>;
  removeApp(visit: OwnVisit): Promise<Changed>;
  /** PublicKeyCredentialCreationOptionsJSON; undefined where browsers make no passkeys for this address */
  passkeyOptions(visitor: Visitor): Promise<string | undefined>;
  addPasskey(visit: OwnVisit, made: string, name: string): Promise<Changed>;
  removePasskey(visit: OwnVisit, id: string): Promise<Changed>;
  newCodes(visit: OwnVisit): Promise<Changed>;
  /** undefined: not these any more */
  codes(visitor: Visitor, id: string): Promise<readonly string[] | undefined>;
  changePassword(visit: OwnVisit, password: string): Promise<Changed>;
  signOutOf(visit: OwnVisit, sessionUid: string): Promise<Changed>;
  signOutOthers(visit: OwnVisit): Promise<Changed>;
}

/** Seconds that a sign-in counts as fresh. */
export const FRESH_SECONDS = 600;

const WRONG_CODE = 'That code is not right. Codes change every half minute: type the one that is shown now.';
const SETUP_OVER = 'That took too long. Scan the new picture.';
const NO_PASSKEY = 'The passkey could not be added: this took too long, or it is known already. Try again.';
const MOST_NAME = 60;

export function accountSecurity(tenant: SmartTenant, provider: () => Promise<Provider>): AccountSecurity {
  const { tokens, keys } = tenant;
  const purpose = ({ sessionUid, account }: Visitor): string => `new passkey ${sessionUid} ${account.id}`;

  /** After a factor was added: the session is as strong as it, and the first one brings recovery codes along. */
  async function added({ visitor, request, response }: OwnVisit, method: Method): Promise<Changed> {
    await strengthenSession(await provider(), request, response, method);
    const { codesLeft } = await factorsOf(tokens, visitor.account.id, Date.now());
    return codesLeft > 0 ? {} : { codes: await freshCodes(visitor) };
  }

  async function freshCodes({ account }: Visitor): Promise<string> {
    const codes = await newCodes(tokens, keys, account.id, Date.now());
    return keepShown(tokens, keys, account.id, codes, Date.now());
  }

  /** Without a second factor recovery codes open nothing. */
  async function removed({ visitor: { account } }: OwnVisit): Promise<Changed> {
    if (!hasSecondFactor(await factorsOf(tokens, account.id, Date.now())))
      await removeFactors(tokens, account.id, Date.now());
    return {};
  }

  const note = (visit: OwnVisit, change: string): Promise<void> => noteChange(tenant, visit, change);

  return {
    overview: (visitor) => overviewOf(tenant, visitor),
    asked: async ({ account }) => ({
      acr: hasSecondFactor(await factorsOf(tokens, account.id, Date.now())) ? ACR.mfa : ACR.pwd,
      maxAge: FRESH_SECONDS,
    }),
    appSetup: ({ account }, begun) => {
      const known = begun === undefined ? undefined : setupSecret(keys, account.id, begun, Date.now());
      const setup = known ? begun! : newSetup(keys, account.id, Date.now());
      const secret = known ?? setupSecret(keys, account.id, setup, Date.now())!;
      return { setup, secret: base32(secret), address: totpAddress(secret, tenant.site, account.username) };
    },
    addApp: async (visit, setup, code) => {
      const result = await addApp(tokens, keys, visit.visitor.account.id, { setup, code }, Date.now());
      if (result !== 'added') return { fault: result === 'code' ? WRONG_CODE : SETUP_OVER };
      await note(visit, 'authenticator app added');
      return added(visit, 'otp');
    },
    removeApp: async (visit) => {
      await removeApp(tokens, visit.visitor.account.id);
      await note(visit, 'authenticator app removed');
      return removed(visit);
    },
    passkeyOptions: async (visitor) =>
      canUsePasskeys(tenant.origin)
        ? JSON.stringify(await creationOptions(tenant, visitor.account, purpose(visitor), Date.now()))
        : undefined,
    addPasskey: async (visit, response, name) => {
      const { visitor } = visit;
      const made = {
        purpose: purpose(visitor),
        response,
        name: name.trim().slice(0, MOST_NAME) || 'Passkey',
      };
      if (!(await addPasskey(tenant, visitor.account.id, made, Date.now()))) return { fault: NO_PASSKEY };
      await note(visit, 'passkey added');
      return added(visit, 'pop');
    },
    removePasskey: async (visit, id) => {
      if (await removePasskey(tokens, visit.visitor.account.id, id, Date.now()))
        await note(visit, 'passkey removed');
      return removed(visit);
    },
    newCodes: async (visit) => {
      await note(visit, 'recovery codes made');
      return { codes: await freshCodes(visit.visitor) };
    },
    codes: ({ account }, id) => shownAgain(tokens, keys, account.id, id, Date.now()),
    changePassword: (visit, password) => changePassword(tenant, visit, password),
    signOutOf: async (visit, sessionUid) => {
      if (await endDevice(tokens, visit.visitor.account.id, sessionUid, Date.now()))
        await note(visit, 'session ended');
      return {};
    },
    signOutOthers: async (visit) => {
      const { account, sessionUid } = visit.visitor;
      await endSessions(tokens, account.id, Date.now(), sessionUid);
      await note(visit, 'all other sessions ended');
      return {};
    },
  };
}

async function overviewOf(tenant: SmartTenant, { account, sessionUid }: Visitor): Promise<SecurityOverview> {
  const now = Date.now();
  const [factors, devices] = await Promise.all([
    factorsOf(tenant.tokens, account.id, now),
    devicesOf(tenant, account.id, now),
  ]);
  return {
    ...factors,
    ...(account.passwordAt !== undefined && { passwordAt: account.passwordAt }),
    canUsePasskeys: canUsePasskeys(tenant.origin),
    devices: devices.map((device) => ({ ...device, isThis: device.sessionUid === sessionUid })),
  };
}

/** Whoever had the old one is out: every other session ends, and every access that was given to apps. */
async function changePassword(tenant: SmartTenant, visit: OwnVisit, password: string): Promise<Changed> {
  const { account, sessionUid } = visit.visitor;
  try {
    await setPassword(tenant.tokens, account.username, password, Date.now(), { but: sessionUid });
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return { fault: `${error.issues[0]?.diagnostics ?? error.message}.` };
  }
  await noteChange(tenant, visit, 'password changed');
  return {};
}

function noteChange(tenant: SmartTenant, { visitor, requestId }: OwnVisit, change: string): Promise<void> {
  const { account, sessionUid } = visitor;
  return tenant.audit.note({
    at: Date.now(),
    happening: 'administration',
    outcome: 'done',
    who: { ...personOf(account), session: sessionUid },
    requestId,
    detail: { change, account: account.username },
  });
}
