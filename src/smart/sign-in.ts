/**
 * Signing in, for a launch and for our own pages alike: a password and, where the account has one, a second step; or a passkey alone; or another provider.
 * What is between two steps is kept by the form, sealed. https://pages.nist.gov/800-63-4/sp800-63b.html
 */
import type { Method } from './acr.ts';
import { factorsOf, hasSecondFactor, takeSecondStep, type Factors } from './factors/factors.ts';
import { canUsePasskeys, requestOptions, takePasskey } from './factors/passkeys.ts';
import { inWords } from './account-directory.ts';
import { giveBack, takeSlots } from './attempts.ts';
import type { AppView, FormTarget, OtherProviderView } from './pages.ts';
import { noteSignIn } from './sign-in-note.ts';
import type { SmartTenant, UserAccount } from './tenant.ts';

/** Who asks, and of whom. */
export interface Asking {
  readonly tenant: SmartTenant;
  /** its `csrf` is of this browser and this sign-in alone: what the steps are bound to */
  readonly form: FormTarget;
  /** the app that a launch is for */
  readonly app?: AppView;
  /** why someone who is signed in is asked again */
  readonly why?: string;
  readonly others?: readonly OtherProviderView[];
  /** id of who is signed in already */
  readonly again?: string;
  readonly address: string;
  readonly device: string;
  readonly requestId: string;
}

export type SignInOutcome =
  | { readonly page: string; readonly status?: number; readonly retryAfter?: number }
  | { readonly signedIn: { readonly account: UserAccount; readonly methods: readonly Method[] } };

/** A first step that is done. */
interface Passed {
  /** `csrf` of the form that it was done with */
  readonly of: string;
  readonly accountId: string;
  readonly methods: readonly Method[];
  /** of the account: another password since then ends what was begun with the old one */
  readonly passwordAt?: number;
  /** ms since 1970 */
  readonly until: number;
}

const PASSED_MS = 10 * 60_000;

const UNKNOWN_PASSKEY = 'This passkey is not known here. Sign in with your password.';
const TOO_LATE = 'That took too long. Sign in again.';
const WRONG_CODE = 'That is not right. Codes change every half minute, and each is good once.';

export async function showSignIn(asking: Asking, username?: string): Promise<SignInOutcome> {
  return { page: await firstPage(asking, username) };
}

export async function takeSignIn(asking: Asking, fields: URLSearchParams): Promise<SignInOutcome> {
  const passed = fields.get('passed');
  if (passed !== null) return takeSecond(asking, passed, fields);
  const assertion = fields.get('assertion') ?? '';
  return assertion === '' ? takePassword(asking, fields) : takeFirstPasskey(asking, assertion);
}

/** The first step was done elsewhere, or just now: the second one is asked for where there is one. */
export async function afterFirst(
  asking: Asking,
  account: UserAccount,
  method: Method,
): Promise<SignInOutcome> {
  const { tenant, form } = asking;
  const now = Date.now();
  const factors = await factorsOf(tenant.tokens, account.id, now);
  if (!hasSecondFactor(factors)) return done(asking, account, [method]);
  const passed: Passed = {
    of: form.csrf,
    accountId: account.id,
    methods: [method],
    until: now + PASSED_MS,
    ...(account.passwordAt !== undefined && { passwordAt: account.passwordAt }),
  };
  return { page: await secondPage(asking, account, factors, tenant.keys.seal(JSON.stringify(passed))) };
}

async function takePassword(asking: Asking, fields: URLSearchParams): Promise<SignInOutcome> {
  const { tenant, address, device } = asking;
  const username = fields.get('username') ?? '';
  const result = await tenant.accounts.signIn(username, fields.get('password') ?? '', address, device);
  if ('account' in result) return afterFirst(asking, result.account, 'pwd');
  await noteSignIn(asking, { outcome: 'refused', name: username, reason: result.refused });
  const { refused, retryAfter } = result;
  return refusedWith(await firstPage(asking, username, refused), retryAfter);
}

const refusedWith = (page: string, retryAfter?: number): SignInOutcome => ({
  page,
  status: retryAfter === undefined ? 401 : 429,
  ...(retryAfter !== undefined && { retryAfter }),
});

const tooMany = (seconds: number): string =>
  `There were too many attempts: try again in ${inWords(seconds)}.`;

const firstPurpose = ({ form }: Asking): string => `sign in ${form.csrf}`;
const secondPurpose = ({ form }: Asking, accountId: string): string =>
  `second step ${form.csrf} ${accountId}`;

