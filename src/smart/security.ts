/**
 * What a person does about their own sign-in: a second step, passkeys, recovery codes, the password, and where they are signed in. Whoever calls has made
 * sure that the sign-in is fresh and as strong as the account can make it. https://pages.nist.gov/800-63-4/sp800-63b.html
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { FhirError } from '../fhir/model/outcome.ts';
import { ACR, type Method } from './acr.ts';
import { giveBack, takeSlots } from './attempts.ts';
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
import { linksOf, removeLink, type Link } from './upstream/links.ts';
import type { Back } from './upstream/back.ts';
import { FRESH_SECONDS, type Assurance, type Visitor } from './visitor.ts';

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
  /** accounts elsewhere that sign this one in */
  readonly links: readonly Link[];
  /** the name of the provider that can be linked */
  readonly otherProvider?: string;
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
  /** what a form that links another provider sends as `back`; undefined: there is none */
  linkStart(visitor: Visitor): { readonly name: string; readonly back: string } | undefined;
  unlink(visit: OwnVisit, id: string): Promise<Changed>;
}

const WRONG_CODE = 'That code is not right. Codes change every half minute: type the one that is shown now.';
const SETUP_OVER = 'That took too long. Scan the new picture.';
const NO_PASSKEY = 'The passkey could not be added: this took too long, or it is known already. Try again.';
const TOO_MANY = 'There were too many wrong codes: try again in a quarter of an hour.';
const MOST_NAME = 60;
/** Only the owner's own typing is counted here. */
const SETUP_LIMITS = { pair: 20, place: 20, account: 20, windowMs: 15 * 60_000 };

interface Room {
  readonly tenant: SmartTenant;
  readonly provider: () => Promise<Provider>;
}

export function accountSecurity(tenant: SmartTenant, provider: () => Promise<Provider>): AccountSecurity {
  const room: Room = { tenant, provider };
  return {
    overview: (visitor) => overviewOf(tenant, visitor),
    asked: async ({ account }) => ({
      acr: hasSecondFactor(await factorsOf(tenant.tokens, account.id, Date.now())) ? ACR.mfa : ACR.pwd,
      maxAge: FRESH_SECONDS,
    }),
    ...appPart(room),
    ...passkeyPart(room),
    ...codesPart(room),
    ...sessionPart(room),
    ...linkPart(room),
  };
}

type Part<Name extends keyof AccountSecurity> = Pick<AccountSecurity, Name>;

function appPart(room: Room): Part<'appSetup' | 'addApp' | 'removeApp'> {
  const { tenant } = room;
  const { tokens, keys } = tenant;
  return {
    appSetup: ({ account }, begun) => {
      const known = begun === undefined ? undefined : setupSecret(keys, account.id, begun, Date.now());
      const setup = known ? begun! : newSetup(keys, account.id, Date.now());
      const secret = known ?? setupSecret(keys, account.id, setup, Date.now())!;
      return { setup, secret: base32(secret), address: totpAddress(secret, tenant.site, account.username) };
    },
    addApp: async (visit, setup, code) => {
      const { id } = visit.visitor.account;
      const counted = { username: `setup of an app ${id}`, address: id };
      const taken = await takeSlots(tokens, counted, Date.now(), SETUP_LIMITS);
      if ('retryAfter' in taken) return { fault: TOO_MANY };
      const result = await addApp(tokens, keys, id, { setup, code }, Date.now());
      if (result !== 'added') return { fault: result === 'code' ? WRONG_CODE : SETUP_OVER };
      await giveBack(tokens, taken.slots);
      await noteChange(tenant, visit, 'authenticator app added');
      return added(room, visit, 'otp');
    },
    removeApp: async (visit) => {
      await removeApp(tokens, visit.visitor.account.id);
      await noteChange(tenant, visit, 'authenticator app removed');
      return removed(room, visit);
    },
  };
}

