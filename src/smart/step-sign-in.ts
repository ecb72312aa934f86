/** Signing in as a step of a launch. https://openid.net/specs/openid-connect-core-1_0.html#Authenticates */
import { acrOf, amrOf, type Method } from './acr.ts';
import { appView } from './app-view.ts';
import { showSignIn, takeSignIn, type Asking, type SignInOutcome } from './sign-in.ts';
import type { Step, StepHandler, StepOutcome } from './step.ts';

export const signInStep: StepHandler = { show, take };

/** A launch of the demo brings its user along. */
async function show(step: Step): Promise<StepOutcome> {
  const { launch } = step;
  if (launch?.signIn === true && launch.accountId !== undefined) return signedIn(launch.accountId, ['pwd']);
  return outcome(step, await showSignIn(asking(step), hintOf(step)));
}

async function take(step: Step, fields: URLSearchParams): Promise<StepOutcome> {
  return outcome(step, await takeSignIn(asking(step), fields));
}

/** https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest */
const hintOf = ({ interaction }: Step): string | undefined => {
  const hint = interaction.params['login_hint'];
  return typeof hint === 'string' && hint.length <= 64 ? hint : undefined;
};

function asking({ tenant, form, client, address, device }: Step): Asking {
  return { tenant, form, app: appView(tenant, client), address, device };
}

function outcome(step: Step, result: SignInOutcome): StepOutcome {
  if ('page' in result) return result;
  const { account, methods } = result.signedIn;
  const wanted = step.launch?.accountId;
  if (wanted !== undefined && wanted !== account.id) return { problem: { kind: 'launch', fault: 'user' } };
  return { ...signedIn(account.id, methods), keepsDevice: true };
}

const signedIn = (accountId: string, methods: readonly Method[]) => ({
  done: { login: { accountId, acr: acrOf(methods), amr: amrOf(methods) } },
});
