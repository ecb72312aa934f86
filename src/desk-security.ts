/** What the pages about one's own sign-in are given of the house. */
import type { Composition } from './compose.ts';
import type { SecurityDesk } from './web/account/security-desk.ts';

export const securityDesk = ({ door, security }: Composition): SecurityDesk => ({
  door: async () => (await door('default'))!,
  security: async () => (await security('default'))!,
  mount: '/oidc',
});
