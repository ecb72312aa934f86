/** Commands that work on the store that STORE names, beside a running server or without one. */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
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

/** What an operator does by command is on record like everything else; who ran it is as the machine says. */
export async function noteAdministration(
  store: TenantStore,
  happening: 'administration' | 'export',
  detail: Readonly<Record<string, string>>,
): Promise<void> {
  const [{ auditRecorder }, { readConfig }] = await Promise.all([
    import('../access/audit/recorder.ts'),
    import('../config.ts'),
  ]);
  const { audit, access } = readConfig();
  if (audit !== 'on') return;
  await auditRecorder(store.audit, access).note({
    at: Date.now(),
    happening,
    outcome: 'done',
    who: { kind: 'server', name: userName() },
    requestId: randomUUID(),
    detail,
  });
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
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
