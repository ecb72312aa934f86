/**
 * Settings: the only file that reads the environment. One literal table gives names, defaults, meanings and parsers; docs/configuration.md is
 * generated from it (`npm run docs`), and a bad value is one clear line.
 */
import { availableParallelism } from 'node:os';
import {
  addresses,
  ConfigError,
  flag,
  hosts,
  isLoopback,
  issuer,
  oneOf,
  origin,
  store,
  whole,
  type StoreSetting,
} from './setting.ts';

export interface Config {
  readonly port: number;
  readonly host: string;
  readonly publicUrl: string;
  readonly store: StoreSetting;
  readonly demo: 'on' | 'off' | 'auto';
  readonly access: 'open' | 'smart';
  /** whether the audit trail is kept */
  readonly audit: 'on' | 'off' | 'auto';
  /** how strongly an operator has to have signed in for the console */
  readonly consoleSignIn: 'auto' | 'pwd' | 'mfa' | 'phr';
  readonly validation: 'strict' | 'structure' | 'off';
  readonly logLevel: string;
  readonly workers: number;
  readonly maxBodyBytes: number;
  readonly maxBundleEntries: number;
  readonly referentialIntegrity: boolean;
  readonly conditionalDelete: 'single' | 'multiple';
  readonly corsOrigins: readonly string[];
  readonly profiles: string;
  /** addresses of package registries, asked in turn */
  readonly packageRegistries: readonly string[];
  readonly demoPatients: number;
  readonly trustedProxies: number;
  readonly egressAllow: readonly string[];
  readonly upstreamIssuer: string;
  readonly upstreamClientId: string;
  readonly upstreamClientSecret: string;
  readonly upstreamName: string;
  readonly upstreamUsername: string;
  readonly rateLimits: 'auto' | 'on' | 'off';
  readonly addressLimit: number;
  readonly formLimit: number;
  readonly clientLimit: number;
}

interface Setting<K extends keyof Config> {
  readonly name: string;
  readonly key: K;
  readonly fallback: string;
  readonly meaning: string;
  readonly parse: (text: string, name: string) => Config[K];
}

const setting = <K extends keyof Config>(one: Setting<K>): Setting<K> => one;

