/**
 * The pages between an authorization request and its code: which step is due, whether the browser may take it, and how it ends. Each step is one
 * interaction of the library, bound to a cookie; each form carries a proof. https://www.rfc-editor.org/rfc/rfc9700#section-4.7
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { Interaction } from 'oidc-provider';
import { NOBODY } from '../access/audit/note.ts';
import { clientAddress } from './client-address.ts';
import { deviceOf, formMark, keepDevice, newMark } from './device-cookie.ts';
import { problemView } from './explain.ts';
import { endSession } from './grant.ts';
import { isForm, readForm, seeOther, send } from './http.ts';
import { claimedLaunch } from './launch.ts';
import type { Problem } from './problem.ts';
import { ROUTES } from './provider.ts';
import { text } from './resource-server.ts';
import { personOf } from './sign-in-note.ts';
import type { StepName, StepResults } from './steps.ts';
import type { Step, StepHandler, StepOutcome } from './step.ts';
import { consentStep } from './step-consent.ts';
import { encounterStep, patientOf } from './step-encounter.ts';
import { patientStep } from './step-patient.ts';
import { signInStep } from './step-sign-in.ts';
import type { SmartTenant } from './tenant.ts';

const STEPS: Readonly<Record<StepName, StepHandler>> = {
  login: signInStep,
  select_patient: patientStep,
  select_encounter: encounterStep,
  consent: consentStep,
};

/** Answers below `/interaction/{uid}`. */
export async function interact(
  { tenant, provider }: { readonly tenant: SmartTenant; readonly provider: Provider },
  request: IncomingMessage,
  response: ServerResponse,
  { uid, part, query }: { readonly uid: string; readonly part: string | undefined; readonly query: string },
): Promise<void> {
  const step = await stepOf(tenant, provider, request, response, uid);
  if (!step) return showProblem(tenant, response, { kind: 'session' }, request);
  const { clientId } = step.client;
  const handler = STEPS[step.interaction.prompt.name as StepName];
  if (request.method !== 'POST') return answer(step, request, response, await handler.show(step, query));
  const fields = isForm(request) ? await readForm(request) : new URLSearchParams();
  if (!tenant.keys.proves(fields.get('csrf') ?? '', uid)) {
    return showProblem(tenant, response, { kind: 'session' }, request, clientId);
  }
  if (part === 'other') return seeOther(response, anotherSignIn(step));
  return answer(step, request, response, await handler.take(step, fields, part));
}

/** The same request once more, with a sign-in whoever is signed in. A launch is used up and its user's, and so stays with them. */
function anotherSignIn({ tenant, interaction, form, other }: Step): string {
  if (!other) return form.action;
  const parameters = Object.entries(interaction.params).filter(
    (one): one is [string, string] => typeof one[1] === 'string' && one[0] !== 'prompt',
  );
  const query = new URLSearchParams([...parameters, ['prompt', 'login']]);
  return `${tenant.origin}${tenant.mount}${ROUTES.authorization}?${query.toString()}`;
}

/** undefined: the browser holds no cookie for this step, it is over, or another user is signed in by now. */
async function stepOf(
  tenant: SmartTenant,
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  uid: string,
): Promise<Step | undefined> {
  const interaction = await provider.interactionDetails(request, response).catch(() => undefined);
  if (interaction?.uid !== uid) return undefined;
  const { params, session, lastSubmission } = interaction;
  const client = await provider.Client.find(String(params['client_id']));
  if (!client) return undefined;
  const user = session ? await tenant.accounts.find(session.accountId) : undefined;
  const action = `${tenant.mount}/interaction/${uid}`;
  const csrf = tenant.keys.proof(uid);
  const launch = await claimedLaunch(tenant.tokens, text(params['launch']), client.clientId, Date.now());
  return {
    tenant,
    provider,
    interaction,
    client,
    launch,
    user,
    results: (lastSubmission ?? {}) as StepResults,
    scope: text(params['scope']) ?? '',
    form: { action, csrf },
    search: { action: `${action}/search`, csrf },
    other: launch || text(params['launch']) !== undefined ? undefined : { action: `${action}/other`, csrf },
    address: clientAddress(request, tenant.proxies),
    device: deviceOf(request, tenant) ?? newMark(),
    requestId: String(request.headers['x-request-id']),
    mark: formMark(request, response, tenant),
  };
}

async function answer(
  step: Step,
  request: IncomingMessage,
  response: ServerResponse,
  outcome: StepOutcome,
): Promise<void> {
  const { tenant } = step;
  const { clientId } = step.client;
  if ('problem' in outcome) return showProblem(tenant, response, outcome.problem, request, clientId);
  if ('page' in outcome) {
    const { retryAfter } = outcome;
    if (retryAfter !== undefined) response.setHeader('retry-after', String(retryAfter));
    return send(response, outcome.status ?? 200, outcome.page, tenant.pages.headers);
  }
  await noteConsent(step, outcome);
  if ('keepsDevice' in outcome) keepDevice(response, tenant, step.device);
  seeOther(response, await finish(step, outcome));
}

/** What a person agrees to, or does not, is on record before it counts. */
async function noteConsent(
  step: Step,
  outcome: Extract<StepOutcome, { done: unknown } | { denied: unknown }>,
): Promise<void> {
  const { tenant, interaction, client, user, requestId } = step;
  if (interaction.prompt.name !== 'consent') return;
  const patient = patientOf(step);
  const isDenied = 'denied' in outcome;
  await tenant.audit.note({
    at: Date.now(),
    happening: 'consent',
    outcome: isDenied ? 'refused' : 'done',
    who: { ...(user ? personOf(user) : NOBODY), clientId: client.clientId },
    requestId,
    ...(patient !== undefined && { patients: [patient] }),
    ...(isDenied && { reason: 'The person did not agree' }),
    ...(!isDenied && { detail: { scope: outcome.scope ?? text(interaction.params['scope']) ?? '' } }),
  });
}

/** Keeps the result for the library, which goes on at the address that is given back. */
async function finish(
  { tenant, interaction, results }: Step,
  outcome: Extract<StepOutcome, { done: unknown } | { denied: unknown }>,
): Promise<string> {
  if ('denied' in outcome) {
    const { denied, error = 'access_denied' } = outcome;
    interaction.result = { error, error_description: denied };
  } else {
    interaction.result = { ...results, ...outcome.done };
    if (outcome.scope !== undefined) interaction.params = { ...interaction.params, scope: outcome.scope };
    const login = outcome.done['login'] as StepResults['login'];
    if (login) await leaveSessionOfAnother(tenant, interaction, login.accountId);
  }
  await interaction.persist();
  return interaction.returnTo;
}

/** Who signs in as another person leaves the first one's session: it ends, and what was to last as long as it. */
async function leaveSessionOfAnother(
  tenant: SmartTenant,
  interaction: Interaction,
  accountId: string,
): Promise<void> {
  const { session } = interaction;
  if (!session || session.accountId === accountId) return;
  await endSession(tenant.tokens, session.uid);
  Object.assign(interaction, { session: undefined });
}

function showProblem(
  { name, pages, observe }: SmartTenant,
  response: ServerResponse,
  problem: Problem,
  request: IncomingMessage,
  clientId?: string,
): void {
  const requestId = String(request.headers['x-request-id']);
  const view = problemView(problem, requestId);
  const known = clientId === undefined ? {} : { clientId };
  observe({
    at: Date.now(),
    tenant: name,
    endpoint: 'interaction',
    outcome: 'refused',
    ...known,
    problem,
    requestId,
  });
  send(response, view.status, pages.problem(view), pages.headers);
}
