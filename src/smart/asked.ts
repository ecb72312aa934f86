/** What of the authorization server an address asks for: a path below the mount of a tenant, or a well-known document. https://www.rfc-editor.org/rfc/rfc8414#section-3 */
import { DEFAULT_TENANT } from './tenant.ts';

/** What is asked for: a path below the mount, or a well-known document. */
export interface Asked {
  readonly tenant: string;
  readonly path: string;
  readonly query: string;
}

const TENANT = '(?:/t/([a-z0-9-]{1,40}))?';
const MOUNTED = new RegExp(`^${TENANT}/oidc(/[^?]*)?(?:\\?(.*))?$`, 's');
const BELOW_BASE = new RegExp(
  `^${TENANT}/fhir/\\.well-known/(smart-configuration|openid-configuration)/?(?:\\?.*)?$`,
);
const INSERTED = new RegExp(
  `^/\\.well-known/(oauth-authorization-server|openid-configuration)${TENANT}/fhir/?(?:\\?.*)?$`,
);
const AT_ROOT = /^\/\.well-known\/(smart-configuration)\/?(?:\?.*)?$/;

/** undefined: it is not the authorization server's. */
export function askedOf(url: string): Asked | undefined {
  const mounted = MOUNTED.exec(url);
  if (mounted)
    return { tenant: mounted[1] ?? DEFAULT_TENANT, path: mounted[2] ?? '/', query: mounted[3] ?? '' };
  const below = BELOW_BASE.exec(url);
  if (below) return { tenant: below[1] ?? DEFAULT_TENANT, path: `/.well-known/${below[2]}`, query: '' };
  const inserted = INSERTED.exec(url);
  if (inserted)
    return { tenant: inserted[2] ?? DEFAULT_TENANT, path: `/.well-known/${inserted[1]}`, query: '' };
  return AT_ROOT.test(url)
    ? { tenant: DEFAULT_TENANT, path: '/.well-known/smart-configuration', query: '' }
    : undefined;
}
