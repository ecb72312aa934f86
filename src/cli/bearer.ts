/**
 * How a command that talks to a server proves itself: as a backend service with its key, or with a token that was got elsewhere.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
 */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { signAssertion, type Jwk } from '../smart/backend-key.ts';

export interface BearerOptions {
  readonly client?: string;
  readonly key?: string;
  readonly tokenFile?: string;
}

/** The Authorization header for the next request; none for a server with open access. `refused`: the one that was. */
export type Bearer = (refused?: string) => Promise<string | undefined>;

/** Transactions may read, search and write what they name. */
const SCOPE = 'system/*.cruds';
/** A token is changed for a new one this long before its end, in ms. */
const EARLY_MS = 30_000;

/** Adds the options to a command. */
export function withBearer(command: Command): Command {
  return command
    .option('--client <id>', 'ask for tokens as this backend service (embergate client add --kind backend)')
    .option('--key <file>', 'its private key as a JWK')
    .option('--token-file <file>', 'a file with an access token, instead of a client');
}

/** Throws an Error in one clear line where the options do not fit together. */
export function bearerOf(server: string, { client, key, tokenFile }: BearerOptions): Bearer {
  if ((client === undefined) !== (key === undefined))
    throw new Error('give --client and --key together: who asks, and the key to sign with');
  if (tokenFile !== undefined && client !== undefined)
    throw new Error('give --client or --token-file, not both');
  if (tokenFile !== undefined) {
    const token = readFileSync(tokenFile, 'utf8').trim();
    return async () => `Bearer ${token}`;
  }
  if (client === undefined || key === undefined) return async () => undefined;
  return renewed(server, client, JSON.parse(readFileSync(key, 'utf8')) as Jwk);
}

/** Several requests that need a token at the same time share one. */
function renewed(server: string, client: string, jwk: Jwk): Bearer {
  let current: Promise<Token> | undefined;
  const renew = (before: Promise<Token> | undefined): void => {
    // Another request may have asked for a new one meanwhile.
    if (current === before) current = ask(server, client, jwk);
  };
  return async (refused) => {
    const before = current;
    const token = await before?.catch(() => undefined);
    const isGood = token && token.until >= Date.now() + EARLY_MS && headerOf(token) !== refused;
    if (!isGood) renew(before);
    return headerOf(await current!);
  };
}

const headerOf = ({ text }: Token): string => `Bearer ${text}`;

interface Token {
  readonly text: string;
  /** ms since 1970 */
  readonly until: number;
}

async function ask(server: string, client: string, jwk: Jwk): Promise<Token> {
  const discovery = await json(`${server}/.well-known/smart-configuration`, {});
  const endpoint = String(discovery['token_endpoint']);
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    scope: SCOPE,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await signAssertion(jwk, client, endpoint),
  });
  const answer = await json(endpoint, { method: 'POST', body });
  return {
    text: String(answer['access_token']),
    until: Date.now() + Number(answer['expires_in'] ?? 60) * 1000,
  };
}

async function json(url: string, options: RequestInit): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, { ...options, signal: AbortSignal.timeout(30_000) }).catch(
    (error: Error) => {
      throw new Error(
        `${url} cannot be reached: ${(error.cause as Error | undefined)?.message ?? error.message}`,
      );
    },
  );
  const body = (await response.json().catch(() => ({}))) as Readonly<Record<string, unknown>>;
  if (response.ok) return body;
  const why = [body['error'], body['error_description']].filter((one) => one !== undefined).join(': ');
  throw new Error(`no token from ${url}: ${response.status} ${why}`);
}
