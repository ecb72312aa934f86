/**
 * The wiring: the only file that names adapters. It opens the stores, reads the definitions, and gives the record of each tenant.
 */
import { forgedTrail } from './access/audit/event.ts';
import { auditRecorder, NOT_RECORDED } from './access/audit/recorder.ts';
import { bearerAccess } from './access/bearer.ts';
import { OPEN_ACCESS } from './access/context.ts';
import { egress } from './access/egress/egress.ts';
import { requestLimits, type RequestLimits } from './access/limits/limits.ts';
import { policyBook } from './access/policy/book.ts';
import type { Policy } from './access/policy/rule.ts';
import { policyIssues } from './access/policy/parse.ts';
import { composeSmart, smartAddress } from './compose-smart.ts';
import type { Config } from './config.ts';
import { loadDefinitions } from './definitions-file.ts';
import type { Definitions } from './fhir/definitions/registry.ts';
import { searchParameterIssues } from './fhir/search/posted.ts';
import { validateStructure } from './fhir/validation/structure.ts';
import { validate } from './fhir/validation/validator.ts';
import { networks } from './limit-door.ts';
import { conformanceFollower } from './rest/conformance.ts';
import type { TenantRecord } from './rest/record.ts';
import { fhirEdge, type EdgeOptions } from './rest/http/edge.ts';
import { securityOf } from './smart/discovery.ts';
import type { SmartObserver } from './smart/events.ts';
import type { SmartServer } from './smart/server.ts';
import type { Upstream } from './smart/upstream/upstream.ts';
import type { Stores } from './store/ports.ts';

/** What one HTTP thread needs to answer requests. */
export interface Composition {
  readonly stores: Stores;
  readonly definitions: Definitions;
  /** the record of a tenant, or undefined where there is none */
  readonly record: (tenant: string) => Promise<TenantRecord | undefined>;
  readonly limits: RequestLimits;
  readonly edge: ReturnType<typeof fhirEdge>;
  /** the authorization server; it is asked before `edge`, since its discovery lies below the FHIR base */
  readonly smart: SmartServer['edge'];
  /** who is in front of a page of our own, for each tenant */
  readonly door: SmartServer['door'];
  readonly security: SmartServer['security'];
  readonly close: () => Promise<void>;
}

export interface ComposeOptions {
  readonly version: string;
  readonly observe: EdgeOptions['observe'];
  /** fetches the key sets of clients; the guarded one when absent, which refuses addresses of our own network */
  readonly fetch?: typeof globalThis.fetch;
  /** what happens at the authorization server, one event a request */
  readonly observeSmart?: SmartObserver;
  /** a stored policy that cannot be understood: nothing is granted to those whom it is for until it is mended */
  readonly onBrokenPolicy?: (policy: Policy) => void;
  /** a worker thread's way to the one queue of commits of this process */
  readonly writer?: unknown;
  /** what the threads of this process count requests in together; memory of its own when absent */
  readonly meter?: SharedArrayBuffer;
}

/** Opens the store that the settings name. The adapters are imported on demand: a server on SQLite never loads the MongoDB driver. */
export async function openStores(config: Config, writer?: unknown): Promise<Stores> {
  const { store } = config;
  if (store.kind === 'mongo') {
    const { openMongoStores } = await import('./store/mongo/stores.ts');
    return openMongoStores({ url: store.url, writer: writer as never });
  }
  const { openSqliteStores } = await import('./store/sqlite/stores.ts');
  return openSqliteStores({ location: store.location, writer: writer as never });
}

/** Requests in work at a time and thread; more are answered 503. */
const MAX_IN_FLIGHT = 1000;

