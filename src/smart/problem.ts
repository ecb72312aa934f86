/**
 * What can go wrong in a launch, as data: the value sent, the value expected, what would have been right. `explain.ts` turns it into words.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
 */
import { errors } from 'oidc-provider';
import type { LaunchFault } from './launch.ts';

export type Problem =
  | { readonly kind: 'aud'; readonly sent: string | undefined; readonly expected: string }
  | { readonly kind: 'pkce'; readonly method: string | undefined }
  | { readonly kind: 'redirect'; readonly sent: string | undefined; readonly registered: readonly string[] }
  | { readonly kind: 'client'; readonly sent: string | undefined }
  | { readonly kind: 'launch'; readonly fault: LaunchFault | 'user' }
  | { readonly kind: 'scope'; readonly sent: string; readonly nearest: readonly string[] }
  | { readonly kind: 'origin'; readonly sent: string; readonly registered: readonly string[] }
  | { readonly kind: 'clock'; readonly sent: string; readonly ours: string }
  | { readonly kind: 'kid'; readonly sent: string | undefined; readonly registered: readonly string[] }
  | {
      readonly kind: 'upstream';
      /** does not answer; its answer does not hold; whom it names is nobody here; whom it names is linked to another account */
      readonly fault: 'away' | 'refused' | 'unknown' | 'taken';
      readonly name: string;
    }
  | { readonly kind: 'session' }
  | { readonly kind: 'no-record' }
  | { readonly kind: 'other'; readonly error: string; readonly description: string };

/** A refusal that stays with us: its page tells more than the app could. */
export function refusal(description: string, problem: Problem): errors.OIDCProviderError {
  return Object.assign(new errors.InvalidRequest(description), { allow_redirect: false, problem });
}

/** The problem that an error carries, if it is one of ours. */
export function problemOf(error: unknown): Problem | undefined {
  return (error as { problem?: Problem }).problem;
}

const MOST_SHOWN = 200;

/** A value that was sent, as an error_description may show it. https://www.rfc-editor.org/rfc/rfc6749#section-5.2 */
export function shown(value: string): string {
  const safe = value.replace(/[^\x20\x21\x23-\x5B\x5D-\x7E]/g, '?');
  return safe.length > MOST_SHOWN ? `${safe.slice(0, MOST_SHOWN)}...` : safe;
}
