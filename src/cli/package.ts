/** `embergate package`: FHIR packages of the server, from a registry, an archive or a folder (docs/packages.md). */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Egress } from '../access/egress/egress.ts';
import type { Definitions } from '../fhir/definitions/registry.ts';
import {
  dropPackages,
  fileOf,
  integrityOf,
  isUnchanged,
  keepPackage,
  nameOf,
  readPackageList,
  type ListedPackage,
} from '../package-list.ts';
import type { FoundPackage, Wanted } from '../package-source.ts';
import { examples } from './help.ts';

interface Options {
  readonly profiles?: string;
  readonly dependencies: boolean;
}

export function addPackage(program: Command): void {
  const command = program
    .command('package')
    .description('FHIR packages that a server loads at its start: profiles/packages.json names them.');
  const folder = ['--profiles <folder>', 'folder of packages (the setting PROFILES when absent)'] as const;
  command
    .command('add [what...]')
    .description(
      'Add NAME@VERSION from a registry, an archive FILE.tgz or a FOLDER, and what it builds on. Without anything: fetch what packages.json names and is missing.',
    )
    .option(...folder)
    .option('--no-dependencies', 'leave out the packages that it builds on')
    .addHelpText(
      'after',
      examples(
        ['embergate package add hl7.fhir.us.core@6.1.0', 'from the registries of PACKAGE_REGISTRIES'],
        ['embergate package add ./us-core.tgz ./my-profiles', 'an archive and a folder'],
        ['embergate package add', 'fetches what is missing here, after a checkout'],
      ),
    )
    .action(add);
  command
    .command('list')
    .description('List the packages: name and version, whether it is whole, where it is from, what it lacks.')
    .option(...folder)
    .addHelpText(
      'after',
      examples(['embergate package list', 'prints one package a line, with tabs between']),
    )
    .action(list);
  command
    .command('remove <name...>')
    .description('Remove a version, or all versions, of a package.')
    .option(...folder)
    .addHelpText(
      'after',
      examples(['embergate package remove hl7.fhir.us.core@5.0.1', 'other versions stay']),
    )
    .action(remove);
}

/** What `add` works with. */
interface Work {
  readonly folder: string;
  readonly definitions: Definitions;
  readonly dependencies: boolean;
  readonly fetched: (wanted: Wanted) => Promise<FoundPackage>;
  /** names of what was tried already */
  readonly tried: Set<string>;
  readonly lacking: string[];
}

async function settings(): Promise<{
  readonly folder: string;
  readonly registries: readonly string[];
  readonly allow: readonly string[];
}> {
  const { readConfig } = await import('../config.ts');
  const { profiles, packageRegistries, egressAllow } = readConfig();
  return {
    folder: resolve(import.meta.dirname, '../..', profiles),
    registries: packageRegistries,
    allow: egressAllow,
  };
}

const folderOf = async ({ profiles }: Pick<Options, 'profiles'>): Promise<string> =>
  profiles === undefined ? (await settings()).folder : resolve(profiles);

async function add(what: readonly string[], options: Options): Promise<void> {
  const [{ registries, allow }, { egress }, { loadDefinitions }, { packageFromRegistry }] = await Promise.all(
    [
      settings(),
      import('../access/egress/egress.ts'),
      import('../definitions-file.ts'),
      import('../package-source.ts'),
    ],
  );
  const fetch: Egress = egress({ allow });
  const work: Work = {
    folder: await folderOf(options),
    definitions: await loadDefinitions(),
    dependencies: options.dependencies,
    fetched: (wanted) => packageFromRegistry(fetch, registries, wanted),
    tried: new Set(),
    lacking: [],
  };
  if (what.length === 0) await addMissing(work);
  for (const one of what) await addOne(work, one);
  for (const one of work.lacking) console.error(`not at hand: ${one}`);
}

