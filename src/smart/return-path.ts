/** Where a browser goes on after signing in: a path of our own, and nothing that a browser could take for another place. RFC 9700 section 4.11 */
import type { SmartTenant } from './tenant.ts';

const MOST = 2000;

/** The path, or `fallback` where what was sent leads elsewhere or nowhere. */
export function ownPath(
  { origin }: Pick<SmartTenant, 'origin'>,
  sent: string | null,
  fallback = '/account',
): string {
  if (sent === null || sent.length > MOST || !/^\/(?![/\\])[\x21-\x7e]*$/.test(sent) || sent.includes('\\'))
    return fallback;
  const url = URL.parse(sent, origin);
  return url?.origin === origin ? url.pathname + url.search + url.hash : fallback;
}
