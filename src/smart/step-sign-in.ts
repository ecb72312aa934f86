/** Signing in as a step of a launch. https://openid.net/specs/openid-connect-core-1_0.html#Authenticates */
import { acrOf, amrOf, type Method } from './acr.ts';
import { acrAskedBy, acrInWords, fitting, leastOf } from './acr-asked.ts';
import { appView } from './app-view.ts';
import { cameBack, providerButton } from './upstream/visit.ts';
import { afterFirst, showSignIn, takeSignIn, type Asking, type SignInOutcome } from './sign-in.ts';
import { noteSignIn } from './sign-in-note.ts';
import type { Step, StepHandler, StepOutcome } from './step.ts';

export const signInStep: StepHandler = { show, take };

/** A launch of the demo brings its user along. */
async function show(step: Step, query = ''): Promise<StepOutcome> {
  const { launch } = step;
  if (launch?.signIn === true && launch.accountId !== undefined) return broughtAlong(step, launch.accountId);
  const account = await cameBack(step.tenant, query, step.mark);
  if (account) return outcome(step, await afterFirst(asking(step), account, 'fed'));
  const known = whyAgain(step) === undefined ? undefined : step.user?.username;
  return outcome(step, await showSignIn(asking(step), hintOf(step) ?? known));
}

async function broughtAlong(step: Step, accountId: string): Promise<StepOutcome> {
  const account = await step.tenant.accounts.find(accountId);
  if (!account || account.disabled) return { problem: { kind: 'launch', fault: 'user' } };
  await noteSignIn(asking(step), {
    outcome: 'done',
    account,
    methods: ['pwd'],
    reason: 'a launch of the demo',
  });
  return signedIn(accountId, ['pwd']);
}

async function take(step: Step, fields: URLSearchParams): Promise<StepOutcome> {
  if (fields.get('again') === '1') return show(step);
  if (fields.get('decision') === 'cancel') {
    // https://openid.net/specs/openid-connect-unmet-authentication-requirements-1_0.html
    return {
      denied: 'The user has no sign-in as strong as is asked for',
      error: 'unmet_authentication_requirements',
    };
  }
  return outcome(step, await takeSignIn(asking(step), fields));
}

/** https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest */
const hintOf = ({ interaction }: Step): string | undefined => {
  const hint = interaction.params['login_hint'];
  return typeof hint === 'string' && hint.length <= 64 ? hint : undefined;
};

function asking(step: Step): Asking {
  const { tenant, form, client, address, device, requestId } = step;
  const why = whyAgain(step);
  const app = appView(tenant, client);
  const others = providerButton(tenant, step.mark, { kind: 'step', uid: step.interaction.uid });
  return {
    tenant,
    form,
    app,
    others,
    address,
    device,
    requestId,
    ...(why !== undefined && { why }),
    ...(step.user && { again: step.user.id }),
  };
}

/** Why who is signed in is asked again; undefined: another person may be meant. */
function whyAgain({ interaction, user }: Step): string | undefined {
  const { reasons } = interaction.prompt;
  const asked = acrAskedBy(interaction.params);
  if (!user) return undefined;
  if (reasons.includes('acr') && asked) return `It asks for ${acrInWords(leastOf(asked.values))}.`;
  // The library takes `max_age=0` for `prompt=login`.
  const isOld = reasons.includes('max_age') || interaction.params['max_age'] !== undefined;
  return isOld ? 'It asks that you sign in again: it is a while since you did.' : undefined;
}

function outcome(step: Step, result: SignInOutcome): StepOutcome {
  if ('page' in result) return result;
  const { account, methods } = result.signedIn;
  const wanted = step.launch?.accountId;
  if (wanted !== undefined && wanted !== account.id) return { problem: { kind: 'launch', fault: 'user' } };
  const asked = acrAskedBy(step.interaction.params);
  if (asked?.essential && fitting(acrOf(methods), asked.values) === undefined)
    return { page: tooWeak(step, asked.values), status: 403 };
  return { ...signedIn(account.id, methods), keepsDevice: true };
}

function tooWeak({ tenant, form, client }: Step, values: readonly string[]): string {
  const needed = acrInWords(leastOf(values));
  return tenant.pages.tooWeak({
    site: tenant.site,
    app: appView(tenant, client),
    needed,
    again: form,
    cancel: form,
  });
}

const signedIn = (accountId: string, methods: readonly Method[]) => ({
  // The library takes the result of a step up again with each later one: without its time a sign-in would be as young as the last of them.
  done: { login: { accountId, acr: acrOf(methods), amr: amrOf(methods), ts: Math.floor(Date.now() / 1000) } },
});
