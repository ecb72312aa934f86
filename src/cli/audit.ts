/** `embergate audit`: holds the trail against its chains, and writes it as a signed archive (docs/audit.md). */
import { createReadStream, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { examples } from './help.ts';
import { noteAdministration, TENANT_OPTION, withTenant } from './stores.ts';

interface VerifyOptions {
  readonly tenant: string;
  readonly archive?: string;
}

export function addAudit(program: Command): void {
  const audit = program.command('audit').description('The audit trail: who did and saw what.');
  audit
    .command('verify')
    .description(
      'Hold the trail against its chains: a changed byte, a missing, added or moved page, a cut-off end are told. May be run beside the server. Ends with 1 where something is wrong.',
    )
    .option(...TENANT_OPTION)
    .option('--archive <file>', 'an archive that was made before: the trail must still hold all of it')
    .addHelpText(
      'after',
      examples(
        ['embergate audit verify', 'tells how much there is, and each fault'],
        ['embergate audit verify --archive 2026-11.ndjson', 'finds what was rolled back since November, too'],
      ),
    )
    .action(verify);
  audit
    .command('export')
    .description(
      'Write the whole trail as a signed archive: pages as they are kept and events in FHIR, one JSON object a line. Keep it where nobody who runs the database can write.',
    )
    .requiredOption('--out <file>', 'the file to write')
    .option(...TENANT_OPTION)
    .addHelpText('after', examples(['embergate audit export --out 2026-11.ndjson', 'all of it up to now']))
    .action(write);
}

async function verify({ tenant, archive }: VerifyOptions): Promise<void> {
  const [{ verifyTrail }, { readArchive }, { readConfig }] = await Promise.all([
    import('../access/audit/verify.ts'),
    import('../access/audit/archive.ts'),
    import('../config.ts'),
  ]);
  await withTenant(tenant, async (store) => {
    const kept = archive === undefined ? undefined : await readArchive(linesOf(archive), store.secret);
    const { chains, pages, events, newest, faults } = await verifyTrail(store, kept?.heads);
    const all = [...faults];
    if (pages === 0 && readConfig().audit === 'on' && (await store.feed.last()) > 0)
      all.push(
        'Resources were written and nothing is on record: AUDIT was off all the time, or the trail was removed',
      );
    const until = newest === undefined ? '' : `, the newest of ${new Date(newest).toISOString()}`;
    console.log(`${events} events on ${pages} pages in ${chains} chains${until}`);
    if (kept) console.log(`held against the archive of ${kept.made}`);
    for (const fault of all) console.log(fault);
    console.log(all.length === 0 ? 'the trail is whole' : 'THE TRAIL IS NOT WHOLE');
    if (all.length > 0) process.exitCode = 1;
  });
}

const linesOf = (file: string): AsyncIterable<string> =>
  createInterface({ input: createReadStream(file), crlfDelay: Infinity });

async function write({ out, tenant }: { readonly out: string; readonly tenant: string }): Promise<void> {
  const [{ archiveLines }, { readConfig }] = await Promise.all([
    import('../access/audit/archive.ts'),
    import('../config.ts'),
  ]);
  await withTenant(tenant, async (store) => {
    await noteAdministration(store, 'export', { command: 'audit export' });
    const base = readConfig().publicUrl + (tenant === 'default' ? '/fhir' : `/t/${tenant}/fhir`);
    const file = createWriteStream(out, { mode: 0o600 });
    const lines = archiveLines(store, { base, site: 'Embergate' }, Date.now());
    for (let step = await lines.next(); ; step = await lines.next()) {
      if (step.done) {
        file.end();
        await once(file, 'close');
        console.log(`${step.value.events} events on ${step.value.pages} pages are in ${out}`);
        return;
      }
      if (!file.write(step.value)) await once(file, 'drain');
    }
  });
}
