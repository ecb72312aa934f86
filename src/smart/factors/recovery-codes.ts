/**
 * Recovery codes: ten that a person keeps on paper, each good once. What is kept is a keyed hash, so that neither the store nor a copy of it tells one.
 * https://pages.nist.gov/800-63-4/sp800-63b.html#saved-recovery-codes
 */
import { randomBytes } from 'node:crypto';
import type { TokenStore } from '../../store/ports.ts';
import type { TenantKeys } from '../sealing.ts';

export const RECOVERY = 'RecoveryCode';
const MANY = 10;
/** 32 signs without those that look like others: 75 bits in three groups of five */
const SIGNS = '0123456789abcdefghjkmnpqrstvwxyz';
const LENGTH = 15;

/** As a person types it: without its dashes, capitals, and with o, i and l for what they look like. */
const normal = (typed: string): string =>
  typed
    .toLowerCase()
    .replace(/[^0-9a-z]/g, '')
    .replaceAll('o', '0')
    .replace(/[il]/g, '1');

const idOf = (keys: TenantKeys, accountId: string, code: string): string =>
  keys.proof(`recovery code ${accountId} ${code}`);

/** Ten new codes; the ones before are no longer good. */
export async function newCodes(
  tokens: TokenStore,
  keys: TenantKeys,
  accountId: string,
  now: number,
): Promise<readonly string[]> {
  await removeCodes(tokens, accountId, now);
  const codes = Array.from({ length: MANY }, newCode);
  for (const code of codes)
    await tokens.put({
      model: RECOVERY,
      id: idOf(keys, accountId, normal(code)),
      uid: accountId,
      payload: '{}',
    });
  return codes;
}

function newCode(): string {
  const text = [...randomBytes(LENGTH)].map((byte) => SIGNS[byte % SIGNS.length]).join('');
  return text.match(/.{5}/g)!.join('-');
}

/** Whether it is one of the account's; it is used up by that. */
export async function takeCode(
  tokens: TokenStore,
  keys: TenantKeys,
  accountId: string,
  typed: string,
  now: number,
): Promise<boolean> {
  const code = normal(typed);
  if (code.length !== LENGTH) return false;
  const id = idOf(keys, accountId, code);
  if (!(await tokens.consume(RECOVERY, id, now))) return false;
  await tokens.remove(RECOVERY, id);
  return true;
}

export const codesLeft = async (tokens: TokenStore, accountId: string, now: number): Promise<number> =>
  (await tokens.findBy('uid', accountId, now, { model: RECOVERY })).length;

export async function removeCodes(tokens: TokenStore, accountId: string, now: number): Promise<void> {
  for (const { id } of await tokens.findBy('uid', accountId, now, { model: RECOVERY }))
    await tokens.remove(RECOVERY, id);
}