/** Every setting, in the order of the documentation. A fallback in angle brackets is computed. */
export const SETTINGS = [
  setting({
    name: 'PORT',
    key: 'port',
    fallback: '8080',
    meaning: 'port to listen on; 0 picks a free one',
    parse: whole(0, 65535),
  }),
  setting({
    name: 'HOST',
    key: 'host',
    fallback: '127.0.0.1',
    meaning: 'address to listen on',
    parse: (text) => text,
  }),
  setting({
    name: 'PUBLIC_URL',
    key: 'publicUrl',
    fallback: '<http://localhost:PORT>',
    meaning: 'the origin that clients see; self links and Location headers are made from it',
    parse: (text, name) => (text.startsWith('<') ? '' : origin(text, name)),
  }),
  setting({
    name: 'TRUSTED_PROXIES',
    key: 'trustedProxies',
    fallback: '0',
    meaning:
      'how many reverse proxies of yours stand in front: so many entries of `X-Forwarded-For` are believed when sign-ins and registrations are counted by address',
    parse: whole(0, 10),
  }),
  setting({
    name: 'STORE',
    key: 'store',
    fallback: 'sqlite:./data',
    meaning:
      '`sqlite:FOLDER`, `sqlite::memory:` (gone when the server stops) or `mongodb://…` (replica set or `mongos`)',
    parse: store,
  }),
  setting({
    name: 'DEMO',
    key: 'demo',
    fallback: 'auto',
    meaning:
      '`on` loads the demo (records, and accounts and clients that everyone knows), `off` does not, `auto` does with the default store and an empty folder, where only this machine can reach it',
    parse: oneOf('on', 'off', 'auto'),
  }),
  setting({
    name: 'DEMO_PATIENTS',
    key: 'demoPatients',
    fallback: '20',
    meaning: 'how many patients the demo has',
    parse: whole(2, 10_000),
  }),
  setting({
    name: 'ACCESS',
    key: 'access',
    fallback: 'smart',
    meaning:
      '`smart` serves FHIR to holders of an access token, `open` with no token, and only on a loopback HOST',
    parse: oneOf('open', 'smart'),
  }),
  setting({
    name: 'AUDIT',
    key: 'audit',
    fallback: 'auto',
    meaning:
      '`on` keeps who did and saw what in an audit trail (docs/audit.md), `off` does not, `auto` does where ACCESS is smart; a server with ACCESS=smart that others can reach cannot be without',
    parse: oneOf('on', 'off', 'auto'),
  }),
  setting({
    name: 'CONSOLE_SIGN_IN',
    key: 'consoleSignIn',
    fallback: 'auto',
    meaning:
      'how an operator has to have signed in to open the console: `pwd` with a password, `mfa` with a second step too, `phr` with a passkey; `auto` is `mfa`, and `pwd` where only this machine can reach the server. Who lacks what is asked for is led through its setup',
    parse: oneOf('auto', 'pwd', 'mfa', 'phr'),
  }),
  setting({
    name: 'VALIDATION',
    key: 'validation',
    fallback: 'strict',
    meaning:
      'what every write is held against: `strict` R4 and each profile that it claims (a profile that is not known is refused: load its package), `structure` only the structure of R4, `off` nothing, for trusted loads',
    parse: oneOf('strict', 'structure', 'off'),
  }),
  setting({
    name: 'LOG_LEVEL',
    key: 'logLevel',
    fallback: 'info',
    meaning: '`debug`, `info`, `warn`, `error` or `silent`; logs are JSON lines without PHI',
    parse: oneOf('debug', 'info', 'warn', 'error', 'silent'),
  }),
  setting({
    name: 'WORKERS',
    key: 'workers',
    fallback: '<cores>',
    meaning:
      'threads that answer HTTP; the embedded store has one more that writes. With MongoDB by default one less than cores: a single thread commits itself, for several a further one does',
    parse: (text, name) => (text.startsWith('<') ? 0 : whole(1, 64)(text, name)),
  }),
  setting({
    name: 'MAX_BODY_BYTES',
    key: 'maxBodyBytes',
    fallback: '67108864',
    meaning: 'largest request body, after decompression; more is 413',
    parse: whole(1024, 1_073_741_824),
  }),
  setting({
    name: 'MAX_BUNDLE_ENTRIES',
    key: 'maxBundleEntries',
    fallback: '10000',
    meaning: 'most entries of a batch or transaction; more is 413',
    parse: whole(1, 100_000),
  }),
  setting({
    name: 'REFERENTIAL_INTEGRITY',
    key: 'referentialIntegrity',
    fallback: 'on',
    meaning:
      '`on` refuses a local reference to a resource that is not there, and a delete that would leave one',
    parse: flag,
  }),
  setting({
    name: 'CONDITIONAL_DELETE',
    key: 'conditionalDelete',
    fallback: 'multiple',
    meaning: 'whether a conditional delete may delete several matches or refuses them with 412',
    parse: oneOf('single', 'multiple'),
  }),
  setting({
    name: 'CORS_ORIGINS',
    key: 'corsOrigins',
    fallback: '*',
    meaning: 'comma-separated origins that browsers may call from, or `*`',
    parse: (text) => text.split(',').map((one) => one.trim()),
  }),
  setting({
    name: 'RATE_LIMITS',
    key: 'rateLimits',
    fallback: 'auto',
    meaning:
      '`auto` limits how often one may ask, but for requests from this machine itself (a reverse proxy here needs `TRUSTED_PROXIES`), `on` those too, `off` nobody. Who asks too often is answered 429 with Retry-After; a quarter of a minute’s worth may come at once',
    parse: oneOf('auto', 'on', 'off'),
  }),
  setting({
    name: 'ADDRESS_LIMIT',
    key: 'addressLimit',
    fallback: '6000',
    meaning: 'requests a minute from one address (IPv6: one /64); 0: any number',
    parse: whole(0, 10_000_000),
  }),
  setting({
    name: 'FORM_LIMIT',
    key: 'formLimit',
    fallback: '600',
    meaning:
      'of those, requests a minute for what begins or ends access: sign-in, consent, tokens, registration, launches, every form; 0: any number',
    parse: whole(0, 10_000_000),
  }),
  setting({
    name: 'CLIENT_LIMIT',
    key: 'clientLimit',
    fallback: '12000',
    meaning:
      'FHIR requests a minute of one client: an app in one person’s hands, or a service; 0: any number',
    parse: whole(0, 10_000_000),
  }),
  setting({
    name: 'EGRESS_ALLOW',
    key: 'egressAllow',
    fallback: '',
    meaning:
      'hosts of your own network that the server may send requests to (key sets of clients, an upstream identity provider), and by http too: names, addresses, networks such as `10.1.0.0/16`, with commas between. Everything else that is not on the internet at large is refused',
    parse: hosts,
  }),
  setting({
    name: 'UPSTREAM_ISSUER',
    key: 'upstreamIssuer',
    fallback: '',
    meaning:
      'issuer of another OpenID provider that people of the default tenant can sign in with, such as `https://login.example.org`; none when empty. Register `PUBLIC_URL/oidc/upstream/callback` there (docs/sign-in.md)',
    parse: issuer,
  }),
  setting({
    name: 'UPSTREAM_CLIENT_ID',
    key: 'upstreamClientId',
    fallback: '',
    meaning: 'what this server is called there',
    parse: (text) => text,
  }),
  setting({
    name: 'UPSTREAM_CLIENT_SECRET',
    key: 'upstreamClientSecret',
    fallback: '',
    meaning: 'its secret there; a public client when empty',
    parse: (text) => text,
  }),
  setting({
    name: 'UPSTREAM_NAME',
    key: 'upstreamName',
    fallback: 'your organization',
    meaning: 'what the button says after "Sign in with"',
    parse: (text) => text,
  }),
  setting({
    name: 'UPSTREAM_USERNAME',
    key: 'upstreamUsername',
    fallback: '',
    meaning:
      'the claim of that provider that is the user name of the account here, such as `preferred_username`, where the operator trusts it to be unique and not chosen by people themselves; an e-mail address counts only when the provider says that it is verified. When empty, an account is linked by its owner or by `embergate user link`',
    parse: (text) => text,
  }),
  setting({
    name: 'PROFILES',
    key: 'profiles',
    fallback: 'profiles',
    meaning:
      'folder of FHIR packages to load at start: those that its `packages.json` names, and a folder or .tgz each',
    parse: (text) => text,
  }),
  setting({
    name: 'PACKAGE_REGISTRIES',
    key: 'packageRegistries',
    fallback: 'https://packages.fhir.org,https://registry.npmjs.org',
    meaning:
      'where `embergate package add NAME@VERSION` asks, in turn: addresses of registries that speak as npm does, with commas between. One in your own network needs `EGRESS_ALLOW`',
    parse: addresses,
  }),
] as const;

