/** `embergate profile show`: a compiled profile as the list of its assertions (docs/packages.md). */
import type { Command } from 'commander';
import { examples } from './help.ts';

export function addProfile(program: Command): void {
  program
    .command('profile')
    .description('Profiles that the packages here have.')
    .command('show <url>')
    .description('Print what a profile asks beyond R4: element and assertion, with a tab between.')
    .option('--profiles <folder>', 'folder of FHIR packages to know', 'profiles')
    .addHelpText(
      'after',
      examples([
        'embergate profile show http://hl7.org/fhir/StructureDefinition/bodyweight',
        'tells cardinalities, fixed values, bindings, slices and invariants',
      ]),
    )
    .action(show);
}

async function show(url: string, { profiles }: { readonly profiles: string }): Promise<void> {
  const [{ loadDefinitions }, { profileAssertions }] = await Promise.all([
    import('../definitions-file.ts'),
    import('../fhir/validation/validator.ts'),
  ]);
  const definitions = await loadDefinitions({ packages: profiles });
  for (const line of profileAssertions(definitions, url)) console.log(line);
}
