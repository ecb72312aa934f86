/** What the pages are given of the house: the record through the same door as any client's requests, and what may be launched. */
import type { CapabilityStatement } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { OPEN_ACCESS } from './access/context.ts';
import type { Composition } from './compose.ts';
import type { Config } from './config.ts';
import { accountDesk, type DeskOptions } from './desk-account.ts';
import { consoleDesk } from './desk-console.ts';
import { securityDesk } from './desk-security.ts';
import { DEMO_SEED, hasDemo } from './demo-wanted.ts';
import { dispatch } from './rest/dispatch.ts';
import type { TenantRecord } from './rest/record.ts';
import { ACR } from './smart/acr.ts';
import { accounts } from './smart/accounts.ts';
import { chartAlerts } from './smart/chart-alerts.ts';
import { plainName } from './smart/app-view.ts';
import { claimLaunch, createLaunch } from './smart/launch.ts';
import { clientOf, someClients, type ClientRecord } from './smart/registered-clients.ts';
import { recordChart, type ChartOptions } from './smart/record-chart.ts';
import { userAccess } from './smart/user-access.ts';
import { metricsText } from './telemetry/metrics.ts';
import type { AppOptions } from './web/app.ts';
import { ownAssets } from './web/assets.ts';
import type { Launching } from './web/launching.ts';
import type { LaunchApp } from './web/sample-apps.ts';

const SITE = 'Embergate';
/** A choice of more is no choice: the launcher offers so many. */
const MOST_PATIENTS = 100;
const MOST_VISITS = 50;
const MOST_CLIENTS = 100;

export function frontDesk(composition: Composition, config: Config, version: string): AppOptions {
  const { publicUrl } = config;
  const record = async (): Promise<TenantRecord> => (await composition.record('default'))!;
  return {
    ready: async () => (await record()).store.ping(),
    metrics: metricsText,
    site: { name: SITE, version, publicUrl, assets: ownAssets(), now: Date.now },
    statement: async () => statementOf(await record(), `${publicUrl}/fhir`),
    launching: launchingOf(record, config),
    ...(config.access === 'smart' && desksOf({ composition, publicUrl, site: SITE }, config)),
  };
}

/** For those who are signed in; where no one is asked to, there is no one. */
const desksOf = (options: DeskOptions, { consoleSignIn }: Config) => ({
  account: accountDesk(options),
  security: securityDesk(options.composition),
  console: consoleDesk(options, ACR[consoleSignIn === 'auto' ? 'mfa' : consoleSignIn]),
});

const statements = new WeakMap<Uint8Array, CapabilityStatement>();

/** As any client gets it. Its half megabyte is made once by the server, and read once here. */
async function statementOf(record: TenantRecord, baseUrl: string): Promise<CapabilityStatement> {
  const request = {
    method: 'GET',
    path: ['metadata'],
    query: [],
    headers: {},
    baseUrl,
    id: randomUUID(),
  } as const;
  const { response } = await dispatch(record, OPEN_ACCESS, request);
  if (response.body?.kind !== 'bytes') throw new TypeError('The capability statement is not a text');
  const { bytes } = response.body;
  let statement = statements.get(bytes);
  if (!statement) {
    statement = JSON.parse(Buffer.from(bytes).toString()) as CapabilityStatement;
    statements.set(bytes, statement);
  }
  return statement;
}

/** An app of someone else that a chart can open. Those of the demo stand in the gallery already. */
function appOf({
  client_id: clientId,
  client_name: name,
  launch_uri: launchUrl,
  demo,
}: ClientRecord): LaunchApp[] {
  if (demo || launchUrl === undefined || !/^https?:/.test(launchUrl)) return [];
  return [
    { clientId, name: plainName(name) || clientId, modes: ['ehr', 'standalone'], launchUrl, isOurs: false },
  ];
}

function launchingOf(record: () => Promise<TenantRecord>, config: Config): Launching {
  const base = `${config.publicUrl}/fhir`;
  const options: ChartOptions = {
    record,
    access: async (user) => userAccess(await record(), base, user),
    baseUrl: base,
  };
  const chart = recordChart(options);
  const tokens = async () => (await record()).store.tokens;
  return {
    base,
    child: async () => (await import('./demo/records.ts')).demoIdentities(DEMO_SEED).child,
    hasDemo: async () => hasDemo(config, (await record()).store),
    users: async () =>
      (await accounts(await tokens(), Date.now())).filter(({ demo, disabled }) => demo && !disabled),
    apps: async () => (await someClients(await tokens(), Date.now(), MOST_CLIENTS)).flatMap(appOf),
    app: async (id) => {
      const client = await clientOf(await tokens(), id, Date.now());
      return client && appOf(client)[0];
    },
    patient: (user, id) => chart.patient(user, id),
    patients: async (user) => (await chart.patients(user, { count: MOST_PATIENTS })).patients,
    encounters: (user, patient) => chart.encounters(user, patient, MOST_VISITS),
    banner: async (user, id) => {
      const [patient, alerts] = await Promise.all([chart.patient(user, id), chartAlerts(options, user, id)]);
      return patient && { patient, ...alerts };
    },
    create: async (launch, now) => createLaunch(await tokens(), launch, now),
    spend: async (handle, clientId, now) => void (await claimLaunch(await tokens(), handle, clientId, now)),
  };
}
