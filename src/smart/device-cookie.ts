/**
 * Cookies of our own beside those of the library: the value that a browser is known by where it signed in before, and the one that binds a sign-in page
 * to its browser. https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pathCookie } from './cookie-name.ts';
import type { SmartTenant } from './tenant.ts';

const DEVICE = 'embergate_device';
const DEVICE_SECONDS = 365 * 86_400;
const FORM = 'embergate_sign_in';
const FORM_SECONDS = 3600;

type Place = Pick<SmartTenant, 'origin' | 'mount'>;

export const newMark = (): string => randomBytes(24).toString('base64url');

const read = ({ headers }: IncomingMessage, { origin }: Place, name: string): string | undefined =>
  new RegExp(`(?:^|; )${pathCookie(origin, name)}=([A-Za-z0-9_-]{32})(?:;|$)`).exec(
    headers.cookie ?? '',
  )?.[1];

function write(
  response: ServerResponse,
  { origin, mount }: Place,
  name: string,
  value: string,
  seconds: number,
): void {
  const secure = origin.startsWith('https:') ? '; Secure' : '';
  const attributes = `Path=${mount}; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure}`;
  response.appendHeader('set-cookie', `${pathCookie(origin, name)}=${value}; ${attributes}`);
}

/** Who signed in here before is let in while others guess at the password. It names no one and opens nothing. */
export const deviceOf = (request: IncomingMessage, place: Place): string | undefined =>
  read(request, place, DEVICE);

export const keepDevice = (response: ServerResponse, place: Place, device: string): void =>
  write(response, place, DEVICE, device, DEVICE_SECONDS);

/** What the forms of this browser's sign-in are bound to: a sign-in that another page forces on it has another one. */
export function formMark(request: IncomingMessage, response: ServerResponse, place: Place): string {
  const known = read(request, place, FORM);
  const mark = known ?? newMark();
  if (known === undefined) write(response, place, FORM, mark, FORM_SECONDS);
  return mark;
}
