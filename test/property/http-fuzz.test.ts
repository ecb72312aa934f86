/**
 * Random requests at a running server: each is answered in time and in FHIR's words, none brings out a 5xx or the program's insides, and what is
 * refused changes nothing. FUZZ_SECONDS makes it run longer, FUZZ_SEED repeats a run. https://hl7.org/fhir/R4/http.html
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadDefinitions } from '../../src/definitions-file.ts';
import type { Definitions } from '../../src/fhir/definitions/registry.ts';
import { parseJson } from '../../src/fhir/model/json.ts';
import type { ResourceTree } from '../../src/fhir/model/tree.ts';
import { renderXml } from '../../src/fhir/model/xml.ts';
import { exampleNames, exampleText } from '../conformance/examples.ts';
import { apiOf, type Api } from '../support/api.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { closeConnections, exchange, faultsOf } from './http/exchange.ts';
import type { HttpRequest, Material } from './http/material.ts';
import type { Json } from './http/mutate.ts';
import { requests } from './http/requests.ts';

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 18);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_124);
const LARGEST = 8000;
/** Examples of a type that are taken. */
const EACH = 3;

let definitions: Definitions;
beforeAll(async () => {
  definitions = await loadDefinitions();
});
afterAll(closeConnections);

/** Small examples of every type, as they are in both formats. */
function examples(): Material['resources'] {
  const taken = new Map<string, number>();
  return exampleNames().flatMap((name) => {
    const type = name.slice(0, name.indexOf('-'));
    const before = taken.get(type) ?? 0;
    const text = before < EACH ? exampleText(name) : '';
    if (text === '' || text.length > LARGEST) return [];
    taken.set(type, before + 1);
    return [{ tree: JSON.parse(text) as Json, xml: renderXml(definitions, parseJson(text) as ResourceTree) }];
  });
}

