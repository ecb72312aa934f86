/** `embergate client`: registers apps and backend services, lists and removes them, signs assertions to try them with. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { Option } from 'commander';
import { parseScope } from '../access/scopes.ts';
import { newSecret } from '../smart/client-secret.ts';
import { publicPart, signAssertion, type Jwk } from '../smart/backend-key.ts';
import * as register from '../smart/registered-clients.ts';
import type { ClientRecord } from '../smart/registered-clients.ts';
import { examples } from './help.ts';
import { noteAdministration, TENANT_OPTION, withTenant } from './stores.ts';

const KINDS = ['public', 'confidential', 'backend'] as const;
type Kind = (typeof KINDS)[number];

interface AddOptions {
  readonly tenant: string;
  readonly kind: Kind;
  readonly name?: string;
  readonly redirectUri?: readonly string[];
  readonly launchUri?: string;
  readonly scope?: string;
  readonly jwks?: string;
  readonly jwksUri?: string;
}

export function addClient(program: Command): void {
  const client = program
    .command('client')
    .description(
      'Apps and backend services that may ask for tokens. A running server knows of every change at once.',
    )
    .addHelpText(
      'after',
      examples(
        ['embergate client list', 'shows what is registered'],
        ['embergate client add --help', 'tells how an app is registered'],
      ),
    );
  addAdd(client);
  client
    .command('list')
    .description('List the clients: id, kind, name, redirect addresses.')
    .option(...TENANT_OPTION)
    .addHelpText('after', examples(['embergate client list', 'prints one client a line, with tabs between']))
    .action(list);
  client
    .command('remove <id>')
    .description('Remove a client. Every token that it holds is refused from the next request on.')
    .option(...TENANT_OPTION)
    .addHelpText('after', examples(['embergate client remove my-app', 'removes it and all it was given']))
    .action(remove);
  client
    .command('assertion <id>')
    .description(
      'Print an assertion signed with a private key: what a backend service sends to the token endpoint.',
    )
    .requiredOption('--key <file>', 'the private key as a JWK, with its kid')
    .requiredOption('--endpoint <url>', 'the token endpoint that it is for')
    .addHelpText(
      'after',
      examples([
        'embergate client assertion demo-backend --key data/demo-backend.jwk.json --endpoint http://localhost:8080/oidc/token',
        'prints one JSON Web Token, good for four minutes and one use',
      ]),
    )
    .action(assertion);
}

function addAdd(client: Command): void {
  client
    .command('add [id]')
    .description(
      'Register a client; the id is made where none is given. public: an app in a browser or on a phone. confidential: an app with a server, gets a secret. backend: a service without a user, proves itself with a key.',
    )
    .addOption(new Option('--kind <kind>', 'what it is').choices(KINDS).makeOptionMandatory())
    .option('--name <name>', 'what people are shown (the id when absent)')
    .option('--redirect-uri <url...>', 'where the browser comes back to; as exact as the app sends it')
    .option('--launch-uri <url>', 'where an EHR opens the app')
    .option('--scope <scopes>', 'the scopes that it may ask for (all when absent; a backend must say)')
    .option(
      '--jwks <file>',
      'its public keys (a JWK or a JWK set): a confidential app with keys gets no secret',
    )
    .option('--jwks-uri <url>', 'the address of its public keys')
    .option(...TENANT_OPTION)
    .addHelpText(
      'after',
      examples(
        [
          'embergate client add my-app --kind public --redirect-uri https://app.example.org/callback --launch-uri https://app.example.org/launch',
          'an app that can be launched from an EHR',
        ],
        [
          'embergate client add portal --kind confidential --redirect-uri https://portal.example.org/callback',
          'shows its secret once',
        ],
        [
          "embergate client add nightly --kind backend --jwks public.jwk.json --scope 'system/Patient.rs system/Observation.rs'",
          'a service that reads at night',
        ],
      ),
    )
    .action(add);
}

async function add(given: string | undefined, options: AddOptions): Promise<void> {
  const id = checkedId(given ?? randomUUID());
  const secret = needsSecret(options) ? newSecret() : undefined;
  const client: ClientRecord = {
    ...recordOf(id, options),
    ...(secret !== undefined && { client_secret: secret }),
  };
  await withTenant(options.tenant, async (store) => {
    const { tokens } = store;
    if (!(await register.addClient(tokens, client, Date.now())))
      throw new Error(`there is a client "${id}" already: embergate client remove ${id} removes it`);
    await noteAdministration(store, 'administration', { command: 'client add', app: id });
    console.log(secret === undefined ? `registered ${id}` : `registered ${id}, secret ${secret}`);
    if (secret !== undefined) console.error('The secret is kept as a hash only and cannot be shown again.');
  });
}

const needsSecret = ({ kind, jwks, jwksUri }: AddOptions): boolean =>
  kind === 'confidential' && jwks === undefined && jwksUri === undefined;

function recordOf(id: string, options: AddOptions): ClientRecord {
  const { kind, name, redirectUri = [], launchUri, scope, jwksUri } = options;
  const isBackend = kind === 'backend';
  refuseHalf(options);
  return {
    client_id: id,
    client_name: name ?? id,
    client_id_issued_at: Math.floor(Date.now() / 1000),
    redirect_uris: redirectUri.map((url) => checkedUrl(url, '--redirect-uri')),
    grant_types: isBackend ? ['client_credentials'] : ['authorization_code', 'refresh_token'],
    response_types: isBackend ? [] : ['code'],
    token_endpoint_auth_method: methodOf(options),
    ...(redirectUri.some((url) => !/^https?:/.test(url)) && { application_type: 'native' as const }),
    ...(launchUri !== undefined && { launch_uri: checkedUrl(launchUri, '--launch-uri') }),
    ...(scope !== undefined && { smart_scopes: checkedScopes(scope) }),
    ...(options.jwks !== undefined && { jwks: publicKeys(options.jwks) }),
    ...(jwksUri !== undefined && { jwks_uri: checkedUrl(jwksUri, '--jwks-uri') }),
  };
}

function methodOf(options: AddOptions): ClientRecord['token_endpoint_auth_method'] {
  if (options.kind === 'public') return 'none';
  return needsSecret(options) ? 'client_secret_basic' : 'private_key_jwt';
}

function refuseHalf({ kind, redirectUri, scope, jwks, jwksUri }: AddOptions): void {
  const hasKeys = jwks !== undefined || jwksUri !== undefined;
  if (jwks !== undefined && jwksUri !== undefined) throw new Error('give --jwks or --jwks-uri, not both');
  if (kind === 'public' && hasKeys) throw new Error('a public app has no keys: its kind is confidential');
  if (kind !== 'backend') {
    if (!redirectUri) throw new Error('give --redirect-uri: where the browser comes back to after sign-in');
    return;
  }
  if (!hasKeys) throw new Error('a backend service needs --jwks FILE or --jwks-uri URL: its public keys');
  if (scope === undefined) throw new Error('a backend service needs --scope, such as system/Patient.rs');
  if (redirectUri) throw new Error('a backend service has no --redirect-uri: it has no browser');
}

function checkedId(id: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$/.test(id)) return id;
  throw new Error(`"${id.slice(0, 100)}" cannot be a client id: use up to 100 of a-z, A-Z, 0-9 and . _ ~ -`);
}

const NO_SCHEMES = ['javascript:', 'data:', 'vbscript:', 'blob:', 'file:', 'about:'];

function checkedUrl(text: string, option: string): string {
  const url = URL.parse(text);
  if (!url || NO_SCHEMES.includes(url.protocol))
    throw new Error(`${option} is "${text}": give an absolute URL such as https://app.example.org/callback`);
  if (text.includes('#')) throw new Error(`${option} is "${text}": leave the part from # on out`);
  const isPlain = url.protocol === 'http:';
  if (isPlain && !/^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname))
    throw new Error(`${option} is "${text}": http is only for this machine, use https`);
  return text;
}

function checkedScopes(text: string): string {
  const scopes = text.split(/\s+/).filter((one) => one !== '');
  const wrong = scopes.find((one) => !parseScope(one));
  if (wrong !== undefined)
    throw new Error(
      `"${wrong}" is not a SMART scope: write it like patient/Observation.rs or launch/patient`,
    );
  return scopes.join(' ');
}

/** What of a key file may be registered. A private key is accepted and left behind: only its public part is kept. */
function publicKeys(file: string): { readonly keys: readonly Readonly<Record<string, unknown>>[] } {
  const read = readJson(file) as Jwk & { readonly keys?: readonly Jwk[] };
  const keys = read.keys ?? [read];
  const isUsable = ({ kty, kid }: Jwk): boolean => (kty === 'RSA' || kty === 'EC') && typeof kid === 'string';
  if (keys.length === 0 || !keys.every(isUsable))
    throw new Error(`${file} has no usable keys: each needs kty RSA or EC, and a kid`);
  return { keys: keys.map((key) => ({ ...publicPart(key) })) };
}

