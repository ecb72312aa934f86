// What access costs: the server with ACCESS=open and with ACCESS=smart by turns, on one store, and how fast it gives out tokens.
// https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { secretId, type AccessTokenPayload } from '../src/access/access-token.ts';
import { openStores } from '../src/compose.ts';
import { readConfig } from '../src/config.ts';
import { newBackendKeys, signAssertion, type BackendAlgorithm } from '../src/smart/backend-key.ts';
import { saveClient } from '../src/smart/registered-clients.ts';
import type { TenantStore } from '../src/store/ports.ts';
import type { Job, Request } from './job.ts';
import { measure, type Context, type Measurement } from './measure.ts';
import type { AccessName, Options } from './options.ts';
import * as records from './records.ts';
import { sideOfAll, type Side } from './report.ts';
import { putResource, seedServer } from './seed.ts';
import { spreadOf, type Spread } from './statistics.ts';
import { emptyStore, startSubject, type Stage, type Subject } from './subjects.ts';
import { BASE } from './workloads.ts';

export type AccessFigure = {
  readonly name: AccessName;
  readonly title: string;
  readonly open?: Side;
  readonly smart: Side;
  /** CPU time of a request beyond that with ACCESS=open, as a share of it, pair by pair */
  readonly addedCpu?: Spread;
  /** the same of the time: rate of the one over that of the other */
  readonly addedTime?: Spread;
};

type Bench = {
  readonly options: Options;
  readonly stage: Stage;
  readonly context: Context;
  readonly say: (text: string) => void;
};

type Two = { readonly open: Subject; readonly smart: Subject };

const WARM_SHARE = 0.5;
const PAGE = 20;
const HOUR_MS = 3_600_000;
const APP = 'bench-app';
const SCOPE = 'launch/patient openid fhirUser patient/Patient.rs patient/Observation.rs patient/Condition.rs';

/** Runs all of it; the figures are printed as they come. */
export async function runAccess(
  bench: Bench,
  names: readonly AccessName[],
): Promise<readonly AccessFigure[]> {
  const { stage, options, say } = bench;
  const store = emptyStore(stage, join(stage.folder, 'access'));
  await withServer(stage, store, 'open', async (server) => {
    await seedServer(server, { patients: options.patients, withHistory: 0 });
    if (options.policy !== undefined) await putResource(server, readFileSync(options.policy, 'utf8'));
  });
  const tokens = await withTenant(store, (tenant) => giveTokens(tenant, options.patients));
  const two: Two = {
    open: await startSubject('server', stage, { store, access: 'open' }),
    smart: await startSubject('server', stage, { store, access: 'smart' }),
  };
  const figures: AccessFigure[] = [];
  try {
    await withTenant(store, (tenant) => setAudience(tenant, tokens, baseOf(two.smart)));
    say(head());
    for (const workload of WORKLOADS)
      if (names.includes(workload.name)) figures.push(await compare(bench, two, workload, tokens));
    for (const alg of ['ES384', 'RS384'] as const)
      if (names.includes(tokenName(alg))) figures.push(await issue(bench, store, two.smart, alg));
  } finally {
    await Promise.all([two.open.stop(), two.smart.stop()]);
  }
  return figures;
}

const baseOf = ({ port }: Subject): string => `http://127.0.0.1:${port}${BASE}`;

