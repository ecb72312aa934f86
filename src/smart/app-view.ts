/** An app as a person is shown it: nothing that it says of itself may look like more than that. */
import type { Client } from 'oidc-provider';
import type { AppView } from './pages.ts';
import type { ClientRecord } from './registered-clients.ts';
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

/** The same of a client as it is kept; one that is gone has its id alone. */
export function keptAppView(
  tenant: Pick<SmartTenant, 'origin' | 'site'>,
  clientId: string,
  client: ClientRecord | undefined,
): AppView {
  if (!client) return { clientId, name: clientId, vouchedBy: 'no longer registered here' };
  const { client_name: name, logo_uri: logo, client_uri: website } = client;
  return {
    clientId,
    name: plainName(name) || clientId,
    ...(logo !== undefined && isOurs(tenant, logo) && { logoUrl: logo }),
    ...(website !== undefined && /^https?:/.test(website) && { website }),
    vouchedBy: vouchedBy(tenant, client.registered_by, client.client_id_issued_at),
  };
}

export const plainName = (name: string | undefined): string =>
  (name ?? '').normalize('NFC').replace(UNSEEN, '').trim().slice(0, MOST_NAME);

/** A logo from elsewhere would tell its owner who is looking. */
const isOurs = ({ origin }: Pick<SmartTenant, 'origin'>, url: string): boolean =>
  URL.parse(url)?.origin === new URL(origin).origin;

function vouchedBy(
  { site }: Pick<SmartTenant, 'site'>,
  registeredBy: unknown,
  issuedAt: number | undefined,
): string {
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
