/** Signing in. https://openid.net/specs/openid-connect-core-1_0.html#Authenticates */
import { appView } from './app-view.ts';
import type { Step, StepHandler, StepOutcome } from './step.ts';

export const signInStep: StepHandler = { show, take };

/** A launch of the demo brings its user along. */
async function show(step: Step): Promise<StepOutcome> {
  const { launch } = step;
  if (launch?.signIn === true && launch.accountId !== undefined) return signedIn(launch.accountId);
  return { page: await page(step, hintOf(step)) };
}

/** https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest */
const hintOf = ({ interaction }: Step): string | undefined => {
  const hint = interaction.params['login_hint'];
  return typeof hint === 'string' && hint.length <= 64 ? hint : undefined;
};

async function take(step: Step, fields: URLSearchParams): Promise<StepOutcome> {
  const username = fields.get('username') ?? '';
  const { tenant, address, device } = step;
  const password = fields.get('password') ?? '';
  const result = await tenant.accounts.signIn(username, password, address, device);
  if ('refused' in result) {
    const { refused, retryAfter } = result;
    const status = retryAfter === undefined ? 401 : 429;
    return {
      page: await page(step, username, refused),
      status,
      ...(retryAfter !== undefined && { retryAfter }),
    };
  }
  const { id } = result.account;
  const wanted = step.launch?.accountId;
  if (wanted !== undefined && wanted !== id) return { problem: { kind: 'launch', fault: 'user' } };
  return { ...signedIn(id), keepsDevice: true };
}

const signedIn = (accountId: string) => ({ done: { login: { accountId, amr: ['pwd'] } } });

async function page({ tenant, form, client }: Step, username?: string, error?: string): Promise<string> {
  const demoAccounts = await tenant.accounts.demo();
  return tenant.pages.signIn({
    form,
    app: appView(tenant, client),
    site: tenant.site,
    ...(username !== undefined && { username }),
    ...(error !== undefined && { error }),
    ...(demoAccounts.length > 0 && { demoAccounts }),
  });
}
