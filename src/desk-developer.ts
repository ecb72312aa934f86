/** What the developer's pages are given of the house, and how the events of apps come to their log. */
import { randomUUID } from 'node:crypto';
import type { Composition } from './compose.ts';
import type { Config } from './config.ts';
import { hasDemo } from './demo-wanted.ts';
import type { Issue } from './fhir/model/outcome.ts';
import { explainAccess, type Explanation } from './rest/explain-access.ts';
import type { Observation } from './rest/http/edge.ts';
import type { AppEvent, FhirEvent } from './smart/developer/app-events.ts';
import type { SmartEvent } from './smart/events.ts';
import { tenantKeys } from './smart/sealing.ts';
import { eventLog, type EventLog } from './telemetry/event-log.ts';
import { DEEDS, type Trial, type Workshop } from './web/developer/workshop.ts';

/** The log of this thread, which asks the others. */
export const appLog = (): EventLog<AppEvent> => eventLog<AppEvent>('app-events');

export function recordSmart(log: EventLog<AppEvent>, event: SmartEvent): void {
  if (event.clientId !== undefined) log.record(event.clientId, { at: event.at, kind: 'oauth', event });
}

/** Requests with a token of an app; of a request without one nobody can say whose it is. */
export function recordFhir(log: EventLog<AppEvent>, seen: Observation): void {
  const { exchange, status, requestId, method, interaction } = seen;
  const clientId = exchange?.who.clientId;
  if (exchange === undefined || clientId === undefined) return;
  const { path, query } = exchange.request;
  const at = Date.now();
  const event: FhirEvent = {
    at,
    method,
    interaction,
    path,
    query,
    status,
    requestId,
    issues: issuesOf(seen),
  };
  log.record(clientId, { at, kind: 'fhir', event });
}

function issuesOf({ status, exchange }: Observation): readonly Issue[] {
  const body = exchange?.response.body;
  if (status < 400 || body?.kind !== 'tree') return [];
  const { issue } = body.tree as unknown as { readonly issue?: readonly Issue[] };
  return issue?.slice(0, 3) ?? [];
}

export function workshopOf(composition: Composition, config: Config, log: EventLog<AppEvent>): Workshop {
  const record = async () => (await composition.record('default'))!;
  const base = `${config.publicUrl}/fhir`;
  return {
    base,
    isDemo: async () => hasDemo(config, (await record()).store),
    tokens: async () => (await record()).store.tokens,
    keys: async () => tenantKeys((await record()).store.secret),
    events: (clientId) => log.recent(clientId),
    tryUrl: async (grantee, method, url) =>
      trialOf(await explainAccess(await record(), grantee, method, url, { base })),
    note: async (deed, clientId, address) =>
      (await record()).audit.note({
        at: Date.now(),
        happening: deed === 'register' ? 'registration' : 'administration',
        outcome: 'done',
        who: { kind: 'nobody', clientId },
        requestId: randomUUID(),
        reason: DEEDS[deed],
        detail: { address, app: clientId },
      }),
    proxies: config.trustedProxies,
  };
}

const SAYS = {
  allows: 'allows it',
  refuses: 'does not allow it',
  limits: 'limits it',
  waits: 'waits for a purpose of use',
} as const;

function trialOf({ allowed, wouldFilter, decision, rules, scope }: Explanation): Trial {
  return {
    decision: !allowed ? 'refused' : wouldFilter ? 'filtered' : 'allowed',
    says: scope === '' ? decision : `${decision}. What of it may be met: ${scope}`,
    rules: rules.map(({ rule, says, source }) => ({ name: source, says: `${rule}: ${SAYS[says]}` })),
  };
}
