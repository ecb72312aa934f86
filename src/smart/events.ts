/**
 * What happens at the authorization server, one event a request: the seam of the developer's log. It carries the true reason of a refusal, which
 * the answer to the client may not. No token, code, secret or patient is in it.
 */
import type { Problem } from './problem.ts';

export type SmartEndpoint =
  'authorize' | 'interaction' | 'token' | 'introspect' | 'revoke' | 'register' | 'userinfo' | 'app-state';

export interface SmartEvent {
  /** ms since 1970 */
  readonly at: number;
  readonly tenant: string;
  readonly endpoint: SmartEndpoint;
  /** as registered; what was sent where there is no such client */
  readonly clientId?: string;
  readonly outcome: 'done' | 'refused' | 'failed';
  /** OAuth error code */
  readonly error?: string;
  readonly description?: string;
  /** the true reason */
  readonly detail?: string;
  /** the same as data: `problemView` of explain.ts tells it in words */
  readonly problem?: Problem;
  readonly requestId: string;
}

export type SmartObserver = (event: SmartEvent) => void;
