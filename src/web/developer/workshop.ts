/** What the developer's pages need of the house: the tokens of the tenant, what its apps did, and what a token would be allowed. */
import type { Grantee } from '../../access/grantee.ts';
import type { AppEvent } from '../../smart/developer/app-events.ts';
import type { TenantKeys } from '../../smart/sealing.ts';
import type { TokenStore } from '../../store/ports.ts';

export interface Workshop {
  /** FHIR base */
  readonly base: string;
  /** the records are invented: the log may show values, anyone may register a service and look at the demo's own apps */
  readonly isDemo: () => Promise<boolean>;
  readonly tokens: () => Promise<TokenStore>;
  readonly keys: () => Promise<TenantKeys>;
  /** newest first */
  readonly events: (clientId: string) => Promise<readonly AppEvent[]>;
  /** whether a request would be allowed, and why; `url` is relative to the base or absolute */
  readonly tryUrl: (grantee: Grantee, method: string, url: string) => Promise<Trial>;
  /** what was done to an app goes into the audit trail */
  readonly note: (deed: Deed, clientId: string, address: string) => Promise<void>;
  /** reverse proxies of ours that stand in front */
  readonly proxies: number;
}

export const DEEDS = {
  register: 'registered on /developer',
  change: 'changed on /developer',
  secret: 'new secret made on /developer',
  'end-secret': 'secret before ended on /developer',
  remove: 'removed on /developer',
  adopt: 'brought to another browser by its registration token',
} as const;
export type Deed = keyof typeof DEEDS;

/** How a request would fare, without doing it. */
export interface Trial {
  readonly decision: 'allowed' | 'filtered' | 'refused';
  /** one sentence */
  readonly says: string;
  readonly rules: readonly { readonly name: string; readonly says: string }[];
}
