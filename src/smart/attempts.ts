/**
 * How often a password may be guessed: sliding windows over failed sign-ins, for an account from one place, for a place, and for an account from
 * everywhere. A guess takes its slot before the password is looked at, so guessing in parallel gains nothing. The slots are in the token store and
 * not in memory: threads and processes share them, and a restart forgives nothing.
 * https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies, https://www.rfc-editor.org/rfc/rfc9700
 */
import { secretId } from '../access/access-token.ts';
import type { TokenStore } from '../store/ports.ts';

/** Who tries, from where. */
export interface Attempt {
  readonly username: string;
  readonly address: string;
  /** an unguessable value that the browser keeps, where it has one */
  readonly device?: string;
}

export interface Limits {
  /** failures in the window: of an account from one place, of all accounts from a place, of an account from all strange places */
  readonly pair: number;
  readonly place: number;
  readonly account: number;
  readonly windowMs: number;
}

export const LIMITS: Limits = { pair: 5, place: 60, account: 50, windowMs: 15 * 60_000 };
/** How long a place from which an account was signed in to is known, in ms. */
const KNOWN_MS = 90 * 86_400_000;
const SLOT = 'SignInFailure';
const KNOWN = 'KnownPlace';

export interface Taken {
  readonly slots: readonly string[];
  /** the account was signed in to from this place or device before */
  readonly known: boolean;
}

/**
 * Takes a slot of each limit; `retryAfter` (whole seconds) where one has none left. Someone who signed in from this place or device before is only
 * held to their own failures there: an attacker elsewhere, or a neighbour behind the same address, cannot lock them out.
 */
export async function takeSlots(
  tokens: TokenStore,
  attempt: Attempt,
  now: number,
  limits: Limits = LIMITS,
): Promise<Taken | { readonly retryAfter: number }> {
  const { pair, known } = await placeOf(tokens, attempt, now);
  const wanted: (readonly [key: string, most: number])[] = [[pair, limits.pair]];
  if (!known) {
    wanted.push([keyOf('place', networkOf(attempt.address)), limits.place]);
    wanted.push([keyOf('account', attempt.username), limits.account]);
  }
  const slots: string[] = [];
  for (const [key, most] of wanted) {
    const got = await takeSlot(tokens, key, most, now, limits.windowMs);
    if (typeof got === 'number') {
      await giveBack(tokens, slots);
      return { retryAfter: Math.max(1, Math.ceil((got - now) / 1000)) };
    }
    slots.push(got);
  }
  return { slots, known };
}

/** After a sign-in: it was no failure, and earlier ones of this pair are forgiven. The place is known from now on. */
export async function forgive(
  tokens: TokenStore,
  attempt: Attempt,
  taken: Taken,
  now: number,
): Promise<void> {
  const { pair } = await placeOf(tokens, attempt, now);
  const failures = await tokens.findBy('uid', pair, now, { model: SLOT });
  await giveBack(tokens, [...new Set([...taken.slots, ...failures.map(({ id }) => id)])]);
  for (const id of Object.values(knownIds(attempt))) {
    const known = await tokens.find(KNOWN, id, now);
    if (known && known.expiresAt! > now + KNOWN_MS - 86_400_000) continue;
    await tokens.put({
      model: KNOWN,
      id,
      payload: '{}',
      uid: keyOf('places', attempt.username),
      expiresAt: now + KNOWN_MS,
    });
  }
}

/** The account is gone: whoever gets its name next starts without the places of the one before. */
export async function forgetPlaces(tokens: TokenStore, username: string, now: number): Promise<void> {
  for (const { id } of await tokens.findBy('uid', keyOf('places', username), now, { model: KNOWN }))
    await tokens.remove(KNOWN, id);
}

export async function giveBack(tokens: TokenStore, slots: readonly string[]): Promise<void> {
  await Promise.all(slots.map((id) => tokens.remove(SLOT, id)));
}

/** A known device has failures of its own; otherwise the address has. */
async function placeOf(
  tokens: TokenStore,
  attempt: Attempt,
  now: number,
): Promise<{ readonly pair: string; readonly known: boolean }> {
  const { username, address, device } = attempt;
  const { byAddress, byDevice } = knownIds(attempt);
  if (byDevice !== undefined && (await tokens.find(KNOWN, byDevice, now)))
    return { pair: keyOf('pair', username, 'device', device!), known: true };
  const known = (await tokens.find(KNOWN, byAddress, now)) !== undefined;
  return { pair: keyOf('pair', username, networkOf(address)), known };
}

const knownIds = ({ username, address, device }: Attempt): { byAddress: string; byDevice?: string } => ({
  byAddress: keyOf('known', username, networkOf(address)),
  ...(device !== undefined && { byDevice: keyOf('known', username, 'device', device) }),
});

/** Hashed, so that neither names nor addresses stand in the store, and nothing that was sent is longer than a key. */
const keyOf = (...parts: readonly string[]): string => secretId(JSON.stringify(parts));

/** The id of the slot, or when the next one comes free. `add` gives a slot to one racer only. */
async function takeSlot(
  tokens: TokenStore,
  key: string,
  most: number,
  now: number,
  windowMs: number,
): Promise<string | number> {
  for (;;) {
    const taken = await tokens.findBy('uid', key, now, { model: SLOT });
    const ids = new Set(taken.map(({ id }) => id));
    const free = Array.from({ length: most }, (_, i) => `${key}.${i}`).filter((id) => !ids.has(id));
    if (free.length === 0) return Math.min(...taken.map(({ expiresAt }) => expiresAt!));
    for (const id of free) {
      const slot = { model: SLOT, id, payload: '{}', uid: key, expiresAt: now + windowMs };
      if (await tokens.add(slot, now)) return id;
    }
  }
}

/** Whoever has an IPv6 address has 2^64 of them: they count as one. */
export function networkOf(address: string): string {
  const plain = address
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.)/, '')
    .replace(/%.*$/, '');
  if (!plain.includes(':')) return plain;
  const [left = '', right] = plain.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right ? right.split(':') : [];
  const zeros = right === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...Array.from({ length: zeros }, () => '0'), ...tail];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
