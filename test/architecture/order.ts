// The order of the house as literal tables: which wing may import which, and which room a package lives in.
// The text behind it is docs/architecture.md; a room that the house did not name has an ADR in docs/adr.

/** A wing may import the wings before it, never those after it. */
export const WINGS = ['fhir', 'store', 'access', 'rest', 'smart', 'flow', 'interop', 'web'] as const;

/** Rooms beside the order, with what they may import. `telemetry` is open to all, and so stands in no list. */
export const SIDE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  telemetry: [],
  demo: ['fhir'],
  cli: [...WINGS, 'demo', 'top'],
};

/** Who may import a side room; a room that is not listed is open to all. */
export const DOORS: Readonly<Record<string, readonly string[]>> = {
  demo: ['top', 'cli'],
  cli: ['src/main.ts'],
};

/** Where a package or a built-in module may be imported: the beginnings of paths. `src/` is everywhere. */
export const PACKAGE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  express: ['src/rest/http/', 'src/smart/', 'src/web/'],
  mongodb: ['src/store/mongo/'],
  'node:sqlite': ['src/store/sqlite/'],
  ajv: ['src/fhir/validation/'],
  re2js: ['src/fhir/terminology/'],
  'oidc-provider': ['src/smart/'],
  jose: ['src/smart/'],
  'openid-client': ['src/smart/'],
  '@simplewebauthn/server': ['src/smart/'],
  uqr: ['src/web/'],
  '@atomic-ehr/ucum': ['src/fhir/path/'],
  commander: ['src/cli/', 'src/main.ts'],
  'cli-progress': ['src/telemetry/', 'src/cli/'],
  pino: ['src/telemetry/'],
  rfc6902: ['src/fhir/model/'],
  saxes: ['src/fhir/model/'],
  uuid: ['src/'],
  '@medplum/fhirtypes': ['src/'],
};

/**
 * Built-in modules that the pure wing may use: they compute and know no clock. `node:module` is for an engine that is
 * loaded only when it is needed.
 */
export const PURE_BUILTINS: readonly string[] = [
  'node:buffer',
  'node:crypto',
  'node:module',
  'node:url',
  'node:util',
  'node:zlib',
];

/** What of the modules that can open a connection does not. Types are let pass everywhere. */
export const PASSIVE_NETWORK: Readonly<Record<string, readonly string[]>> = {
  'node:http': ['createServer', 'STATUS_CODES', 'METHODS'],
  'node:https': ['createServer'],
  'node:http2': [],
  'node:net': ['createServer', 'isIP', 'isIPv4', 'isIPv6', 'BlockList'],
  'node:tls': [],
  'node:dgram': [],
};

/** The one way out, and the commands, which go where their user sends them. */
export const WAYS_OUT: readonly string[] = ['src/access/egress/', 'src/cli/'];

/** The only file that reads the environment. */
export const READS_ENVIRONMENT = 'src/config.ts';