async function withServer(
  stage: Stage,
  store: string,
  access: 'open' | 'smart',
  work: (server: Subject) => Promise<void>,
): Promise<void> {
  const server = await startSubject('server', stage, { store, access });
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

export async function withTenant<T>(store: string, work: (tenant: TenantStore) => Promise<T>): Promise<T> {
  const stores = await openStores(readConfig({ STORE: store, ACCESS: 'open' }));
  try {
    return await work(await stores.tenant('default'));
  } finally {
    await stores.close();
  }
}

/** One token a patient, of the shape that a launch gives. */
export async function giveTokens(tenant: TenantStore, patients: number): Promise<readonly string[]> {
  const client = {
    client_id: APP,
    redirect_uris: ['http://127.0.0.1/'],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  } as const;
  await saveClient(tenant.tokens, client);
  return Array.from({ length: patients }, () => randomBytes(32).toString('base64url'));
}

/** The records of the tokens: what they are for is known once the server has its port. */
export async function setAudience(
  tenant: TenantStore,
  tokens: readonly string[],
  aud: string,
): Promise<void> {
  const now = Date.now();
  const seconds = Math.floor(now / 1000);
  const puts = tokens.map((token, patient) => {
    const payload: AccessTokenPayload = {
      kind: 'AccessToken',
      clientId: APP,
      accountId: 'bench-account',
      grantId: `bench-grant-${patient}`,
      scope: SCOPE,
      aud,
      iat: seconds,
      exp: seconds + HOUR_MS / 1000,
      extra: {
        patient: records.patientId(patient),
        fhirUser: `Patient/${records.patientId(patient)}`,
        need_patient_banner: true,
      },
    };
    return tenant.tokens.put({
      model: 'AccessToken',
      id: secretId(token),
      payload: JSON.stringify(payload),
      expiresAt: now + HOUR_MS,
      clientId: APP,
      accountId: 'bench-account',
      grantId: payload.grantId,
    });
  });
  await Promise.all(puts);
}

type Workload = {
  readonly name: AccessName;
  readonly title: string;
  readonly paths: (patient: number) => readonly string[];
};

const READS_A_PATIENT = 40;

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'access-read',
    title: 'read by id',
    paths: (patient) =>
      Array.from(
        { length: READS_A_PATIENT },
        (_, index) => `Observation/${records.observationId(patient, index)}`,
      ),
  },
  {
    name: 'access-search',
    title: 'search by patient',
    paths: (patient) => [`Observation?patient=Patient/${records.patientId(patient)}&_count=${PAGE}`],
  },
  {
    name: 'access-search-code',
    title: 'search by patient+code',
    paths: (patient) =>
      records.SEARCHED_CODES.map(
        (code) =>
          `Observation?patient=Patient/${records.patientId(patient)}&code=http://loinc.org|${code}&_count=${PAGE}`,
      ),
  },
  {
    name: 'access-search-all',
    title: 'search without a patient',
    paths: (patient) => [`Observation?_count=${PAGE}&date=ge20${String(10 + (patient % 10))}`],
  },
];

/** Every request carries the token of its patient; the open server does not look at it. */
export function requestsOf({ paths }: Workload, tokens: readonly string[]): readonly Request[] {
  return tokens.flatMap((token, patient) =>
    paths(patient).map((path) => ({
      method: 'GET',
      path: `${BASE}/${path}`,
      headers: { authorization: `Bearer ${token}` },
    })),
  );
}

async function compare(
  bench: Bench,
  two: Two,
  workload: Workload,
  tokens: readonly string[],
): Promise<AccessFigure> {
  const { options, context, say } = bench;
  const requests = requestsOf(workload, tokens);
  const run = (subject: Subject, seconds: number): Promise<Measurement> => {
    const job: Job = {
      kind: 'cycle',
      requests,
      port: subject.port,
      connections: options.connections,
      seconds,
    };
    return measure(context, subject, job);
  };
  for (const subject of [two.open, two.smart]) await run(subject, options.seconds * WARM_SHARE);
  const pairs: { open: Measurement; smart: Measurement }[] = [];
  for (let index = 0; index < options.pairs; index++)
    pairs.push({ open: await run(two.open, options.seconds), smart: await run(two.smart, options.seconds) });
  const figure: AccessFigure = {
    name: workload.name,
    title: workload.title,
    open: sideOfAll(pairs.map(({ open }) => open)),
    smart: sideOfAll(pairs.map(({ smart }) => smart)),
    ...(pairs.every(({ open, smart }) => open.cpu && smart.cpu) && {
      addedCpu: spreadOf(pairs.map(({ open, smart }) => smart.cpu! / open.cpu! - 1)),
    }),
    addedTime: spreadOf(pairs.map(({ open, smart }) => open.rate / smart.rate - 1)),
  };
  say(row(figure));
  return figure;
}

