/** `embergate reindex`: indexes what is stored anew, with or without a running server beside it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { examples } from './help.ts';
import { TENANT_OPTION, withTenant } from './stores.ts';

/** ms in which a running server notices new search parameters: the end of the work must not come before. */
const NOTICED_MS = 12_000;

/** Longer than the work is held for by a process that has died. */
const WAIT_SECONDS = 25;

export function addReindex(program: Command): void {
  program
    .command('reindex')
    .description(
      'Index everything that is stored anew: after search parameters were added, or a new version of the program was installed. It goes on where it was stopped.',
    )
    .option(...TENANT_OPTION)
    .option('--alone', 'no server is running on this store: end without waiting for it')
    .addHelpText('after', examples(['embergate reindex', 'beside a running server or without one']))
    .action((options: { tenant: string; alone?: boolean }) => run(options.tenant, options.alone === true));
}

async function run(tenant: string, alone: boolean): Promise<void> {
  const [
    { readConfig },
    { loadDefinitions },
    { conformanceState },
    { forgetIndex },
    { reindex },
    { progress },
  ] = await Promise.all([
    import('../config.ts'),
    import('../definitions-file.ts'),
    import('../rest/conformance.ts'),
    import('../rest/index-state.ts'),
    import('../rest/reindex.ts'),
    import('../telemetry/progress.ts'),
  ]);
  const config = readConfig();
  const base = await loadDefinitions({ packages: config.profiles });
  const baseUrl = config.publicUrl + (tenant === 'default' ? '/fhir' : `/t/${tenant}/fhir`);
  await withTenant(tenant, async (store) => {
    const before = await conformanceState(store, base);
    if (before.pending.length === 0) await forgetIndex(store);
    const { indexing, pending } = before.pending.length > 0 ? before : await conformanceState(store, base);
    const bar = progress('Indexing', await store.feed.last());
    const tell = (done: number): void => bar.update(done);
    const patience = alone ? 0 : NOTICED_MS;
    const options = { definitions: indexing(), pending, baseUrl, patience, tell };
    let end = await reindex(store, options);
    // Whoever was killed at it holds the work for a moment longer.
    for (let i = 0; end === 'busy' && i < WAIT_SECONDS; i++) {
      await sleep(1000);
      end = await reindex(store, options);
    }
    bar.stop();
    if (end === 'busy')
      throw new Error(
        'a server or another command is indexing this tenant: GET $reindex tells how far it is',
      );
    if (end === 'stopped') throw new Error('another process took over the indexing');
    console.log(`indexed: ${pending.map(({ title }) => title).join(', ')}`);
  });
}
