/** `embergate tenant`: makes and lists tenants in the store that STORE names. */
import type { Command } from 'commander';
import { openStores } from '../compose.ts';
import { readConfig } from '../config.ts';
import type { Stores } from '../store/ports.ts';
import { examples } from './program.ts';

export function addTenant(program: Command): void {
  const tenant = program.command('tenant').description('Tenants: each has a database of its own and is served at /t/NAME/fhir.');
  tenant
    .command('list')
    .description('List the tenants.')
    .action(() => withStores(async (stores) => console.log((await stores.tenants()).join('\n'))));
  tenant
    .command('add <name>')
    .description('Make a tenant. A name has 1 to 40 of a-z, 0-9 and -.')
    .addHelpText('after', examples('embergate tenant add north-clinic'))
    .action((name: string) => withStores(async (stores) => void (await stores.tenant(name))));
}

async function withStores(work: (stores: Stores) => Promise<void>): Promise<void> {
  const stores = await openStores(readConfig());
  try {
    await work(stores);
  } finally {
    await stores.close();
  }
}
