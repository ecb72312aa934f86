/**
 * Random and mutated requests at the open endpoints of a running server with the demo: the FHIR edge (with a token and without), authorize, token, register
 * and what is beside them. Nothing may be answered by 5xx or late, memory may not grow, and no personal text may come into a log or a metric.
 *
 *   node test/support/fuzz/run.ts --requests 1000000 [--seed 1] [--minutes 30] [--store sqlite:FOLDER]
 *
 * Prints a report as JSON on the last line; exit code 1 where something is wrong.
 */
import fc from 'fast-check';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request as openRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { signAssertion, type Jwk } from '../../../src/smart/backend-key.ts';
import { DEMO_SEED } from '../../../src/demo-wanted.ts';
import { demoRecords } from '../../../src/demo/records.ts';
import type { HttpRequest, Material } from '../../property/http/material.ts';
import type { Json } from '../../property/http/mutate.ts';
import { oauthRequests, type OAuthMaterial } from '../../property/http/oauth-requests.ts';
import { requests } from '../../property/http/requests.ts';
import { startServerProcess, type ServerProcess } from '../server-process.ts';
import { personalIn, personalTexts } from './personal.ts';
import { chance, vary } from './vary.ts';

export interface FuzzReport {
  readonly seed: number;
  readonly requests: number;
  readonly seconds: number;
  readonly slowest: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** MB of heap of all threads of the server, least of each tenth of the run */
  readonly heap: readonly number[];
  /** MB that the process held at the end of each tenth */
  readonly resident: readonly number[];
  readonly logLines: number;
  readonly faults: readonly string[];
}

const PATIENTS = 4;
const CONNECTIONS = 12;
const PATIENCE_MS = 10_000;
/** The first search by `_content` waits for its index (docs/adr/0030). */
const CONTENT_PATIENCE_MS = 30_000;
const asksForContent = ({ target, body }: HttpRequest): boolean =>
  /_content/.test(`${target} ${typeof body === 'string' ? body : ''}`);
const patienceFor = (sent: HttpRequest): number => (asksForContent(sent) ? CONTENT_PATIENCE_MS : PATIENCE_MS);
const BATCH = 400;
const MOST_FAULTS = 20;
/** From which word of an answer its insides would speak. */
const INSIDES =
  /node_modules|\.ts:\d+|\bat (?:async )?[\w.<>]+ \(|TypeError|RangeError|ReferenceError|Cannot read prop|is not a function|SQLITE_|ERR_[A-Z]{3}|MongoServerError/;

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly milliseconds: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

function exchange(base: URL, sent: HttpRequest): Promise<Answer> {
  const started = performance.now();
  const length = sent.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(sent.body)) };
  return new Promise((resolve, reject) => {
    const outgoing = openRequest(
      {
        agent,
        host: base.hostname,
        port: base.port,
        path: sent.target,
        method: sent.method,
        headers: { ...sent.headers, ...length },
        timeout: patienceFor(sent),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode!,
            text: Buffer.concat(chunks).toString('latin1'),
            milliseconds: performance.now() - started,
          }),
        );
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${patienceFor(sent)} ms`)));
    outgoing.on('error', reject);
    outgoing.end(sent.body);
  });
}

/** What the requests are made of: whole resources of the demo, with all that they tell of its people. */
function materialOf(): Material {
  const resources: { tree: Json; xml: string }[] = [];
  const ids: Record<string, string[]> = {};
  const taken = new Map<string, number>();
  for (const { entry = [] } of demoRecords({ patients: PATIENTS, seed: DEMO_SEED })) {
    for (const { resource } of entry) {
      const { resourceType, id } = resource!;
      const before = taken.get(resourceType) ?? 0;
      if (before >= 6 || JSON.stringify(resource).length > 3000) continue;
      taken.set(resourceType, before + 1);
      (ids[resourceType] ??= []).push(id!);
      const tree = resource as unknown as Json;
      resources.push({
        tree,
        xml: `<${resourceType} xmlns="http://hl7.org/fhir"><id value="${id}"/></${resourceType}>`,
      });
    }
  }
  return { ids, resources };
}

/** Tokens of the demo's backend service, which may read and write everything; a new one every few minutes. */
export async function tokenSource(origin: string, folder: string): Promise<() => Promise<string>> {
  const jwk = JSON.parse(readFileSync(join(folder, 'demo-backend.jwk.json'), 'utf8')) as Jwk;
  const endpoint = `${origin.replace('127.0.0.1', 'localhost')}/oidc/token`;
  let token = '';
  let until = 0;
  return async () => {
    if (Date.now() < until) return token;
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'system/*.cruds',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await signAssertion(jwk, 'demo-backend', endpoint),
    });
    const answer = await fetch(`${origin}/oidc/token`, { method: 'POST', body });
    const said = (await answer.json()) as { access_token?: string };
    if (said.access_token === undefined) throw new Error(`no token: ${JSON.stringify(said)}`);
    [token, until] = [said.access_token, Date.now() + 200_000];
    return token;
  };
}

export async function demoIsThere(origin: string, bearer: string): Promise<void> {
  for (let i = 0; i < 400; i++) {
    const answer = await fetch(`${origin}/fhir/Patient?_summary=count`, {
      headers: { authorization: `Bearer ${bearer}` },
    });
    if (((await answer.json()) as { total?: number }).total === PATIENTS) return;
    await sleep(100);
  }
  throw new Error('the demo was not loaded');
}

interface Memory {
  readonly heap: number;
  readonly resident: number;
}

async function memoryOf(origin: string): Promise<Memory & { readonly text: string }> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  const sum = (name: string): number =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? ([\\d.e+]+)$`, 'gm'))].reduce(
      (all, [, value]) => all + Number(value),
      0,
    );
  return {
    heap: sum('embergate_heap_bytes') / 1e6,
    resident: sum('process_resident_memory_bytes') / 1e6,
    text,
  };
}