function passkeyPart(room: Room): Part<'passkeyOptions' | 'addPasskey' | 'removePasskey'> {
  const { tenant } = room;
  const purpose = ({ sessionUid, account }: Visitor): string => `new passkey ${sessionUid} ${account.id}`;
  return {
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
      await noteChange(tenant, visit, 'passkey added');
      return added(room, visit, 'pop');
    },
    removePasskey: async (visit, id) => {
      if (await removePasskey(tenant.tokens, visit.visitor.account.id, id, Date.now()))
        await noteChange(tenant, visit, 'passkey removed');
      return removed(room, visit);
    },
  };
}

function codesPart({ tenant }: Room): Part<'newCodes' | 'codes'> {
  return {
    newCodes: async (visit) => {
      await noteChange(tenant, visit, 'recovery codes made');
      return { codes: await freshCodes(tenant, visit.visitor) };
    },
    codes: ({ account }, id) => shownAgain(tenant.tokens, tenant.keys, account.id, id, Date.now()),
  };
}

function sessionPart({ tenant }: Room): Part<'changePassword' | 'signOutOf' | 'signOutOthers'> {
  const { tokens } = tenant;
  return {
    changePassword: (visit, password) => changePassword(tenant, visit, password),
    signOutOf: async (visit, sessionUid) => {
      if (await endDevice(tokens, visit.visitor.account.id, sessionUid, Date.now()))
        await noteChange(tenant, visit, 'session ended');
      return {};
    },
    signOutOthers: async (visit) => {
      const { account, sessionUid } = visit.visitor;
      await endSessions(tokens, account.id, Date.now(), sessionUid);
      await noteChange(tenant, visit, 'all other sessions ended');
      return {};
    },
  };
}

function linkPart({ tenant }: Room): Part<'linkStart' | 'unlink'> {
  return {
    linkStart: ({ account, sessionUid }) => {
      const back: Back = { kind: 'link', accountId: account.id, sessionUid };
      return tenant.upstream && { name: tenant.upstream.name, back: tenant.keys.seal(JSON.stringify(back)) };
    },
    unlink: async (visit, id) => {
      if (await removeLink(tenant.tokens, visit.visitor.account.id, id, Date.now()))
        await noteChange(tenant, visit, 'link to another provider removed');
      return {};
    },
  };
}

/** After a factor was added: the session is as strong as it, and the first one brings recovery codes along. */
async function added({ tenant, provider }: Room, visit: OwnVisit, method: Method): Promise<Changed> {
  const { visitor, request, response } = visit;
  await strengthenSession(await provider(), request, response, method);
  const { codesLeft } = await factorsOf(tenant.tokens, visitor.account.id, Date.now());
  return codesLeft > 0 ? {} : { codes: await freshCodes(tenant, visitor) };
}

async function freshCodes({ tokens, keys }: SmartTenant, { account }: Visitor): Promise<string> {
  const codes = await newCodes(tokens, keys, account.id, Date.now());
  return keepShown(tokens, keys, account.id, codes, Date.now());
}

/** Without a second factor recovery codes open nothing. */
async function removed({ tenant: { tokens } }: Room, { visitor: { account } }: OwnVisit): Promise<Changed> {
  const now = Date.now();
  if (!hasSecondFactor(await factorsOf(tokens, account.id, now)))
    await removeFactors(tokens, account.id, now);
  return {};
}

async function overviewOf(tenant: SmartTenant, { account, sessionUid }: Visitor): Promise<SecurityOverview> {
  const now = Date.now();
  const [factors, devices, links] = await Promise.all([
    factorsOf(tenant.tokens, account.id, now),
    devicesOf(tenant, account.id, now),
    linksOf(tenant.tokens, account.id, now),
  ]);
  return {
    ...factors,
    ...(account.passwordAt !== undefined && { passwordAt: account.passwordAt }),
    canUsePasskeys: canUsePasskeys(tenant.origin),
    links,
    ...(tenant.upstream && { otherProvider: tenant.upstream.name }),
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
