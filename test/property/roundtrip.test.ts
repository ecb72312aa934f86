/**
 * What is stored is what was sent: every example of R4 goes to the server and comes back with its property order and decimals, in JSON and in XML;
 * only id and meta are the server's. A sample, or with ROUNDTRIP=all every one. https://hl7.org/fhir/R4/json.html, https://hl7.org/fhir/R4/xml.html
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { loadDefinitions } from '../../src/definitions-file.ts';
import type { Definitions } from '../../src/fhir/definitions/registry.ts';
import { parseJson, stringifyJson } from '../../src/fhir/model/json.ts';
import { isObject, type JsonObject, type JsonValue, type ResourceTree } from '../../src/fhir/model/tree.ts';
import { parseXml, renderXml } from '../../src/fhir/model/xml.ts';
import { exampleNames, exampleText } from '../conformance/examples.ts';
import { apiOf, type Api } from '../support/api.ts';
import { startServer, type TestServer } from '../support/server.ts';

const SEED = process.env.ROUNDTRIP_SEED ?? '20261124';
/** How many of the sample go in each format: XML takes several times as long. */
const SAMPLE = { json: 400, xml: 160 };
const PARALLEL = 4;
const FHIR_XML = 'application/fhir+xml';

let definitions: Definitions;
let server: TestServer;
let api: Api;
beforeAll(async () => {
  definitions = await loadDefinitions();
  server = await startServer({ STORE: 'sqlite::memory:', VALIDATION: 'off', REFERENTIAL_INTEGRITY: 'off' });
  api = apiOf(server.base);
});
afterAll(() => server.stop());

const typeOf = (name: string): string => name.slice(0, name.indexOf('-'));
const lot = (name: string): string => createHash('sha256').update(`${SEED} ${name}`).digest('hex');

/** All examples, or as many as the sample has: one of every type, and others by lot. */
function chosen(format: 'json' | 'xml'): string[] {
  const byLot = exampleNames().sort((a, b) => (lot(a) < lot(b) ? -1 : 1));
  if (process.env.ROUNDTRIP === 'all') return byLot;
  const firsts = [...new Map(byLot.map((name) => [typeOf(name), name])).values()];
  return [...new Set([...firsts, ...byLot])].slice(0, SAMPLE[format]);
}

/** The text without what the server sets: the id, and version and instant of meta; a meta that holds nothing else is left out. */
function ours(tree: ResourceTree): string {
  const kept: JsonObject = {};
  for (const [name, value] of Object.entries(tree)) {
    if (name === 'id') continue;
    if (name !== 'meta' || !isObject(value)) {
      kept[name] = value;
      continue;
    }
    const { versionId: _version, lastUpdated: _instant, ...meta } = value;
    if (Object.keys(meta).length > 0) kept['meta'] = meta;
  }
  return stringifyJson(kept);
}

/**
 * XML has the order of the definitions: trees are compared with their names in order of the alphabet. And to XML every end of a line in a narrative is
 * a line feed. https://www.w3.org/TR/xml/#sec-line-ends
 */
function sorted(value: JsonValue, name = ''): JsonValue {
  if (typeof value === 'string' && name === 'div') return value.replace(/\r\n?/g, '\n');
  if (Array.isArray(value)) return value.map((one) => sorted(one));
  if (!isObject(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((one) => [one, sorted(value[one]!, one)]));
}

/** An id that the server takes, whatever the example is called. */
const idOf = (name: string, format: string): string => `${format}-${lot(name).slice(0, 40)}`;

/** Runs the check for every chosen example, and tells what was amiss by the example's name. */
async function forEach(
  format: 'json' | 'xml',
  check: (name: string) => Promise<string | undefined>,
): Promise<string[]> {
  const names = chosen(format);
  const faults: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let name = names[next++]; name !== undefined; name = names[next++]) {
      const fault = await check(name);
      if (fault !== undefined) faults.push(`${name}: ${fault}`);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: PARALLEL }, work));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stderr.write(
    `roundtrip: ${names.length} examples as ${format} in ${seconds} s, ${faults.length} amiss\n`,
  );
  expect(names.length).toBeGreaterThanOrEqual(SAMPLE[format]);
  return faults;
}

/** Where two texts part. */
function parting(sent: string, read: string): string | undefined {
  if (sent === read) return undefined;
  let at = 0;
  while (sent[at] === read[at]) at++;
  const from = Math.max(0, at - 40);
  return `sent …${sent.slice(from, at + 60)}… but read …${read.slice(from, at + 60)}…`;
}

describe('examples of R4', () => {
  it('come back in JSON as they were sent', async () => {
    const faults = await forEach('json', async (name) => {
      const tree = { ...(parseJson(exampleText(name)) as ResourceTree), id: idOf(name, 'j') };
      const path = `/${tree.resourceType}/${tree.id}`;
      const sent = await api.put(path, stringifyJson(tree));
      if (sent.status !== 201) return `PUT answers ${sent.status} ${sent.text.slice(0, 300)}`;
      const read = await api.get(path, { accept: 'application/fhir+json' });
      if (read.text !== sent.text) return 'the read has another text than the answer to the PUT';
      return parting(ours(tree), ours(parseJson(read.text, { depth: 200 }) as ResourceTree));
    });
    expect(faults).toEqual([]);
  }, 1_800_000);

  it('come back in XML and JSON as they were sent in XML', async () => {
    const headers = { 'content-type': FHIR_XML, accept: FHIR_XML };
    const faults = await forEach('xml', async (name) => {
      const tree = { ...(parseJson(exampleText(name)) as ResourceTree), id: idOf(name, 'x') };
      const path = `/${tree.resourceType}/${tree.id}`;
      const xml = renderXml(definitions, tree);
      const sent = await api.put(path, xml, headers);
      if (sent.status !== 201) return `PUT answers ${sent.status} ${sent.text.slice(0, 300)}`;
      const read = await api.get(path, headers);
      const json = await api.get(path, { accept: 'application/fhir+json' });
      const whole = ours(parseXml(definitions, xml));
      return (
        parting(whole, ours(parseXml(definitions, read.text))) ??
        parting(whole, ours(parseJson(json.text) as ResourceTree)) ??
        parting(ours(sorted(tree) as ResourceTree), ours(sorted(parseJson(json.text)) as ResourceTree))
      );
    });
    expect(faults).toEqual([]);
  }, 1_800_000);
});
