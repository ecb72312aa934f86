/**
 * Compiles the pristine R4 definitions of the npm package hl7.fhir.r4.examples once into one compact file under .cache/. Does nothing when it is fresh.
 * https://hl7.org/fhir/R4/downloads.html
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import {
  compileCompartment,
  compileSearchParameter,
  compileTypes,
  type ConformanceResource,
  type StructureDefinition,
} from '../src/fhir/definitions/compile.ts';
import { MAGIC, type Header } from '../src/fhir/definitions/file.ts';
import { definitionsPath } from '../src/definitions-file.ts';

const ROOT = resolve(import.meta.dirname, '..');
const PACKAGE = join(ROOT, 'node_modules', 'hl7.fhir.r4.examples');

/** The bundles of the core specification; everything else in the package is an example. */
const BUNDLES = [
  'Bundle-types.json',
  'Bundle-resources.json',
  'Bundle-profiles-others.json',
  'Bundle-extensions.json',
  'Bundle-searchParams.json',
  'Bundle-valuesets.json',
  'Bundle-v3-valuesets.json',
  'Bundle-v2-valuesets.json',
  'Bundle-conceptmaps.json',
];
const KEPT = new Set([
  'StructureDefinition',
  'SearchParameter',
  'CompartmentDefinition',
  'OperationDefinition',
  'ValueSet',
  'CodeSystem',
  'ConceptMap',
]);

/** Examples of the specification that its bundles carry along. */
const EXAMPLE = /\/(?:CodeSystem|ValueSet|ConceptMap)\/example(?:-|\d|$)/;
/** The bundle of concept maps lacks those from the status codes of each type to the canonical ones. */
const STATUS_MAP = /^ConceptMap-sc-.*\.json$/;

/** All conformance resources of the core, each url once. `tell` is called with the share that is read. */
function coreResources(tell: (share: number) => void): ConformanceResource[] {
  const all = new Map<string, ConformanceResource>();
  const add = (resource: ConformanceResource): void => {
    if (!KEPT.has(resource.resourceType) || !resource.url || EXAMPLE.test(resource.url)) return;
    all.set(`${resource.resourceType} ${resource.url}`, resource);
  };
  for (const [i, name] of BUNDLES.entries()) {
    for (const { resource } of (read(name) as { entry: { resource: ConformanceResource }[] }).entry)
      add(resource);
    tell((i + 1) / BUNDLES.length);
  }
  for (const name of readdirSync(PACKAGE).filter((file) => STATUS_MAP.test(file)))
    add(read(name) as ConformanceResource);
  return [...all.values()];
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(PACKAGE, name), 'utf8'));

/** Narratives are left out: they are three quarters of the text, and nobody reads them here. */
function packed(resource: ConformanceResource): Buffer {
  const { text: _narrative, ...rest } = resource as ConformanceResource & { text?: unknown };
  return deflateRawSync(JSON.stringify(rest), { level: 9 });
}

function compile(tell: (share: number) => void): Buffer {
  const resources = coreResources(tell);
  const of = <T>(type: string): T[] =>
    resources.filter(({ resourceType }) => resourceType === type) as unknown as T[];
  const bodies = resources.map(packed);
  let offset = 0;
  const conformance = resources.map(({ resourceType, url, version }, i): Header['conformance'][number] => {
    const row = [resourceType, url!, version ?? '', offset, bodies[i]!.length] as const;
    offset += bodies[i]!.length;
    return row;
  });
  const header: Header = {
    fhirVersion: '4.0.1',
    types: of<StructureDefinition>('StructureDefinition').flatMap(compileTypes),
    searchParameters:
      of<Parameters<typeof compileSearchParameter>[0]>('SearchParameter').map(compileSearchParameter),
    compartments:
      of<Parameters<typeof compileCompartment>[0]>('CompartmentDefinition').map(compileCompartment),
    conformance,
  };
  const head = deflateRawSync(JSON.stringify(header), { level: 9 });
  const start = Buffer.alloc(8);
  start.write(MAGIC, 'latin1');
  start.writeUInt32BE(head.length, 4);
  return Buffer.concat([start, head, ...bodies]);
}

/** What the file depends on: the package's version and the code that makes it. */
function stamp(): string {
  const hash = createHash('sha256').update(readFileSync(join(PACKAGE, 'package.json')));
  for (const file of [
    'scripts/build-definitions.ts',
    ...['compile', 'errata', 'file'].map((name) => `src/fhir/definitions/${name}.ts`),
  ]) {
    hash.update(readFileSync(join(ROOT, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** A line that is drawn over on a terminal, and stands once elsewhere. */
function teller(): (share: number) => void {
  const text = 'Compiling the FHIR R4 definitions …';
  if (!process.stderr.isTTY) {
    process.stderr.write(`${text}\n`);
    return () => undefined;
  }
  process.stderr.write(text);
  return (share) => process.stderr.write(`\r${text} ${Math.round(share * 100)} %${share === 1 ? '\n' : ''}`);
}

/** Whoever builds at the same time makes a draft of its own; the last rename wins, and all drafts are the same. */
function build(path: string, stampPath: string, wanted: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, compile(teller()));
  rmSync(stampPath, { force: true });
  renameSync(draft, path);
  writeFileSync(stampPath, wanted);
}

if (existsSync(join(PACKAGE, 'package.json'))) {
  const path = definitionsPath();
  const stampPath = `${path}.stamp`;
  const wanted = stamp();
  const fresh = existsSync(path) && existsSync(stampPath) && readFileSync(stampPath, 'utf8') === wanted;
  if (!fresh) build(path, stampPath, wanted);
} else {
  process.stderr.write('The package hl7.fhir.r4.examples is not installed: run "node scripts/setup.mjs"\n');
  process.exitCode = 1;
}
