/**
 * Agreeing: what the app asks for in plain words, each part to be left out, and for how long. What is agreed to is checked against what was asked
 * for, whatever the form says. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-authorization-code
 */
import type { TokenExtra } from '../access/access-token.ts';
import { parseScope } from '../access/scopes.ts';
import { appView } from './app-view.ts';
import { DURATIONS, keepAgreement } from './grant.ts';
import { signedIn, type Step, type StepHandler, type StepOutcome } from './step.ts';
import type { ConsentView, PersonView } from './pages.ts';
import { registeredScopes } from './resource-server.ts';
import { covers, decideScopes, hasScope, wantsPatient } from './scope-policy.ts';
import { patientOf } from './step-encounter.ts';
import { styleUrl } from './style.ts';
import { DEFAULT_TENANT } from './tenant.ts';

export const consentStep: StepHandler = { show, take };

async function show(step: Step): Promise<StepOutcome> {
  const known = await patientIn(step);
  if ('problem' in known) return known;
  if (isTrusted(step)) return agree(step, asked(step));
  return { page: page(step, known.patient) };
}

async function take(step: Step, fields: URLSearchParams): Promise<StepOutcome> {
  const known = await patientIn(step);
  if ('problem' in known) return known;
  if (fields.get('decision') !== 'allow') return { denied: 'The user said no to this app' };
  const scopes = asked(step);
  const narrowed = narrowedTo(step, scopes, fields.getAll('scope'));
  if (scopes.some(isResource) && !narrowed.some(isResource)) {
    return {
      page: page(step, known.patient, 'Tick at least one thing that the app may see, or press Deny.'),
    };
  }
  return agree(step, narrowed, fields.get('duration') ?? undefined);
}

/** An app of the house that is opened from a chart, or a launch of the demo, whose user has pressed Launch. */
const isTrusted = ({ launch, client }: Step): boolean =>
  launch?.skipConsent === true || (launch !== undefined && client['skip_consent'] === true);

/** What can be granted of what was asked for. */
function asked({ tenant, client, scope, launch }: Step): readonly string[] {
  const rules = { flow: 'user', ...registeredScopes(client), types: tenant.resourceTypes() } as const;
  return decideScopes(scope, rules).granted.filter((one) => one !== 'launch' || launch !== undefined);
}

const isResource = (text: string): boolean => parseScope(text)?.kind === 'resource';

/** What is ticked, as far as it was asked for; scopes that are no permission of their own (`launch…`, `offline_access`) stay. */
function narrowedTo(
  { tenant }: Step,
  scopes: readonly string[],
  ticked: readonly string[],
): readonly string[] {
  const parsed = scopes.flatMap((one) => parseScope(one) ?? []);
  const wanted = tenant.permissions.narrow(scopes, ticked).filter((one) => {
    const scope = parseScope(one);
    return scope !== undefined && parsed.some((allowed) => covers(allowed, scope));
  });
  return [...new Set(wanted)];
}

async function agree(step: Step, scopes: readonly string[], duration?: string): Promise<StepOutcome> {
  const { tenant, provider, interaction, client, user } = step;
  if (!user) return { problem: { kind: 'session' } };
  if (step.launch?.accountId !== undefined && step.launch.accountId !== user.id) {
    return { problem: { kind: 'launch', fault: 'user' } };
  }
  const { grantId, scope } = await keepAgreement(tenant, provider, {
    accountId: user.id,
    clientId: client.clientId,
    scope: scopes.join(' '),
    extra: { ...extraOf(step), ...(await signInOf(step)) },
    ...(duration !== undefined && { duration }),
    ...(interaction.session && { sessionUid: interaction.session.uid }),
  });
  return { done: { consent: { grantId } }, scope };
}

/** How the user had signed in, for who asks about the token later. https://www.rfc-editor.org/rfc/rfc9470#section-6.2 */
async function signInOf({
  provider,
  interaction,
}: Step): Promise<Pick<TokenExtra, 'acr' | 'amr' | 'auth_time'>> {
  const session = interaction.session && (await provider.Session.findByUid(interaction.session.uid));
  const { acr, amr, loginTs } = session ?? {};
  return { ...(acr && { acr }), ...(amr && { amr }), ...(loginTs !== undefined && { auth_time: loginTs }) };
}

/** What goes out with the tokens of this launch. */
function extraOf(step: Step): TokenExtra {
  const { launch, results, user, tenant } = step;
  const patient = patientOf(step);
  const encounter = launch?.context.encounter ?? results.select_encounter?.encounter;
  return {
    ...launch?.context,
    ...(user?.fhirUser !== undefined && { fhirUser: user.fhirUser }),
    ...(patient !== undefined && {
      patient,
      need_patient_banner: launch?.context.need_patient_banner ?? true,
    }),
    ...(encounter !== undefined && { encounter }),
    smart_style_url: launch?.context.smart_style_url ?? styleUrl(tenant),
    ...(tenant.name !== DEFAULT_TENANT && { tenant: tenant.name }),
  };
}

/** The patient in context, whom the user must be able to see. */
async function patientIn(
  step: Step,
): Promise<{ readonly patient: PersonView | undefined } | Extract<StepOutcome, { problem: unknown }>> {
  const id = patientOf(step);
  if (!step.user) return { problem: { kind: 'session' } };
  if (id === undefined)
    return wantsPatient(step.scope) ? { problem: { kind: 'session' } } : { patient: undefined };
  const patient = await step.tenant.chart.patient(step.user, id);
  return patient ? { patient } : { problem: { kind: 'no-record' } };
}

function page(step: Step, patient: PersonView | undefined, error?: string): string {
  const { tenant, form, client, user } = step;
  const scopes = asked(step);
  const duration = durationOf(scopes.join(' '));
  return tenant.pages.consent({
    form,
    app: appView(tenant, client),
    user: signedIn(user!, step.other),
    ...(patient && { patient }),
    ...tenant.permissions.permissionsOf(scopes),
    ...(duration && { duration }),
    ...(error !== undefined && { error }),
  });
}

function durationOf(scope: string): ConsentView['duration'] {
  const offline = hasScope(scope, 'offline_access');
  if (!offline && !hasScope(scope, 'online_access')) return undefined;
  const choices = offline
    ? DURATIONS.map(({ value, label }) => ({ value, label, chosen: value === 'until-stopped' }))
    : [
        { value: 'session', label: 'While you are signed in here', chosen: true },
        { value: 'visit', label: DURATIONS[0].label, chosen: false },
      ];
  return { kind: offline ? 'offline' : 'online', choices };
}
