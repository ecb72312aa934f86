/**
 * The `launch` parameter of an authorization request: used up here, once everything else of the request is right.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch
 */
import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import { claimLaunch, type LaunchFault } from './launch.ts';
import { refusal } from './problem.ts';
import type { SmartTenant } from './tenant.ts';

const SENTENCES: Readonly<Record<LaunchFault, string>> = {
  unknown: 'launch is not one that this server made',
  used: 'launch was used before: each one is good for one authorization request',
  expired: 'launch has expired: it is good for five minutes',
  client: 'launch was made for another app',
};

export async function checkLaunch(
  tenant: SmartTenant,
  _ctx: KoaContextWithOIDC,
  value: string | undefined,
  client: Client,
): Promise<void> {
  if (value === undefined) return;
  const claimed = await claimLaunch(tenant.tokens, value, client.clientId, Date.now());
  if (typeof claimed === 'string') throw refusal(SENTENCES[claimed], { kind: 'launch', fault: claimed });
}
