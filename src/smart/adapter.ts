/**
 * The state of oidc-provider in the token store. Whatever is presented as a secret is kept under its hash and never inside its own record;
 * `consume` and replay detection are decided by the store, so that of two threads one wins.
 * https://github.com/panva/node-oidc-provider/blob/v9.x/docs/README.md#adapter
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { errors, type Adapter, type AdapterFactory, type AdapterPayload } from 'oidc-provider';
import { secretId } from '../access/access-token.ts';
import type { TokenRecord, TokenStore } from '../store/ports.ts';
import { heldToGrant } from './agreements.ts';
import { hashSecret } from './client-secret.ts';
import type { TenantKeys } from './sealing.ts';

/** Models whose id is what a client or browser presents. */
const PRESENTED: readonly string[] = [
  'AccessToken',
  'AuthorizationCode',
  'ClientCredentials',
  'InitialAccessToken',
  'Interaction',
  'RefreshToken',
  'RegistrationAccessToken',
  'Session',
];
/** Given under a grant, which may be narrowed or ended while they are made. */
const HELD: readonly string[] = ['AccessToken', 'RefreshToken'];
/** Models whose content is for us alone: a session's id inside an interaction, what an app asked for a patient. */
const SEALED: readonly string[] = ['Interaction', 'Session'];
/** How much longer than its life a record is kept, so that the refusal can say "expired" instead of "unknown" (ms). */
const REMEMBERED: Readonly<Record<string, number>> = { AuthorizationCode: 600_000 };

/** Good once; a second use takes back what the first one brought. */
const USED_ONCE: readonly string[] = ['AuthorizationCode', 'RefreshToken'];
/**
 * Of several that come at the same moment the first is let through to its answer before a later one is seen as reuse and ends the grant: else nobody
 * would win the race (ms).
 */
const RACE_MS = 250;
const wasJustUsed = (record: TokenRecord | undefined): boolean =>
  record?.consumedAt !== undefined && Date.now() - record.consumedAt < RACE_MS;

/** How long a session is known by the name that it had before (ms). */
const LEFT_MS = 10_000;

export function tokenAdapter(tokens: TokenStore, keys: TenantKeys): AdapterFactory {
  return (model) => new TokenAdapter(model, tokens, keys);
}

class TokenAdapter implements Adapter {
  readonly #model: string;
  readonly #tokens: TokenStore;
  readonly #keys: TenantKeys;

  constructor(model: string, tokens: TokenStore, keys: TenantKeys) {
    this.#model = model;
    this.#tokens = tokens;
    this.#keys = keys;
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const record = this.#record(id, payload, expiresIn);
    if (this.#model !== 'ReplayDetection') {
      await this.#tokens.put(record);
      if (HELD.includes(this.#model) && !(await heldToGrant(this.#tokens, record, Date.now())))
        throw new errors.InvalidGrant('what was agreed to was ended a moment ago');
      return;
    }
    if (!(await this.#tokens.add(record, Date.now()))) {
      throw new errors.InvalidClientAuth('client assertion tokens must only be used once');
    }
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const record = await this.#tokens.find(this.#model, this.#key(id), Date.now());
    if (USED_ONCE.includes(this.#model) && wasJustUsed(record)) await sleep(RACE_MS);
    const payload = record && this.#payload(record, id);
    return this.#model === 'Client' && payload?.['disabled'] === true ? undefined : payload;
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    const [record] = await this.#tokens.findBy('uid', uid, Date.now(), { model: this.#model, limit: 1 });
    return record && this.#payload(record);
  }

  async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    const found = { model: this.#model, limit: 1 };
    const [record] = await this.#tokens.findBy('userCode', userCode, Date.now(), found);
    return record && this.#payload(record);
  }

  /** The library asks first and consumes then: the refusal has to come from here, where the race is decided. */
  async consume(id: string): Promise<void> {
    if (!(await this.#tokens.consume(this.#model, this.#key(id), Date.now()))) {
      throw new errors.InvalidGrant(`${this.#model} was used a moment ago`);
    }
  }

  async destroy(id: string): Promise<void> {
    if (this.#model === 'Session') return this.#leave(id);
    await this.#tokens.remove(this.#model, this.#key(id));
  }

  /** A session gets another name at each step. The old one is known a little longer, for the tab that is under way with it; it holds what it held. */
  async #leave(id: string): Promise<void> {
    const now = Date.now();
    const record = await this.#tokens.find(this.#model, this.#key(id), now);
    if (record)
      await this.#tokens.put({ ...record, expiresAt: Math.min(record.expiresAt ?? Infinity, now + LEFT_MS) });
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await this.#tokens.removeGrant(grantId);
  }

  #key(id: string): string {
    return PRESENTED.includes(this.#model) ? secretId(id) : id;
  }

  #record(id: string, payload: AdapterPayload, expiresIn?: number): TokenRecord {
    const { uid, grantId, accountId, clientId, userCode } = payload as Record<string, string | undefined>;
    const expiresAt =
      expiresIn === undefined ? undefined : Date.now() + expiresIn * 1000 + (REMEMBERED[this.#model] ?? 0);
    const isGrant = this.#model === 'Grant';
    return {
      model: this.#model,
      id: this.#key(id),
      payload: this.#text(payload),
      ...(expiresAt !== undefined && { expiresAt }),
      ...(grantId !== undefined && { grantId }),
      ...(isGrant && { grantId: id }),
      ...(uid !== undefined && { uid }),
      ...(userCode !== undefined && { userCode }),
      ...(accountId !== undefined && { accountId }),
      ...(clientId !== undefined && { clientId }),
    };
  }

  #text(payload: AdapterPayload): string {
    if (this.#model === 'Client') return JSON.stringify(withHashedSecret(payload));
    if (!PRESENTED.includes(this.#model)) return JSON.stringify(payload);
    const { jti: _secret, ...rest } = payload;
    const text = JSON.stringify(rest);
    return SEALED.includes(this.#model) ? JSON.stringify({ sealed: this.#keys.seal(text) }) : text;
  }

  #payload(record: TokenRecord, id?: string): AdapterPayload {
    const read = JSON.parse(record.payload) as AdapterPayload & { sealed?: string };
    const payload =
      read.sealed === undefined ? read : (JSON.parse(this.#keys.open(read.sealed)) as AdapterPayload);
    return {
      ...payload,
      ...(PRESENTED.includes(this.#model) && id !== undefined && { jti: id }),
      ...(record.consumedAt !== undefined && { consumed: Math.floor(record.consumedAt / 1000) }),
    };
  }
}

function withHashedSecret(client: AdapterPayload): AdapterPayload {
  const { client_secret: secret } = client as { client_secret?: string };
  return secret === undefined ? client : { ...client, client_secret: hashSecret(secret) };
}
