/**
 * Signing in, for a launch and for our own pages alike: what is shown, what is taken, and when someone is in.
 * https://pages.nist.gov/800-63-4/sp800-63b.html
 */
import type { Method } from './acr.ts';
import type { AppView, FormTarget } from './pages.ts';
import type { SmartTenant, UserAccount } from './tenant.ts';

/** Who asks, and of whom. */
export interface Asking {
  readonly tenant: SmartTenant;
  readonly form: FormTarget;
  /** the app that a launch is for */
  readonly app?: AppView;
  readonly address: string;
  readonly device: string;
}

export type SignInOutcome =
  | { readonly page: string; readonly status?: number; readonly retryAfter?: number }
  | { readonly signedIn: { readonly account: UserAccount; readonly methods: readonly Method[] } };

export async function showSignIn(asking: Asking, username?: string): Promise<SignInOutcome> {
  return { page: await page(asking, username) };
}

export async function takeSignIn(asking: Asking, fields: URLSearchParams): Promise<SignInOutcome> {
  const { tenant, address, device } = asking;
  const username = fields.get('username') ?? '';
  const password = fields.get('password') ?? '';
  const result = await tenant.accounts.signIn(username, password, address, device);
  if ('account' in result) return { signedIn: { account: result.account, methods: ['pwd'] } };
  const { refused, retryAfter } = result;
  const status = retryAfter === undefined ? 401 : 429;
  return {
    page: await page(asking, username, refused),
    status,
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

async function page({ tenant, form, app }: Asking, username?: string, error?: string): Promise<string> {
  const demoAccounts = await tenant.accounts.demo();
  return tenant.pages.signIn({
    form,
    site: tenant.site,
    ...(app && { app }),
    ...(username !== undefined && { username }),
    ...(error !== undefined && { error }),
    ...(demoAccounts.length > 0 && { demoAccounts }),
  });
}
