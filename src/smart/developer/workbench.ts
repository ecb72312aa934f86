/**
 * The apps that a developer looks after, without an account: a workbench belongs to a browser by a random value in a cookie, kept here as its hash. An app
 * comes onto it by being registered there, or by its registration access token. https://www.rfc-editor.org/rfc/rfc7592
 */
import { randomBytes } from 'node:crypto';
import { secretId } from '../../access/access-token.ts';
import type { TokenStore } from '../../store/ports.ts';

export interface Workbench {
  /** hash of the cookie's value */
  readonly id: string;
  readonly apps: readonly string[];
}

const MODEL = 'Workbench';
const KEPT_MS = 365 * 86_400_000;
const MOST_APPS = 50;
const VALUE = /^[A-Za-z0-9_-]{43}$/;

export const newWorkbenchValue = (): string => randomBytes(32).toString('base64url');

/** The workbench of a cookie's value; undefined where it cannot be one. One that has no app yet is not kept. */
export async function workbenchOf(
  tokens: TokenStore,
  value: string | undefined,
  now: number,
): Promise<Workbench | undefined> {
  if (value === undefined || !VALUE.test(value)) return undefined;
  const id = secretId(value);
  const record = await tokens.find(MODEL, id, now);
  return { id, apps: record ? (JSON.parse(record.payload) as { apps: string[] }).apps : [] };
}

/** Puts an app onto the workbench, first. The oldest leaves a full one; it can come back by its token. */
export async function putOnWorkbench(
  tokens: TokenStore,
  { id, apps }: Workbench,
  clientId: string,
  now: number,
): Promise<void> {
  const all = [clientId, ...apps.filter((one) => one !== clientId)].slice(0, MOST_APPS);
  await keep(tokens, id, all, now);
}

export async function takeFromWorkbench(
  tokens: TokenStore,
  { id, apps }: Workbench,
  clientId: string,
  now: number,
): Promise<void> {
  await keep(
    tokens,
    id,
    apps.filter((one) => one !== clientId),
    now,
  );
}

const keep = (tokens: TokenStore, id: string, apps: readonly string[], now: number): Promise<void> =>
  tokens.put({ model: MODEL, id, payload: JSON.stringify({ apps }), expiresAt: now + KEPT_MS });

/** The app of a registration access token. */
export async function appOfToken(
  tokens: TokenStore,
  token: string,
  now: number,
): Promise<string | undefined> {
  const record = await tokens.find('RegistrationAccessToken', secretId(token), now);
  return record?.clientId;
}
