/** Another OpenID provider, by the library itself: whoever `who` names is signed in there, and agrees at once. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

export interface UpstreamPersonThere {
  readonly sub: string;
  readonly claims?: Readonly<Record<string, unknown>>;
}

export interface UpstreamProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** who signs in there next; undefined: they say no */
  who: UpstreamPersonThere | undefined;
  /** where answers may go; before the first sign-in */
  redirect(uri: string): void;
  stop(): Promise<void>;
}

export async function startUpstreamProvider(): Promise<UpstreamProvider> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = { client_id: 'embergate', client_secret: randomBytes(24).toString('base64url') };
  const people = new Map<string, UpstreamPersonThere>();
  const made: { who: UpstreamPersonThere | undefined; listen: (uri: string) => void } = {
    who: undefined,
    listen: (uri) => {
      const provider = providerFor(
        issuer,
        { ...client, redirect_uris: [uri], response_types: ['code'] },
        people,
      );
      server.removeAllListeners('request');
      server.on('request', (request, response) => {
        if (!request.url?.startsWith('/interaction/')) return void provider.callback()(request, response);
        void finish(provider, made.who, people, request, response);
      });
    },
  };
  return {
    issuer,
    clientId: client.client_id,
    clientSecret: client.client_secret,
    get who() {
      return made.who;
    },
    set who(person) {
      made.who = person;
    },
    redirect: (uri) => made.listen(uri),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** It warns that its keys and memory are for a quick start, as they are. */
function providerFor(...given: Parameters<typeof providerWarning>): Provider {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return providerWarning(...given);
  } finally {
    console.warn = warn;
  }
}

function providerWarning(
  issuer: string,
  client: object,
  people: ReadonlyMap<string, UpstreamPersonThere>,
): Provider {
  return new Provider(issuer, {
    clients: [client as never],
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['preferred_username', 'name'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    cookies: { keys: ['a key of the tests'] },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...people.get(id)?.claims }) }),
  });
}

async function finish(
  provider: Provider,
  who: UpstreamPersonThere | undefined,
  people: Map<string, UpstreamPersonThere>,
  ...[request, response]: Parameters<ReturnType<Provider['callback']>>
): Promise<void> {
  if (!who) return provider.interactionFinished(request, response, { error: 'access_denied' });
  people.set(who.sub, who);
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: who.sub, clientId: String(params['client_id']) });
  grant.addOIDCScope(String(params['scope']));
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { login: { accountId: who.sub }, consent });
}
