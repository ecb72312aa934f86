/** `embergate terminology`: takes in releases of large code systems, lists and removes them (docs/terminology.md). */
import type { Command } from 'commander';
import type { ConceptStore, Release } from '../store/concept-port.ts';
import { examples } from './help.ts';
import { withStores } from './stores.ts';

interface ImportOptions {
  readonly system?: string;
  readonly version?: string;
}

export function addTerminology(program: Command): void {
  const terminology = program
    .command('terminology')
    .description(
      'Releases of large code systems: SNOMED CT and others. A running server knows of every change within a second.',
    );
  terminology
    .command('import <file>')
    .description(
      'Take in a release: a SNOMED CT package in RF2 (zip or folder). It counts once it is whole; until then an older one answers.',
    )
    .option('--edition <module>', 'SNOMED CT: the module of the edition (told by the release when absent)')
    .addHelpText(
      'after',
      examples([
        'embergate terminology import SnomedCT_InternationalRF2.zip',
        'takes in the snapshot of a package',
      ]),
    )
    .action(importRelease);
  terminology
    .command('list')
    .description('List the releases: id, code system, version, number of concepts, megabytes.')
    .addHelpText(
      'after',
      examples(['embergate terminology list', 'prints one release a line, with tabs between']),
    )
    .action(() =>
      withConcepts(async (concepts) => concepts.releases().forEach((one) => console.log(lineOf(one)))),
    );
  terminology
    .command('remove <id>')
    .description('Remove a release.')
    .addHelpText(
      'after',
      examples(['embergate terminology remove 0f3a5c71be90', 'an older one answers again']),
    )
    .action(remove);
}

async function withConcepts(work: (concepts: ConceptStore) => Promise<void>): Promise<void> {
  await withStores(async ({ concepts }) => {
    if (!concepts) throw new Error('this store keeps no code systems: STORE=sqlite:FOLDER does');
    await work(concepts);
  });
}

const lineOf = ({ id, system, version, concepts, bytes }: Release): string =>
  [id, system, version, concepts, `${(bytes / 1e6).toFixed(1)} MB`].join('\t');

async function importRelease(path: string, options: ImportOptions & { edition?: string }): Promise<void> {
  const { importFrom } = await import('./releases/import.ts');
  await withConcepts(async (concepts) => {
    const release = await importFrom(path, concepts, options);
    console.log(lineOf(release));
  });
}

async function remove(id: string): Promise<void> {
  await withConcepts(async (concepts) => {
    if (!(await concepts.remove(id)))
      throw new Error(`there is no release "${id}": embergate terminology list shows them`);
    console.log(`removed ${id}`);
  });
}