async function addOne(work: Work, text: string): Promise<void> {
  const { packageFromPath, wantedOf } = await import('../package-source.ts');
  const isPath = /[/\\]|\.tgz$|\.tar\.gz$/.test(text.replace(/^@[^/]+\//, '')) || existsSync(text);
  if (isPath) return take(work, await packageFromPath(resolve(text)));
  const wanted = wantedOf(text);
  if (!wanted) throw new Error(`"${text}" is neither NAME@VERSION nor a file or folder`);
  await take(work, await work.fetched(wanted), wanted);
}

/** What the list names and is not there, or is not what it was, comes from where it came from, and has to be the same. */
async function addMissing(work: Work): Promise<void> {
  const { readFile } = await import('node:fs/promises');
  const { packageFromPath } = await import('../package-source.ts');
  for (const one of await readPackageList(work.folder)) {
    const packed = await readFile(fileOf(work.folder, one)).catch(() => undefined);
    if (packed && isUnchanged(one, packed)) continue;
    const found = /^https?:/.test(one.source) ? await work.fetched(one) : await packageFromPath(one.source);
    if (!isUnchanged(one, found.bytes))
      throw new Error(
        `${nameOf(one)} is not what packages.json says: its sha512 differs. Add it by name to take it as it is published now`,
      );
    await take(work, found, one);
  }
}

async function take(work: Work, found: FoundPackage, wanted?: Wanted): Promise<void> {
  const { openPackage } = await import('../package-source.ts');
  const opened = await openPackage(work.definitions, found, wanted);
  const { name, version, sources, dependencies } = opened;
  work.tried.add(nameOf(opened));
  await keepPackage(
    work.folder,
    { name, version, source: found.source, integrity: integrityOf(found.bytes) },
    found.bytes,
  );
  console.log(`added ${name}@${version}\t${sources.length} conformance resources\t${found.source}`);
  if (work.dependencies) await takeDependencies(work, name, dependencies);
}

/** R4 itself is here already. */
const BUILT_IN = /^hl7\.fhir\.r4\.core$/;
const MOST_PACKAGES = 100;

/** What cannot be had is named, and keeps nothing from being added. */
async function takeDependencies(
  work: Work,
  by: string,
  dependencies: Readonly<Record<string, string>>,
): Promise<void> {
  const { wantedOf } = await import('../package-source.ts');
  const listed = new Set((await readPackageList(work.folder)).map(nameOf));
  for (const [name, version] of Object.entries(dependencies)) {
    const text = `${name}@${version}`;
    if (BUILT_IN.test(name) || listed.has(text) || work.tried.has(text)) continue;
    if (work.tried.size >= MOST_PACKAGES) throw new Error(`more than ${MOST_PACKAGES} packages are needed`);
    work.tried.add(text);
    try {
      const wanted = wantedOf(text);
      if (!wanted) throw new Error('it is no name of a package');
      await take(work, await work.fetched(wanted), wanted);
    } catch (error) {
      work.lacking.push(`${text}, which ${by} builds on: ${(error as Error).message}`);
    }
  }
}

async function list(options: Options): Promise<void> {
  const folder = await folderOf(options);
  const { listedPackage } = await import('../package-folder.ts');
  const all = await readPackageList(folder);
  const names = new Set(all.map(({ name }) => name));
  for (const one of all) {
    const { state, lacks } = await listedPackage(folder, one).then(
      ({ dependencies }) => ({
        state: 'whole',
        lacks: Object.keys(dependencies).filter((name) => !BUILT_IN.test(name) && !names.has(name)),
      }),
      (error: Error) => ({ state: error.message, lacks: [] }),
    );
    console.log([nameOf(one), state, one.source, ...lacks.map((name) => `lacks ${name}`)].join('\t'));
  }
}

async function remove(names: readonly string[], options: Options): Promise<void> {
  const folder = await folderOf(options);
  const all = await readPackageList(folder);
  const isMeant = (one: ListedPackage): boolean => names.includes(one.name) || names.includes(nameOf(one));
  const absent = names.find((name) => !all.some((one) => one.name === name || nameOf(one) === name));
  if (absent !== undefined)
    throw new Error(`there is no package "${absent}": embergate package list shows them`);
  const dropped = all.filter(isMeant);
  await dropPackages(folder, dropped);
  for (const one of dropped) console.log(`removed ${nameOf(one)}`);
}
