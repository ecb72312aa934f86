/** Commands that work on the store that STORE names, beside a running server or without one. */
import { InvalidArgumentError } from 'commander';
import type { Stores, TenantStore } from '../store/ports.ts';

/** Opens the stores for the work and closes them. */
export async function withStores(work: (stores: Stores) => Promise<void>): Promise<void> {
  const [{ openStores }, { readConfig }] = await Promise.all([
    import('../compose.ts'),
    import('../config.ts'),
  ]);
  const stores = await openStores(readConfig());
  try {
    await work(stores);
  } finally {
    await stores.close();
  }
}

/** The same with one tenant, which must be there. */
export async function withTenant(name: string, work: (store: TenantStore) => Promise<void>): Promise<void> {
  await withStores(async (stores) => {
    if (name !== 'default' && !(await stores.tenants()).includes(name))
      throw new Error(`there is no tenant "${name}": embergate tenant list shows them`);
    await work(await stores.tenant(name));
  });
}

export const TENANT_OPTION = [
  '--tenant <name>',
  'the tenant that it is about',
  tenantName,
  'default',
] as const;

function tenantName(text: string): string {
  if (/^[a-z0-9-]{1,40}$/.test(text)) return text;
  throw new InvalidArgumentError('use 1 to 40 of a-z, 0-9 and -');
}
