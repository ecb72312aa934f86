/**
 * From which web pages an app may call: the origins of its registered addresses. Discovery is open to all.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#considerations-for-cross-origin-resource-sharing-cors-support
 */
import type { Client } from 'oidc-provider';

export function registeredOrigins(client: Client): readonly string[] {
  const { redirectUris = [] } = client;
  const launch = client['launch_uri'];
  const more: unknown = client['allowed_origins'];
  const allowed = Array.isArray(more) ? (more as unknown[]).map(String) : [];
  const urls = [...redirectUris, ...(typeof launch === 'string' ? [launch] : []), ...allowed];
  return [...new Set(urls.flatMap((url) => originOf(url) ?? []))];
}

/** `null` (a sandboxed page, a file) is nobody's origin. */
function originOf(url: string): string | undefined {
  const origin = URL.parse(url)?.origin;
  return origin === 'null' ? undefined : origin;
}
