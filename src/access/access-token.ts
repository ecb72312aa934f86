/**
 * An access token as it is kept: the record that the authorization server writes (models `AccessToken` and `ClientCredentials`) and that a
 * request's bearer is looked up in. Tokens are opaque to clients and kept under their hash. https://www.rfc-editor.org/rfc/rfc6750
 */
import { hash } from 'node:crypto';
import type { LaunchContext } from './launch-context.ts';

export interface AccessTokenPayload {
  readonly kind: 'AccessToken' | 'ClientCredentials';
  readonly clientId: string;
  /** absent for a backend service */
  readonly accountId?: string;
  readonly grantId?: string;
  /** granted scopes, separated by spaces */
  readonly scope?: string;
  /** FHIR base of the tenant that the token is for */
  readonly aud?: string | readonly string[];
  /** seconds since 1970 */
  readonly iat: number;
  readonly exp: number;
  readonly extra?: TokenExtra;
}

export interface TokenExtra extends LaunchContext {
  /** `Practitioner/123`: the user as a resource of this tenant */
  readonly fhirUser?: string;
  /** how the user had signed in when they agreed: class, methods, and when (seconds since 1970) */
  readonly acr?: string;
  readonly amr?: readonly string[];
  readonly auth_time?: number;
}

export const ACCESS_TOKEN_MODELS = ['AccessToken', 'ClientCredentials'] as const;

/** Under what a token (or any other secret that is presented as it is) is kept: SHA-256, base64url. */
export function secretId(secret: string): string {
  return hash('sha256', secret, 'base64url');
}