const said = ({ method, target, headers, body }: HttpRequest): string =>
  `${method} ${target.slice(0, 400)} ${JSON.stringify(headers).slice(0, 400)} ${String(body).slice(0, 600)}`;

interface Run {
  readonly origin: string;
  readonly requests: number;
  readonly minutes: number;
  readonly seed: number;
  readonly fhir: fc.Arbitrary<HttpRequest>;
  readonly oauth: fc.Arbitrary<HttpRequest>;
  readonly token: () => Promise<string>;
  readonly personal: readonly string[];
  readonly server: ServerProcess;
  /** what the server has printed before the first request */
  readonly before: number;
}

/** Each of those that are made anew is sent with so many variants of it. */
const VARIANTS = 4;

/** A batch of both kinds, the same for the same seed. Most of those for FHIR carry a token. */
function batchOf({ seed, fhir, oauth }: Run, number: number, bearer: string): readonly HttpRequest[] {
  const options = { seed: seed + number, numRuns: BATCH / 2 / (VARIANTS + 1) };
  const random = chance(seed * 1_000_003 + number);
  const all = (one: HttpRequest): HttpRequest[] => [
    one,
    ...Array.from({ length: VARIANTS }, () => vary(one, random)),
  ];
  const record = fc.sample(fhir, options).flatMap((one, i) => {
    const authorization: Record<string, string> = i % 4 === 0 ? {} : { authorization: `Bearer ${bearer}` };
    return all({ ...one, target: `/fhir${one.target}`, headers: { ...one.headers, ...authorization } });
  });
  // Behind the proxies that the server was told of, each comes from an address of its own: else few would get past the limits.
  const from = (i: number): string => `2001:db8:${(number & 0xffff).toString(16)}:${i.toString(16)}::1`;
  const open = fc
    .sample(oauth, options)
    .flatMap(all)
    .map((one, i): HttpRequest => ({ ...one, headers: { ...one.headers, 'x-forwarded-for': from(i) } }));
  return record.flatMap((one, i) => [one, open[i]!]);
}

