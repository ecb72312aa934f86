/** The wiring of the authorization server: one for each tenant and thread, on the tenant's tokens, accounts, record and pages. */
import type { TenantRecord } from './rest/record.ts';
import { accountDirectory } from './smart/account-directory.ts';
import type { SmartObserver } from './smart/events.ts';
import { narrow, permissionsOf } from './smart/permissions.ts';
import { recordChart } from './smart/record-chart.ts';
import { tenantKeys } from './smart/sealing.ts';
import { smartServer, type SmartServer } from './smart/server.ts';
import { DEFAULT_TENANT, type SmartTenant } from './smart/tenant.ts';
import type { Upstream } from './smart/upstream/upstream.ts';
import { userAccess } from './smart/user-access.ts';
import { ownAssets } from './web/assets.ts';
import { launchPages } from './web/launch/pages.ts';

export interface SmartWiring {
  readonly record: (tenant: string) => Promise<TenantRecord | undefined>;
  readonly publicUrl: string;
  readonly version: string;
  readonly observe: SmartObserver;
  readonly proxies: number;
  /** another provider that people of the default tenant can sign in with */
  readonly upstream?: Upstream;
  /** see `SmartTenant` */
  readonly fetch?: typeof globalThis.fetch;
}

const SITE = 'Embergate';

/** The authorization server of every tenant, and the door of our own pages. */
export function composeSmart(wiring: SmartWiring): SmartServer {
  const site = {
    name: SITE,
    version: wiring.version,
    publicUrl: wiring.publicUrl,
    assets: ownAssets(),
    now: Date.now,
  };
  const pages = launchPages(site);
  const tenants = new Map<string, SmartTenant>();
  return smartServer({
    tenant: async (name) => {
      const known = tenants.get(name);
      if (known) return known;
      const record = await wiring.record(name);
      if (!record) return undefined;
      const tenant = tenantOf(wiring, name, record, pages);
      tenants.set(name, tenant);
      return tenant;
    },
  });
}

/** Where the authorization server of a tenant is, and the FHIR base that it guards. */
export function smartAddress(origin: string, tenant: string): Pick<SmartTenant, 'origin' | 'base' | 'mount'> {
  const prefix = tenant === DEFAULT_TENANT ? '' : `/t/${tenant}`;
  return { origin, base: `${origin}${prefix}/fhir`, mount: `${prefix}/oidc` };
}

function tenantOf(
  { publicUrl, observe, proxies, upstream, fetch }: SmartWiring,
  name: string,
  record: TenantRecord,
  pages: SmartTenant['pages'],
): SmartTenant {
  const address = smartAddress(publicUrl, name);
  const { base } = address;
  const { tokens, secret } = record.store;
  return {
    name,
    site: SITE,
    ...address,
    tokens,
    audit: record.audit,
    keys: tenantKeys(secret),
    accounts: accountDirectory(tokens),
    chart: recordChart({
      record: async () => record,
      access: (user) => userAccess(record, base, user),
      baseUrl: base,
    }),
    pages,
    permissions: { permissionsOf, narrow },
    resourceTypes: () => record.definitions().resourceTypes,
    observe,
    proxies,
    ...(upstream && name === DEFAULT_TENANT && { upstream }),
    ...(fetch && { fetch }),
  };
}