/** Wires one HTTP thread. */
export async function compose(config: Config, options: ComposeOptions): Promise<Composition> {
  const [stores, definitions] = await Promise.all([
    openStores(config, options.writer),
    loadDefinitions({ packages: config.profiles }),
  ]);
  const records = new Map<string, Promise<TenantRecord>>();
  const stops: (() => void)[] = [];
  const open = async (name: string): Promise<TenantRecord> => {
    const { record, stop } = await openRecord(config, stores, definitions, name, options);
    stops.push(stop);
    return record;
  };
  const record = async (name: string): Promise<TenantRecord | undefined> => {
    if (!records.has(name)) {
      if (name !== 'default' && !(await stores.tenants()).includes(name)) return undefined;
      records.set(name, open(name));
      records.get(name)!.catch(() => records.delete(name));
    }
    return records.get(name);
  };
  await record('default');
  const limits = requestLimits(config, options.meter);
  const network = networks(config.trustedProxies);
  const edge = fhirEdge({
    tenant: record,
    definitions,
    access: config.access === 'open' ? () => OPEN_ACCESS : bearer,
    admit: (request, tenant, { who }) => limits.client(tenant, who, network(request)),
    publicUrl: config.publicUrl,
    maxBodyBytes: config.maxBodyBytes,
    corsOrigins: config.corsOrigins,
    maxInFlight: MAX_IN_FLIGHT,
    observe: options.observe,
  });
  const { publicUrl } = config;
  const observeSmart = options.observeSmart ?? ((): void => undefined);
  const { version, fetch = egress({ allow: config.egressAllow }) } = options;
  const smart = composeSmart({
    record,
    publicUrl,
    version,
    observe: observeSmart,
    proxies: config.trustedProxies,
    ...upstreamOf(config),
    fetch,
  });
  const close = async (): Promise<void> => {
    stops.forEach((stop) => stop());
    await stores.close();
  };
  return {
    stores,
    definitions,
    record,
    limits,
    edge,
    smart: smart.edge,
    door: smart.door,
    security: smart.security,
    close,
  };
}

function upstreamOf(config: Config): { readonly upstream?: Upstream } {
  const { upstreamIssuer: issuer, upstreamClientId: clientId, upstreamName: name } = config;
  if (issuer === '') return {};
  const { upstreamClientSecret: secret, upstreamUsername: claim } = config;
  const upstream = {
    issuer,
    clientId,
    name,
    ...(secret && { clientSecret: secret }),
    ...(claim && { usernameClaim: claim }),
  };
  return { upstream };
}

/** Each request's bearer, looked up in the tokens of its tenant. */
const bearer: EdgeOptions['access'] = ({ record, baseUrl, ...request }) =>
  bearerAccess(
    {
      store: record.store,
      definitions: record.definitions(),
      base: baseUrl,
      ...(record.policies && { policies: record.policies }),
    },
    request,
    Date.now(),
  );

/** What is asked of every write, by the setting VALIDATION; of what changes this server also whether it can. */
function validatorFor(validation: Config['validation']): TenantRecord['validate'] {
  if (validation === 'off') return () => [];
  const judge = validation === 'strict' ? validate : validateStructure;
  return (definitions, tree) => {
    // What reads a policy says best what is wrong with it.
    const policy = policyIssues(definitions, tree);
    if (policy.length > 0) return policy;
    const issues = judge(definitions, tree);
    if (issues.some(({ severity }) => severity === 'error')) return issues;
    return tree.resourceType === 'SearchParameter' ? searchParameterIssues(definitions, tree) : issues;
  };
}

async function openRecord(
  config: Config,
  stores: Stores,
  definitions: Definitions,
  name: string,
  { version, onBrokenPolicy: onBroken }: ComposeOptions,
): Promise<{ record: TenantRecord; stop: () => void }> {
  const store = await stores.tenant(name);
  const baseUrl = config.publicUrl + (name === 'default' ? '/fhir' : `/t/${name}/fhir`);
  const conformance = await conformanceFollower(store, definitions, { tenant: name, baseUrl });
  const policies =
    config.access === 'smart'
      ? policyBook({
          tenant: name,
          store,
          definitions: conformance.definitions,
          ...(onBroken && { onBroken }),
        })
      : undefined;
  const rules = {
    referentialIntegrity: config.referentialIntegrity,
    conditionalDelete: config.conditionalDelete,
    maxBundleEntries: config.maxBundleEntries,
    version,
  };
  const ofContent = validatorFor(config.validation);
  const validateWrite: TenantRecord['validate'] = (known, tree) => [
    ...forgedTrail(tree),
    ...ofContent(known, tree),
  ];
  const record: TenantRecord = {
    store,
    definitions: conformance.definitions,
    indexing: conformance.indexing,
    pending: conformance.pending,
    rules,
    ...(config.access === 'smart' && { security: securityOf(smartAddress(config.publicUrl, name)) }),
    validate: validateWrite,
    audit: config.audit === 'on' ? auditRecorder(store.audit, config.access) : NOT_RECORDED,
    ...(policies && { policies }),
    ...(stores.concepts && { imported: stores.concepts }),
    settled: conformance.settled,
    written: (types) => {
      conformance.written(types);
      policies?.written(types);
    },
  };
  const stop = (): void => {
    conformance.stop();
    policies?.stop();
  };
  return { record, stop };
}