async function fuzz(run: Run): Promise<FuzzReport> {
  const statuses: Record<string, number> = {};
  const faults: string[] = [];
  const samples: Memory[] = [];
  let [done, slowest] = [0, 0];
  const began = performance.now();
  const one = async (sent: HttpRequest): Promise<void> => {
    const answer = await exchange(new URL(run.origin), sent).catch((error: unknown) => {
      faults.push(`${String(error)}: ${said(sent)}`);
      return undefined;
    });
    done++;
    if (!answer) return;
    slowest = Math.max(slowest, answer.milliseconds);
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    const inside = INSIDES.exec(answer.text)?.[0];
    if (answer.status >= 500 || (inside !== undefined && answer.status >= 400))
      faults.push(`${answer.status} ${inside ?? answer.text.slice(0, 200)}: ${said(sent)}`);
  };
  const until = began + run.minutes * 60_000;
  const goesOn = (): boolean =>
    done < run.requests && faults.length < MOST_FAULTS && performance.now() < until;
  for (let number = 0; goesOn(); number++) {
    const batch = batchOf(run, number, await run.token());
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < batch.length) await one(batch[next++]!);
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
    samples.push(await memoryOf(run.origin));
    if (number % 250 === 249) process.stderr.write(`${done} requests, ${faults.length} faults\n`);
  }
  const { text } = await memoryOf(run.origin);
  const log = run.server.output().slice(run.before);
  faults.push(...personalIn(text, run.personal).map((one) => `metrics: ${one}`));
  faults.push(...personalIn(log, run.personal).map((one) => `log: ${one}`));
  const tenths = Array.from({ length: 10 }, (_, i) =>
    samples.slice(Math.floor((samples.length * i) / 10), Math.floor((samples.length * (i + 1)) / 10)),
  ).filter((some) => some.length > 0);
  const round = (value: number): number => Math.round(value * 10) / 10;
  return {
    seed: run.seed,
    requests: done,
    seconds: round((performance.now() - began) / 1000),
    slowest: Math.round(slowest),
    statuses,
    heap: tenths.map((some) => round(Math.min(...some.map(({ heap }) => heap)))),
    resident: tenths.map((some) => round(some.at(-1)!.resident)),
    logLines: log.split('\n').length,
    faults,
  };
}

/** Starts a server, fuzzes it and stops it. */
export async function runFuzz(options: {
  readonly requests: number;
  readonly seed: number;
  /** it ends after so many, whatever is left */
  readonly minutes?: number;
  readonly store?: string;
}): Promise<FuzzReport> {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-fuzz-'));
  const server = await startServerProcess({
    STORE: options.store ?? `sqlite:${folder}`,
    ACCESS: 'smart',
    DEMO: 'on',
    DEMO_PATIENTS: String(PATIENTS),
    LOG_LEVEL: 'debug',
    WORKERS: '2',
    TRUSTED_PROXIES: '1',
    CLIENT_LIMIT: '0',
  });
  try {
    const origin = server.base.replace('/fhir', '');
    const token = await tokenSource(origin, folder);
    await demoIsThere(origin, await token());
    const personal = personalTexts(PATIENTS);
    const material: OAuthMaterial = {
      base: server.base.replace('127.0.0.1', 'localhost'),
      clientId: 'demo-confidential',
      secret: 'demo-secret',
      redirectUri: `${origin.replace('127.0.0.1', 'localhost')}/smart-apps/growth-chart/`,
      personal,
    };
    const { requests: count, seed, minutes = Infinity } = options;
    const before = server.output().length;
    const run = { origin, requests: count, minutes, seed, token, personal, server, before };
    return await fuzz({ ...run, fhir: requests(materialOf()), oauth: oauthRequests(material) });
  } finally {
    agent.destroy();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '30000' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: 'Infinity' },
      store: { type: 'string' },
    },
  });
  const { store } = values;
  const report = await runFuzz({
    requests: Number(values.requests),
    seed: Number(values.seed),
    minutes: Number(values.minutes),
    ...(store !== undefined && { store }),
  });
  console.log(JSON.stringify(report));
  process.exitCode = report.faults.length > 0 ? 1 : 0;
}
