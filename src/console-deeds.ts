/** What an operator does in the console: noted with its reason first, then done. What was tried and went wrong stands in the trail too. */
import { randomBytes } from 'node:crypto';
import { whoOf } from './desk-account.ts';
import { FhirError } from './fhir/model/outcome.ts';
import { shelve, unshelve } from './policy-shelf.ts';
import type { TenantRecord } from './rest/record.ts';
import * as accounts from './smart/accounts.ts';
import { livingAgreement, livingAgreements, type LivingAgreement } from './smart/agreements.ts';
import { connected, endConnection } from './smart/connected-apps.ts';
import { endDevice } from './smart/devices.ts';
import { removeFactors } from './smart/factors/factors.ts';
import { rotateSecret } from './smart/old-secret.ts';
import * as registered from './smart/registered-clients.ts';
import type { Visitor } from './smart/visitor.ts';
import type { TokenStore } from './store/ports.ts';
import type * as view from './web/console/view.ts';

interface Room {
  readonly record: TenantRecord;
  readonly tokens: TokenStore;
  /** FHIR base */
  readonly base: string;
}

/** What is done to what, as the trail says it. */
const DONE: Readonly<Record<view.Deed['kind'], string>> = {
  'user-add': 'made the account',
  'user-disable': 'switched off the account',
  'user-enable': 'switched on the account',
  'user-reset': 'gave a new password to the account',
  'user-end': 'ended everything of the account',
  'user-factors': 'forgot the second steps of the account',
  'user-remove': 'removed the account',
  'client-disable': 'switched off the app',
  'client-enable': 'switched on the app',
  'client-rotate': 'gave a new secret to the app',
  'client-end': 'ended everything of the app',
  'client-remove': 'removed the app',
  'given-end': 'ended what an app may do',
  'session-end': 'ended a session',
  'policy-save': 'put rules into force',
  'policy-remove': 'took rules out of force',
};

function nameOf(deed: view.Deed): string {
  if ('user' in deed) return deed.user.username;
  if ('username' in deed) return deed.username;
  if ('clientId' in deed) return deed.clientId;
  return deed.id ?? 'new';
}

/** Written down before it is done. */
export async function act(
  room: Room,
  visitor: Visitor,
  deed: view.Deed,
  reason: string,
): Promise<view.Outcome> {
  const note = {
    happening: 'administration' as const,
    who: whoOf(visitor),
    reason,
    detail: { done: DONE[deed.kind], on: nameOf(deed) },
  };
  const tell = (outcome: 'done' | 'refused' | 'failed') =>
    room.record.audit.note({ at: Date.now(), requestId: crypto.randomUUID(), outcome, ...note });
  const own = ownFault(visitor, deed);
  if (own !== undefined) {
    await tell('refused');
    return { fault: own };
  }
  await tell('done');
  try {
    return await done(room, visitor, deed);
  } catch (error) {
    await tell('failed');
    if (error instanceof FhirError) return { fault: error.issues[0]!.diagnostics };
    throw error;
  }
}

/** No one saws off the branch that they sit on: another operator does. */
function ownFault({ account }: Visitor, deed: view.Deed): string | undefined {
  const isOwn = 'username' in deed && deed.username === account.username;
  const locksOut = deed.kind === 'user-disable' || deed.kind === 'user-remove' || deed.kind === 'user-reset';
  return isOwn && locksOut
    ? 'This is your own account: ask another operator, or change your password in your account.'
    : undefined;
}

const GONE = { fault: 'It is not there any more.' } as const;

