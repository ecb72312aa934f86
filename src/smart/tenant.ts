/** What the authorization server of one tenant works with. */
import type { AuditRecorder } from '../access/audit/recorder.ts';
import type { TokenStore } from '../store/ports.ts';
import type { Chart } from './chart.ts';
import type { ConsentView, Pages } from './pages.ts';
import type { SmartObserver } from './events.ts';
import type { TenantKeys } from './sealing.ts';
import type { Upstream } from './upstream/upstream.ts';

export interface UserAccount {
  /** the subject of tokens; never given to another person */
  readonly id: string;
  readonly username: string;
  readonly name: string;
  /** `Practitioner/123`; absent: nothing clinical */
  readonly fhirUser?: string;
  readonly role: 'practitioner' | 'patient' | 'related' | 'operator';
  readonly disabled?: boolean;
  /** ms since 1970: when the password was given */
  readonly passwordAt?: number;
}

export type SignInResult =
  | { readonly account: UserAccount }
  /** one sentence for the person; `retryAfter` in seconds */
  | { readonly refused: string; readonly retryAfter?: number };

export interface Accounts {
  find(id: string): Promise<UserAccount | undefined>;
  /** `device`: a random value that the browser keeps */
  signIn(username: string, password: string, address: string, device: string): Promise<SignInResult>;
  /** shown as a hint where the demo is on */
  demo(): Promise<readonly { readonly username: string; readonly who: string }[]>;
}

/** Scopes as a person is shown them, and the way back from the boxes that were ticked. */
export interface Permissions {
  permissionsOf(scopes: readonly string[]): Pick<ConsentView, 'permissions' | 'cannot'>;
  /** of the scopes that were asked for what is ticked, perhaps narrower */
  narrow(asked: readonly string[], ticked: readonly string[]): readonly string[];
}

export interface SmartTenant {
  readonly name: string;
  /** what a person calls this place */
  readonly site: string;
  /** origin that clients see: `https://fhir.example.org` */
  readonly origin: string;
  /** FHIR base, issuer and audience of tokens */
  readonly base: string;
  /** where the authorization server is mounted: `/oidc`, `/t/{tenant}/oidc` */
  readonly mount: string;
  readonly tokens: TokenStore;
  readonly audit: AuditRecorder;
  readonly keys: TenantKeys;
  readonly accounts: Accounts;
  readonly chart: Chart;
  readonly pages: Pages;
  readonly permissions: Permissions;
  readonly resourceTypes: () => readonly string[];
  readonly observe: SmartObserver;
  /** another provider that one can sign in with */
  readonly upstream?: Upstream;
  /** reverse proxies of ours that stand in front */
  readonly proxies: number;
  /** for key sets of clients; addresses of our own network are refused where it is absent */
  readonly fetch?: typeof globalThis.fetch;
}

export const DEFAULT_TENANT = 'default';

/** Absolute URL of a resource that is named relative to the tenant. */
export const absolute = (tenant: SmartTenant, reference: string): string => `${tenant.base}/${reference}`;