/** Resources that the requests can meet: some with versions, some deleted, some that refer to others. */
async function populate(api: Api): Promise<Material['ids']> {
  for (const id of ['1', '2', '3', 'gone']) {
    const name = [{ family: `F${id}`, given: ['G', 'H'] }];
    const identifier = [{ system: 'http://x', value: id }];
    await api.put(`/Patient/${id}`, { resourceType: 'Patient', id, name, identifier, active: true });
  }
  await api.put('/Patient/2', { resourceType: 'Patient', id: '2', name: [{ family: 'Second' }] });
  await api.remove('/Patient/gone');
  for (const id of ['1', '2']) {
    const subject = { reference: `Patient/${id}` };
    const valueQuantity = { value: 5.4, unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' };
    const code = { coding: [{ system: 'http://loinc.org', code: '8302-2' }] };
    const observation = { resourceType: 'Observation', id, status: 'final', code, subject, valueQuantity };
    await api.put(`/Observation/${id}`, observation);
  }
  await api.put('/Binary/1', { resourceType: 'Binary', id: '1', contentType: 'text/plain', data: 'eA==' });
  return { Patient: ['1', '2', '3', 'gone', 'never'], Observation: ['1', '2'], Binary: ['1'] };
}

interface HistoryEntry {
  readonly fullUrl: string;
  readonly resource?: object;
  readonly response: { readonly etag: string };
}
interface HistoryBundle {
  readonly entry?: readonly HistoryEntry[];
  readonly link: readonly { readonly relation: string; readonly url: string }[];
}

/** The newest version of all: it is another one after anything was written. */
async function newest(api: Api): Promise<string> {
  const { body } = await api.get('/_history?_count=1');
  const [entry] = (body as HistoryBundle).entry ?? [];
  return `${entry?.fullUrl} ${entry?.response.etag}`;
}

const said = ({ method, target, headers, body }: HttpRequest): string =>
  `${method} ${target}\n${JSON.stringify(headers)}\n${typeof body === 'string' ? body : JSON.stringify(body)}`;

interface Run {
  readonly api: Api;
  readonly strict: boolean;
  readonly statuses: Map<number, number>;
  requests: number;
  slowest: number;
}

/** Sends one request and throws an error that tells request and answer if the answer is not as it must be. */
async function check(run: Run, sent: HttpRequest): Promise<void> {
  const before = await newest(run.api);
  const answer = await exchange(new URL(run.api.base), sent).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${said(sent)}`);
  });
  run.requests++;
  run.slowest = Math.max(run.slowest, answer.milliseconds);
  run.statuses.set(answer.status, (run.statuses.get(answer.status) ?? 0) + 1);
  const faults = faultsOf(definitions, sent, answer, run.strict);
  const refused = answer.status >= 400 || ['GET', 'HEAD', 'OPTIONS'].includes(sent.method);
  if (refused && (await newest(run.api)) !== before)
    faults.push('it was refused, and yet something was written');
  if (faults.length === 0) return;
  throw new Error(`${faults.join('; ')}\n${said(sent)}\n-> ${answer.status} ${answer.text.slice(0, 2000)}`);
}

function report({ strict, requests, slowest, statuses }: Run): void {
  const counts = [...statuses].sort(([a], [b]) => a - b).map((pair) => pair.join(': '));
  const name = `http-fuzz ${strict ? 'with' : 'without'} validation`;
  process.stderr.write(
    `${name}: seed ${SEED}, ${requests} requests, slowest ${slowest.toFixed()} ms, by status ${counts.join(', ')}\n`,
  );
}

/** Every version of every resource by its URL, newest first. */
async function wholeHistory(api: Api): Promise<Map<string, HistoryEntry[]>> {
  const versions = new Map<string, HistoryEntry[]>();
  let url: string | undefined = '/_history?_count=500';
  while (url !== undefined) {
    const bundle: HistoryBundle = (await api.get(url)).body as HistoryBundle;
    for (const one of bundle.entry ?? [])
      versions.set(one.fullUrl, [...(versions.get(one.fullUrl) ?? []), one]);
    url = bundle.link.find(({ relation }) => relation === 'next')?.url;
  }
  return versions;
}

describe.each([
  { validation: 'strict', share: 2 / 3 },
  { validation: 'off', share: 1 / 3 },
])('random requests, VALIDATION=$validation', ({ validation, share }) => {
  let server: TestServer;
  let api: Api;
  let material: Material;
  beforeAll(async () => {
    server = await startServer({ STORE: 'sqlite::memory:', VALIDATION: validation });
    api = apiOf(server.base);
    material = { ids: await populate(api), resources: examples() };
  });
  afterAll(() => server.stop());

  it(
    'are all answered, in time, in FHIR, and refused ones change nothing',
    async () => {
      const run: Run = { api, strict: validation === 'strict', statuses: new Map(), requests: 0, slowest: 0 };
      let last: Promise<void> = Promise.resolve();
      const one = fc.asyncProperty(requests(material), (sent) => (last = check(run, sent)));
      const limit = SECONDS * share * 1000;
      await fc.assert(one, {
        seed: SEED,
        numRuns: 10_000_000,
        interruptAfterTimeLimit: limit,
        markInterruptAsFailure: false,
      });
      // The time limit does not wait for the request in work.
      await last;
      report(run);
      for (const status of [200, 201, 400, 404]) expect(run.statuses.get(status)).toBeGreaterThan(0);
    },
    SECONDS * 1000 + 60_000,
  );

  it('leave a store in which reads, versions and searches agree', async () => {
    const versions = await wholeHistory(api);
    let living = 0;
    for (const [url, own] of versions) {
      const numbers = own.map(({ response }) => Number(/\d+/.exec(response.etag)));
      expect(numbers).toEqual(own.map((_, i) => own.length - i));
      const headers = { accept: 'application/fhir+json' };
      const read = await api.get(new URL(url).pathname.replace('/fhir', ''), headers);
      const { resource } = own[0]!;
      expect(resource ? read.body : read.status).toEqual(resource ?? 410);
      if (resource) living++;
    }
    expect((await api.get('/?_summary=count')).body.total).toBe(living);
  }, 60_000);
});
