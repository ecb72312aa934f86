/**
 * The steps between an authorization request and its code: sign in, choose a patient, choose an encounter, agree. Each is a prompt of the library;
 * what is still to be done follows from the request, its launch and the results so far.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-standalone-launch
 */
import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { acrAskedIn, canReach, fitting, leastOf } from './acr-asked.ts';
import { claimedLaunch, type Launch } from './launch.ts';
import { text } from './resource-server.ts';
import { wantsEncounter, wantsPatient } from './scope-policy.ts';
import type { SmartTenant } from './tenant.ts';

/** What the steps leave behind for each other, in the result of the interaction. */
export interface StepResults {
  readonly login?: { readonly accountId: string };
  readonly select_patient?: { readonly patient?: string };
  readonly select_encounter?: { readonly encounter?: string };
  readonly consent?: { readonly grantId: string };
}

export type StepName = 'login' | 'select_patient' | 'select_encounter' | 'consent';

const { Check, Prompt, base } = interactionPolicy;

/** The policy: the library's sign-in with two checks more, and three prompts of our own. */
export function stepsPolicy(tenant: SmartTenant): interactionPolicy.DefaultPolicy {
  const policy = base();
  const login = policy.get('login')!;
  login.checks.add(
    new Check('account_gone', 'the account is not there any more', (ctx) => !ctx.oidc.account),
  );
  login.checks.add(
    new Check('launch_user', 'the launch belongs to a user', async (ctx) =>
      isForAnother(await launchOf(tenant, ctx), ctx),
    ),
  );
  askForStrength(tenant, login.checks);
  policy.add(
    prompt('select_patient', 'patient_required', 'a patient has to be chosen', async (ctx) =>
      needsPatient(scopeOf(ctx), await launchOf(tenant, ctx), resultsOf(ctx)),
    ),
    1,
  );
  policy.add(
    prompt('select_encounter', 'encounter_required', 'an encounter has to be chosen', async (ctx) =>
      needsEncounter(scopeOf(ctx), await launchOf(tenant, ctx), resultsOf(ctx)),
    ),
    2,
  );
  agreeEachTime(policy);
  return policy;
}

/**
 * In place of the library's two checks, which take a class for another one even where it is stronger. An essential class has to be met; one that was only
 * wished for is asked for once, of who can meet it.
 */
function askForStrength(tenant: SmartTenant, checks: interactionPolicy.Prompt['checks']): void {
  checks.remove('essential_acr');
  checks.remove('essential_acrs');
  checks.add(
    new Check('acr', 'a stronger sign-in is asked for', 'login_required', async (ctx) => {
      const { oidc } = ctx;
      const asked = acrAskedIn(ctx);
      const accountId = oidc.session?.accountId;
      if (!asked || accountId === undefined) return false;
      const met = fitting(oidc.session?.acr, asked.values);
      // The id_token names a class that was asked for: whoever needs that one may not know that another is stronger.
      if (met !== undefined && asked.essential) Object.defineProperty(oidc, 'acr', { value: met });
      if (met !== undefined || asked.essential) return met === undefined;
      const least = leastOf(asked.values);
      if (least === undefined || resultsOf(ctx).login || oidc.promptPending('none')) return false;
      return canReach(tenant.tokens, accountId, least, Date.now());
    }),
  );
}

/** A grant belongs to one launch, so there is never an older one to go by. */
function agreeEachTime(policy: interactionPolicy.DefaultPolicy): void {
  const { checks } = policy.get('consent')!;
  checks.clear();
  checks.add(
    new Check(
      'agreement_required',
      'the user has to agree',
      'consent_required',
      (ctx) => !resultsOf(ctx).consent,
    ),
  );
}

function prompt(
  name: StepName,
  reason: string,
  description: string,
  check: (ctx: KoaContextWithOIDC) => Promise<boolean>,
): interactionPolicy.Prompt {
  return new Prompt(
    { name, requestable: false },
    new Check(reason, description, 'interaction_required', check),
  );
}

export function needsPatient(scope: string, launch: Launch | undefined, results: StepResults): boolean {
  return wantsPatient(scope) && launch?.context.patient === undefined && !results.select_patient;
}

export function needsEncounter(scope: string, launch: Launch | undefined, results: StepResults): boolean {
  return wantsEncounter(scope) && launch?.context.encounter === undefined && !results.select_encounter;
}

function isForAnother(launch: Launch | undefined, { oidc }: KoaContextWithOIDC): boolean {
  return launch?.accountId !== undefined && launch.accountId !== oidc.session?.accountId;
}

const launchOf = (tenant: SmartTenant, { oidc }: KoaContextWithOIDC): Promise<Launch | undefined> =>
  claimedLaunch(tenant.tokens, text(oidc.params?.['launch']), oidc.client!.clientId, Date.now());

const scopeOf = ({ oidc }: KoaContextWithOIDC): string => text(oidc.params?.['scope']) ?? '';

const resultsOf = ({ oidc }: KoaContextWithOIDC): StepResults =>
  (oidc as { result?: StepResults }).result ?? {};
