/**
 * The key sets that clients publish: fetched anew as soon as their own headers say that they are old, so that a key withdrawn is refused at once.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys
 */
import type { Client } from 'oidc-provider';

/** How long a set without a word about it is kept (ms). */
const UNSAID_MS = 60_000;

interface FetchedKeys {
  freshUntil?: number;
  refresh(): Promise<void>;
  clear(): void;
}

export interface ClientKeys {
  /** the library's fetch, which notes what the answers say about keeping them */
  readonly fetch: typeof globalThis.fetch;
  /** Fetches the client's keys again where they may not be kept any longer; there are none when they cannot be had. */
  refresh(client: Client): Promise<void>;
}

export function clientKeys(fetch: typeof globalThis.fetch): ClientKeys {
  const freshUntil = new Map<string, number>();
  return {
    fetch: async (url, options) => {
      const response = await fetch(url, options);
      freshUntil.set(String(url), Date.now() + keepFor(response.headers));
      return response;
    },
    refresh: async (client) => {
      const { jwksUri } = client;
      if (jwksUri === undefined || (freshUntil.get(new URL(jwksUri).href) ?? 0) > Date.now()) return;
      const keys = (client as unknown as { asymmetricKeyStore: FetchedKeys }).asymmetricKeyStore;
      keys.freshUntil = 0;
      // A set that cannot be had any more is no set: what was in it may be withdrawn.
      await keys.refresh().catch(() => keys.clear());
    },
  };
}

/** https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2 */
function keepFor(headers: Headers): number {
  const control = headers.get('cache-control');
  if (control === null) return UNSAID_MS;
  if (/\bno-(?:store|cache)\b/i.test(control)) return 0;
  const age = /\bmax-age=(\d{1,9})/i.exec(control);
  return age ? Number(age[1]) * 1000 : UNSAID_MS;
}