function readJson(file: string): unknown {
  const text = readFileSync(file, 'utf8');
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${file} is not JSON`);
  }
}

async function list({ tenant }: { readonly tenant: string }): Promise<void> {
  await withTenant(tenant, async ({ tokens }) => {
    for (const one of await register.clients(tokens, Date.now()))
      console.log(
        [one.client_id, kindOf(one), one.client_name ?? '-', one.redirect_uris.join(' ') || '-'].join('\t'),
      );
  });
}

function kindOf({ grant_types: grants, token_endpoint_auth_method: method }: ClientRecord): Kind {
  if (!grants.includes('authorization_code')) return 'backend';
  return method === 'none' ? 'public' : 'confidential';
}

async function remove(id: string, { tenant }: { readonly tenant: string }): Promise<void> {
  await withTenant(tenant, async (store) => {
    const { tokens } = store;
    if (!(await register.removeClient(tokens, id, Date.now())))
      throw new Error(`there is no client "${id}" in the tenant ${tenant}: embergate client list shows them`);
    await noteAdministration(store, 'administration', { command: 'client remove', app: id });
    console.log(`removed ${id}`);
  });
}

async function assertion(id: string, { key, endpoint }: { readonly key: string; readonly endpoint: string }) {
  const jwk = readJson(key) as Jwk;
  if (jwk.d === undefined || jwk.kid === undefined)
    throw new Error(`${key} is not a private key with a kid: give the JWK that the client signs with`);
  console.log(await signAssertion(jwk, id, endpoint));
}
