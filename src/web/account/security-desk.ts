/** What the pages about one's own sign-in are given of the house. */
import type { AccountSecurity } from '../../smart/security.ts';
import type { Door } from '../../smart/visitor.ts';

export interface SecurityDesk {
  readonly door: () => Promise<Door>;
  readonly security: () => Promise<AccountSecurity>;
  /** where the authorization server is: `/oidc` */
  readonly mount: string;
}