const tokenName = (alg: BackendAlgorithm): AccessName =>
  `access-token-${alg === 'ES384' ? 'es384' : 'rs384'}`;

const ISSUED = { quick: 40, full: 1500 };

/** Client credentials with a signed assertion each, over real HTTP. The assertions are signed beforehand: that is the client's work. */
async function issue(
  bench: Bench,
  store: string,
  smart: Subject,
  alg: BackendAlgorithm,
): Promise<AccessFigure> {
  const { options, context, say } = bench;
  const clientId = `bench-backend-${alg.toLowerCase()}`;
  const { privateJwk, publicJwk } = await newBackendKeys(alg);
  await withTenant(store, ({ tokens }) =>
    saveClient(tokens, {
      client_id: clientId,
      redirect_uris: [],
      grant_types: ['client_credentials'],
      response_types: [],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ ...publicJwk }] },
      smart_scopes: 'system/*.rs',
    }),
  );
  const endpoint = `http://127.0.0.1:${smart.port}/oidc/token`;
  const run = async (count: number): Promise<Measurement> => {
    const requests = await Promise.all(
      Array.from({ length: count }, async () =>
        tokenRequest(await signAssertion(privateJwk, clientId, endpoint)),
      ),
    );
    return measure(context, smart, {
      kind: 'once',
      port: smart.port,
      connections: options.connections,
      requests,
    });
  };
  const count = options.quick ? ISSUED.quick : ISSUED.full;
  await run(Math.ceil(count * WARM_SHARE));
  const measured: Measurement[] = [];
  for (let index = 0; index < options.pairs; index++) measured.push(await run(count));
  const title = `token by client credentials, ${alg}`;
  const figure: AccessFigure = {
    name: tokenName(alg),
    title,
    smart: sideOfAll(measured),
  };
  say(row(figure));
  return figure;
}

function tokenRequest(assertion: string): Request {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    scope: 'system/Patient.rs system/Observation.rs',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  });
  return {
    method: 'POST',
    path: '/oidc/token',
    body: body.toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
  };
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const fixed = (value: number | undefined, digits: number): string => value?.toFixed(digits) ?? '-';
const percent = (value: number | undefined): string =>
  value === undefined ? '-' : `${value < 0 ? '' : '+'}${(value * 100).toFixed(0)} %`;
const between = (spread: Spread | undefined): string =>
  spread === undefined ? '-' : `${percent(spread.least)} to ${percent(spread.most)}`;

const COLUMNS: readonly (readonly [head: string, width: number, cell: (figure: AccessFigure) => string])[] = [
  ['access', -34, ({ title }) => title],
  ['smart/s', 9, ({ smart }) => whole(smart.rate.median)],
  ['open/s', 9, ({ open }) => (open ? whole(open.rate.median) : '-')],
  ['CPU s/1000', 11, ({ smart }) => fixed(smart.cpuPer1000, 3)],
  ['open', 7, ({ open }) => fixed(open?.cpuPer1000, 3)],
  ['added CPU', 10, ({ addedCpu }) => percent(addedCpu?.median)],
  ['least-most', 18, ({ addedCpu }) => between(addedCpu)],
  ['added time', 11, ({ addedTime }) => percent(addedTime?.median)],
  ['p50 ms', 8, ({ smart }) => fixed(smart.p50Ms, 2)],
  ['p99 ms', 8, ({ smart }) => fixed(smart.p99Ms, 2)],
];

const pad = (text: string, width: number): string => (width < 0 ? text.padEnd(-width) : text.padStart(width));
const head = (): string => COLUMNS.map(([name, width]) => pad(name, width)).join(' ');
const row = (figure: AccessFigure): string =>
  COLUMNS.map(([, width, cell]) => pad(cell(figure), width)).join(' ');
