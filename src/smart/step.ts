/** One step between an authorization request and its code: what it is given, and what it can lead to. */
import type Provider from 'oidc-provider';
import type { Client, Interaction } from 'oidc-provider';
import type { Launch } from './launch.ts';
import type { FormTarget, SignedInView } from './pages.ts';
import type { Problem } from './problem.ts';
import type { StepResults } from './steps.ts';
import type { SmartTenant, UserAccount } from './tenant.ts';

/** One visit to a step: what it knows. */
export interface Step {
  readonly tenant: SmartTenant;
  readonly provider: Provider;
  readonly interaction: Interaction;
  readonly client: Client;
  readonly launch: Launch | undefined;
  /** the user who is signed in; undefined at the sign-in itself */
  readonly user: UserAccount | undefined;
  readonly results: StepResults;
  /** what the request asks for */
  readonly scope: string;
  readonly form: FormTarget;
  /** where the patient picker searches */
  readonly search: FormTarget;
  /** where another person signs in; undefined where the launch is one user's alone */
  readonly other: FormTarget | undefined;
  readonly address: string;
  /** a random value that tells this browser from others: from its cookie, or new */
  readonly device: string;
  readonly requestId: string;
  /** what the forms of this browser's sign-ins are bound to */
  readonly mark: string;
}

/** What a step leads to: a page, its end, or a problem. */
export type StepOutcome =
  | { readonly page: string; readonly status?: number; readonly retryAfter?: number }
  | {
      readonly done: Readonly<Record<string, unknown>>;
      readonly scope?: string;
      /** the browser keeps the value of its step */
      readonly keepsDevice?: boolean;
    }
  /** `error`: OAuth's code, `access_denied` when absent */
  | { readonly denied: string; readonly error?: string }
  | { readonly problem: Problem };

export interface StepHandler {
  /** `query`: of the address that the step is opened by */
  show(step: Step, query: string): Promise<StepOutcome>;
  /** `part` is `search` for the search of the patient picker */
  take(step: Step, fields: URLSearchParams, part: string | undefined): Promise<StepOutcome>;
}

const ROLES: Readonly<Record<UserAccount['role'], string>> = {
  practitioner: 'clinician',
  patient: 'patient',
  related: 'family member',
  operator: 'operator',
};

/** Who is signed in, as the pages say it. */
export function signedIn({ name, role }: UserAccount, other: FormTarget | undefined): SignedInView {
  return { name, who: ROLES[role], ...(other && { other }) };
}