async function done(room: Room, visitor: Visitor, deed: view.Deed): Promise<view.Outcome> {
  const { tokens } = room;
  const now = Date.now();
  const ifThere = (was: boolean): view.Outcome => (was ? { done: deed.kind } : GONE);
  switch (deed.kind) {
    case 'user-add':
      return addUser(tokens, deed.user, now);
    case 'user-disable':
    case 'user-enable':
      return ifThere(await accounts.setDisabled(tokens, deed.username, deed.kind === 'user-disable', now));
    case 'user-reset': {
      const secret = newPassword();
      return (await accounts.setPassword(tokens, deed.username, secret, now))
        ? { done: deed.kind, secret }
        : GONE;
    }
    case 'user-end': {
      const account = await accounts.accountOf(tokens, deed.username, now);
      if (account) await accounts.endAccess(tokens, account.id, now);
      return ifThere(account !== undefined);
    }
    case 'user-factors': {
      const account = await accounts.accountOf(tokens, deed.username, now);
      if (account) await removeFactors(tokens, account.id, now);
      return ifThere(account !== undefined);
    }
    case 'user-remove':
      return ifThere(await accounts.removeAccount(tokens, deed.username, now));
    case 'given-end': {
      const agreement = await livingAgreement(tokens, deed.id, now);
      return ifThere(agreement !== undefined && (await endGiven(tokens, agreement, now)));
    }
    case 'session-end':
      return ifThere(await endDevice(tokens, deed.accountId, deed.id, now));
    case 'policy-save':
    case 'policy-remove':
      return keepPolicy(room, visitor, deed);
    default:
      return toClient(tokens, deed, now);
  }
}

/** All that this app may do for this person with this record. */
async function endGiven(tokens: TokenStore, agreement: LivingAgreement, now: number): Promise<boolean> {
  const all = await livingAgreements(tokens, { accountId: agreement.accountId }, now);
  const connection = connected(all, now).find(({ grantIds }) => grantIds.includes(agreement.grantId));
  return connection !== undefined && endConnection(tokens, connection);
}

type ClientDeed = Extract<view.Deed, { readonly clientId: string }>;

async function toClient(
  tokens: TokenStore,
  { kind, clientId }: ClientDeed,
  now: number,
): Promise<view.Outcome> {
  switch (kind) {
    case 'client-disable':
    case 'client-enable':
      return (await registered.setClientDisabled(tokens, clientId, kind === 'client-disable', now))
        ? { done: kind }
        : GONE;
    case 'client-rotate': {
      const secret = await rotateSecret(tokens, clientId, now);
      return secret === undefined ? { fault: 'This app has no secret.' } : { done: kind, secret };
    }
    case 'client-end':
      await registered.endClientAccess(tokens, clientId, now);
      return { done: kind };
    case 'client-remove':
      return (await registered.removeClient(tokens, clientId, now)) ? { done: kind } : GONE;
  }
}

type PolicyDeed = Extract<view.Deed, { readonly kind: 'policy-save' | 'policy-remove' }>;

async function keepPolicy({ record, base }: Room, visitor: Visitor, deed: PolicyDeed): Promise<view.Outcome> {
  const shelving = { record, base, who: whoOf(visitor) };
  const fault =
    deed.kind === 'policy-save'
      ? await shelve(shelving, deed.id, deed.text)
      : await unshelve(shelving, deed.id);
  return fault === undefined ? { done: deed.kind } : { fault };
}

const newPassword = (): string => randomBytes(15).toString('base64url');

/** What each role is in the record. */
const TYPES: Readonly<Record<accounts.Role, string | undefined>> = {
  practitioner: 'Practitioner',
  patient: 'Patient',
  related: 'RelatedPerson',
  operator: undefined,
};
const ID = /^[A-Za-z0-9\-.]{1,64}$/;

async function addUser(
  tokens: TokenStore,
  { username, name, role, fhirUser }: view.NewUser,
  now: number,
): Promise<view.Outcome> {
  const known = accounts.ROLES.find((one) => one === role);
  if (!known) return { fault: 'Choose a role.' };
  const type = TYPES[known];
  if (type === undefined && fhirUser !== '')
    return { fault: 'An operator is no one in the record: leave that empty.' };
  const [named, id = ''] = fhirUser.split('/');
  if (type !== undefined && (named !== type || !ID.test(id)))
    return { fault: `Say who this is in the record, such as ${type}/123.` };
  const password = newPassword();
  const who = type === undefined ? {} : { fhirUser };
  await accounts.addAccount(tokens, { username, name, role: known, password, ...who }, now);
  return { done: 'user-add', secret: password };
}
