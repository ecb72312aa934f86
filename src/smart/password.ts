/**
 * Passwords at rest: scrypt, its parameters kept with each hash so that they can grow, a bounded number at a time.
 * https://www.rfc-editor.org/rfc/rfc7914, https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
 */
import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';

interface Cost {
  /** log2 of N */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** 32 MiB and about a fifth of a second of one core: OWASP's row for N = 2^15. */
const COST: Cost = { ln: 15, r: 8, p: 3 };
/** Kept hashes may have other costs, but none that would fill the memory. */
const MOST_COST: Cost = { ln: 18, r: 16, p: 16 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;

/** A thread computes one at a time, so that sign-ins leave cores to requests; so many may wait. */
const MOST_WAITING = 40;
let waiting = 0;
let before: Promise<unknown> = Promise.resolve();

/** Too many sign-ins are waiting: nothing was computed. */
export class TooManyWaiting extends Error {}

const HASH = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w-]{16,64})\$([\w-]{43})$/;

/** `$scrypt$ln=15,r=8,p=3$salt$key`, base64url. Throws TooManyWaiting. */
export async function hashPassword(password: string): Promise<string> {
  return hashWith(password, COST);
}

/** A cheap hash that only a test should keep. */
export const hashCheaply = (password: string): Promise<string> => hashWith(password, { ln: 4, r: 8, p: 1 });

async function hashWith(password: string, cost: Cost): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, cost);
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

let nobodys: Promise<string> | undefined;

/**
 * Whether the password is the one of the hash. `hash` undefined (there is no such account) takes the same time and is false. Throws
 * TooManyWaiting.
 */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  nobodys ??= hashPassword(randomBytes(SALT_BYTES).toString('base64url'));
  nobodys.catch(() => (nobodys = undefined));
  const parsed = parseHash(hash ?? (await nobodys));
  const key = await derive(password, parsed.salt, parsed.cost);
  return timingSafeEqual(key, parsed.key) && hash !== undefined;
}

/** The hash was made with less work than new ones are. */
export function isOutdated(hash: string): boolean {
  const { ln, r, p } = parseHash(hash).cost;
  return 2 ** ln * r * p < 2 ** COST.ln * COST.r * COST.p;
}

function parseHash(hash: string): { readonly cost: Cost; readonly salt: Buffer; readonly key: Buffer } {
  const [, ln, r, p, salt, key] = HASH.exec(hash) ?? [];
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  if (salt === undefined || key === undefined || !isBearable(cost))
    throw new Error('The hash of a password is not one of ours');
  return { cost, salt: Buffer.from(salt, 'base64url'), key: Buffer.from(key, 'base64url') };
}

const isBearable = ({ ln, r, p }: Cost): boolean =>
  ln >= 1 && ln <= MOST_COST.ln && r >= 1 && r <= MOST_COST.r && p >= 1 && p <= MOST_COST.p;

/** One after the other. The same text in another Unicode form is the same password. */
function derive(password: string, salt: Buffer, { ln, r, p }: Cost): Promise<Buffer> {
  if (waiting >= MOST_WAITING) return Promise.reject(new TooManyWaiting('Too many sign-ins at once'));
  waiting++;
  const options: ScryptOptions = { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r };
  const work = (): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) =>
        error ? reject(error) : resolve(key),
      );
    });
  const result = before.then(work).finally(() => waiting--);
  before = result.catch(() => undefined);
  return result;
}
