/**
 * Who is in front of a page of our own: the session of the authorization server, and the way to a fresh or stronger sign-in that comes back to the very
 * page and form. https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest (max_age, acr_values)
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { UserAccount } from './tenant.ts';

export interface Visitor {
  readonly account: UserAccount;
  readonly sessionUid: string;
  /** seconds since 1970: when this person last proved who they are */
  readonly authTime: number;
  /** how strongly: one of ACR */
  readonly acr: string;
  /** for the hidden field `csrf` of every form; bound to the session */
  readonly csrf: string;
}

/** What a page asks of the sign-in behind it. */
export interface Assurance {
  /** the sign-in must be at least this strong: one of ACR */
  readonly acr?: string;
  /** and at most this old, in seconds */
  readonly maxAge?: number;
}

/** Seconds that a sign-in counts as fresh where someone changes how they sign in. */
export const FRESH_SECONDS = 600;

/** A form that was sent when its sender had to sign in again: kept, encrypted, for ten minutes. */
export interface Draft {
  readonly path: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** The door of the pages of our own. One for each tenant. */
export interface Door {
  /** undefined: nobody is signed in, or their account is switched off */
  visitor(request: IncomingMessage, response: ServerResponse): Promise<Visitor | undefined>;
  /** whether a form was made for this visitor's session */
  proves(visitor: Visitor, csrf: string): boolean;
  /** whether the sign-in is as strong and as fresh as a page asks */
  meets(visitor: Visitor, asked: Assurance): boolean;
  /** where to send the browser to sign in; it comes back to `returnTo`, a path of our own such as `/account?tab=apps` */
  signIn(returnTo: string, asked?: Assurance): string;
  /** where to send a form that met a sign-in too old or too weak: it comes back to the page of the form, with its draft as `?draft=…` */
  signInWithDraft(visitor: Visitor | undefined, draft: Draft, asked: Assurance): Promise<string>;
  /** the draft of a `?draft=`, once, for who sent it */
  draft(visitor: Visitor, id: string): Promise<Draft | undefined>;
}