/** Reads the settings. Throws ConfigError with one line that names the setting, the value and the remedy. */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const entries = SETTINGS.map(({ name, key, fallback, parse }) => [
    key,
    parse(environment[name] || fallback, name),
  ]);
  const config = Object.fromEntries(entries) as unknown as Config;
  refuseUnsafe(config);
  return {
    ...config,
    audit: config.audit === 'auto' ? auditBy(config) : config.audit,
    consoleSignIn: config.consoleSignIn === 'auto' ? consoleSignInBy(config) : config.consoleSignIn,
    publicUrl: config.publicUrl || `http://localhost:${config.port}`,
    workers: config.workers || defaultWorkers(config),
  };
}

const auditBy = ({ access }: Config): 'on' | 'off' => (access === 'smart' ? 'on' : 'off');

/** A proxy in front makes a loopback address one for everyone: then PUBLIC_URL says so. */
function consoleSignInBy({ host, publicUrl }: Config): 'pwd' | 'mfa' {
  const isOurs = isLoopback(host) && (publicUrl === '' || isLoopback(new URL(publicUrl).hostname));
  return isOurs ? 'pwd' : 'mfa';
}

const defaultWorkers = ({ store }: Config): number =>
  Math.max(1, availableParallelism() - (store.kind === 'mongo' ? 1 : 0));

function refuseUnsafe(config: Config): void {
  if (config.audit === 'off' && config.access === 'smart' && !isLoopback(config.host)) {
    throw new ConfigError(
      `HOST is "${config.host}": with AUDIT=off nobody could tell who saw what, so the server then only listens on a loopback address such as 127.0.0.1`,
    );
  }
  if ((config.upstreamIssuer === '') !== (config.upstreamClientId === '')) {
    throw new ConfigError('UPSTREAM_ISSUER and UPSTREAM_CLIENT_ID go together: give both or none');
  }
  if (config.access === 'open' && !isLoopback(config.host)) {
    throw new ConfigError(
      `HOST is "${config.host}": ACCESS=open serves everyone, so it only listens on a loopback address such as 127.0.0.1`,
    );
  }
}