/** No guess finds a signature; what is counted is the work of looking at it. */
async function takeFirstPasskey(asking: Asking, assertion: string): Promise<SignInOutcome> {
  const { tenant, address } = asking;
  const now = Date.now();
  const taken = await takeSlots(tenant.tokens, { username: 'any passkey', address }, now, PASSKEY_LIMITS);
  if ('retryAfter' in taken)
    return refusedWith(await firstPage(asking, undefined, tooMany(taken.retryAfter)), taken.retryAfter);
  const accountId = await takePasskey(tenant, firstPurpose(asking), assertion, now);
  const account = accountId === undefined ? undefined : await tenant.accounts.find(accountId);
  if (account && !account.disabled) {
    await giveBack(tenant.tokens, taken.slots);
    return done(asking, account, ['pop']);
  }
  const reason = account ? 'the account is switched off' : 'passkey';
  await noteSignIn(asking, { outcome: 'refused', ...(account && { account }), reason });
  return refusedWith(await firstPage(asking, undefined, UNKNOWN_PASSKEY));
}

const PASSKEY_LIMITS = { pair: 30, place: 60, account: 10_000, windowMs: 15 * 60_000 };

async function takeSecond(asking: Asking, sealed: string, fields: URLSearchParams): Promise<SignInOutcome> {
  const { tenant, address, device } = asking;
  const now = Date.now();
  const passed = openedPassed(asking, sealed, now);
  const account = passed && (await tenant.accounts.find(passed.accountId));
  if (!passed || !account || account.disabled || account.passwordAt !== passed.passwordAt)
    return refusedWith(await firstPage(asking, undefined, TOO_LATE));
  const response = fields.get('assertion') ?? '';
  const step =
    response === ''
      ? { code: fields.get('code') ?? '' }
      : { assertion: { response, purpose: secondPurpose(asking, account.id) } };
  const result = await takeSecondStep(tenant, account.id, { ...step, address, device }, now);
  if ('method' in result) return done(asking, account, [...passed.methods, result.method]);
  const retryAfter = 'retryAfter' in result ? result.retryAfter : undefined;
  const error = retryAfter === undefined ? WRONG_CODE : tooMany(retryAfter);
  await noteSignIn(asking, { outcome: 'refused', account, reason: `second step: ${error}` });
  const factors = await factorsOf(tenant.tokens, account.id, now);
  return refusedWith(await secondPage(asking, account, factors, sealed, error), retryAfter);
}

function openedPassed({ tenant, form }: Asking, sealed: string, now: number): Passed | undefined {
  try {
    const passed = JSON.parse(tenant.keys.open(sealed)) as Passed;
    return passed.of === form.csrf && passed.until > now ? passed : undefined;
  } catch {
    return undefined;
  }
}

async function done(
  asking: Asking,
  account: UserAccount,
  methods: readonly Method[],
): Promise<SignInOutcome> {
  await noteSignIn(asking, { outcome: 'done', account, methods });
  return { signedIn: { account, methods } };
}

async function firstPage(asking: Asking, username?: string, error?: string): Promise<string> {
  const { tenant, form, app, why, others } = asking;
  const demoAccounts = await tenant.accounts.demo();
  const options = canUsePasskeys(tenant.origin)
    ? await requestOptions(tenant, firstPurpose(asking), Date.now())
    : undefined;
  return tenant.pages.signIn({
    form,
    site: tenant.site,
    ...(app && { app }),
    ...(why !== undefined && { why }),
    ...(options && { passkey: JSON.stringify(options) }),
    ...(others && others.length > 0 && { others }),
    ...(username !== undefined && { username }),
    ...(error !== undefined && { error }),
    ...(demoAccounts.length > 0 && { demoAccounts }),
  });
}

async function secondPage(
  asking: Asking,
  account: UserAccount,
  factors: Factors,
  passed: string,
  error?: string,
): Promise<string> {
  const { tenant, form, app } = asking;
  const options =
    factors.passkeys.length > 0
      ? await requestOptions(tenant, secondPurpose(asking, account.id), Date.now(), account.id)
      : undefined;
  return tenant.pages.secondStep({
    form,
    site: tenant.site,
    name: account.name,
    passed,
    hasApp: factors.appSince !== undefined,
    codesLeft: factors.codesLeft,
    ...(app && { app }),
    ...(options && { passkey: JSON.stringify(options) }),
    ...(error !== undefined && { error }),
  });
}
