/** An app as a person is shown it: nothing that it says of itself may look like more than that. */
import type { Client } from 'oidc-provider';
import type { AppView } from './pages.ts';
import type { SmartTenant } from './tenant.ts';

const MOST_NAME = 80;
/** Control characters, and those that turn the direction of what follows or cannot be seen. */
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

export function appView(tenant: SmartTenant, client: Client): AppView {
  const { clientId, clientName, logoUri, clientUri, clientIdIssuedAt } = client;
  const name = plainName(clientName) || clientId;
  return {
    clientId,
    name,
    ...(logoUri !== undefined && isOurs(tenant, logoUri) && { logoUrl: logoUri }),
    ...(clientUri !== undefined && /^https?:/.test(clientUri) && { website: clientUri }),
    vouchedBy: vouchedBy(tenant, client['registered_by'], clientIdIssuedAt),
  };
}

export const plainName = (name: string | undefined): string =>
  (name ?? '').normalize('NFC').replace(UNSEEN, '').trim().slice(0, MOST_NAME);

/** A logo from elsewhere would tell its owner who is looking. */
const isOurs = ({ origin }: SmartTenant, url: string): boolean =>
  URL.parse(url)?.origin === new URL(origin).origin;

function vouchedBy({ site }: SmartTenant, registeredBy: unknown, issuedAt: number | undefined): string {
  if (registeredBy !== 'self') return `registered by ${site}`;
  if (issuedAt === undefined) return 'registered itself';
  const day = new Date(issuedAt * 1000).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });
  return `registered itself on ${day}`;
}
