/** `embergate tenant`: makes and lists tenants in the store that STORE names. */
import type { Command } from 'commander';
import { examples } from './help.ts';
import { noteAdministration, withStores } from './stores.ts';

const NAME = /^[a-z0-9-]{1,40}$/;

export function addTenant(program: Command): void {
  const tenant = program
    .command('tenant')
    .description('Tenants: each has a database of its own and is served at /t/NAME/fhir.');
  tenant
    .command('list')
    .description('List the tenants.')
    .addHelpText('after', examples(['embergate tenant list', 'prints one name a line']))
    .action(() =>
      withStores(async (stores) => (await stores.tenants()).forEach((name) => console.log(name))),
    );
  tenant
    .command('add <name>')
    .description('Make a tenant. A name has 1 to 40 of a-z, 0-9 and -. A running server serves it at once.')
    .addHelpText(
      'after',
      examples(['embergate tenant add north-clinic', 'is served at /t/north-clinic/fhir']),
    )
    .action(add);
}

async function add(name: string): Promise<void> {
  if (!NAME.test(name)) throw new Error(`"${name}" cannot be a tenant's name: use 1 to 40 of a-z, 0-9 and -`);
  await withStores(async (stores) => {
    const isNew = !(await stores.tenants()).includes(name);
    const store = await stores.tenant(name);
    if (isNew) await noteAdministration(store, 'administration', { command: 'tenant add', tenant: name });
    console.log(isNew ? `made ${name}` : `${name} is there already`);
  });
}
