/**
 * What the console shows an operator, and what it can be told to do. Every deed comes with a reason and is written into the trail before it is done.
 * Root wiring fills it in (`desk-console.ts`).
 */
import type { AuditNote, Happening } from '../../access/audit/note.ts';
import type { Role } from '../../smart/accounts.ts';
import type { Acr } from '../../smart/acr.ts';
import type { AppView, ConsentView } from '../../smart/pages.ts';
import type { Door, Visitor } from '../../smart/visitor.ts';
import type { Happened } from '../timeline.ts';

export interface UserRow {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly role: Role;
  readonly fhirUser?: string;
  readonly disabled: boolean;
}

export interface SessionRow {
  readonly id: string;
  readonly accountId: string;
  /** "Firefox on Windows" */
  readonly device: string;
  readonly address: string;
  /** ms since 1970 */
  readonly since: number;
  readonly usedAt: number;
}

/** An app that a person let in, by all its agreements about one record. */
export interface GivenRow {
  readonly id: string;
  readonly clientId: string;
  readonly app: string;
  readonly username: string;
  /** `Patient/1` */
  readonly patient?: string;
  readonly permissions: ConsentView['permissions'];
  readonly scope: string;
  readonly since: number;
  readonly until?: number;
}

export interface UserView extends UserRow {
  readonly sessions: readonly SessionRow[];
  readonly given: readonly GivenRow[];
}

export interface ClientRow {
  readonly clientId: string;
  readonly app: AppView;
  /** "in a browser, without a secret" */
  readonly kind: string;
  readonly disabled: boolean;
}

export interface ClientView extends ClientRow {
  readonly redirectUris: readonly string[];
  /** absent: whatever the flow allows */
  readonly scope?: string;
  readonly hasSecret: boolean;
  /** until when the secret before works, ms since 1970 */
  readonly oldSecretUntil?: number;
  readonly given: readonly GivenRow[];
  readonly moreGiven: boolean;
  /** tokens that it holds for itself, as a backend service */
  readonly ownTokens: number;
}

export interface PolicyRow {
  readonly id: string;
  readonly title: string;
  /** who it is for, in words */
  readonly forWhom: string;
  /** what it says, a sentence a rule */
  readonly says: readonly string[];
  /** the one that is in force where no other is; it cannot be edited */
  readonly builtIn: boolean;
  /** it counts */
  readonly active: boolean;
  /** why it cannot be used: then nothing is granted by it */
  readonly faults: readonly string[];
}

export interface PolicyView extends PolicyRow {
  /** JSON, to be edited */
  readonly text: string;
}

/** What would be allowed, and which rule says so. */
export interface Explained {
  readonly allowed: boolean;
  readonly decision: string;
  readonly rules: readonly { readonly rule: string; readonly says: string; readonly source: string }[];
}

export interface TrailQuery {
  /** user name */
  readonly person?: string;
  /** bare id */
  readonly patient?: string;
  readonly app?: string;
  readonly happening?: Happening;
  readonly outcome?: AuditNote['outcome'];
  /** as a browser sends it: `2026-11-24T09:00`; UTC */
  readonly from?: string;
  readonly to?: string;
}

export interface TrailRow extends Happened {
  /** pretty JSON of the AuditEvent */
  readonly event: string;
}

export interface TrailPage {
  readonly rows: readonly TrailRow[];
  readonly next?: string;
  /** what of the question cannot be understood */
  readonly fault?: string;
}

/** Something that is not as it usually is. It is never called wrong here: someone has to look. */
export interface Finding {
  readonly kind: 'many-records' | 'refusals' | 'sign-ins' | 'hour' | 'volume';
  /** of whom: "Dr. Alma Reyes", "the app Growth Tracker", "address 203.0.113.5" */
  readonly who: string;
  /** a sentence that goes on from `who` */
  readonly says: string;
  /** ms since 1970 */
  readonly from: number;
  readonly to: number;
  /** shows what it is made of */
  readonly search: TrailQuery;
}

export interface Unusual {
  readonly findings: readonly Finding[];
  /** how far back the trail was read, ms since 1970 */
  readonly since: number;
  /** there was more than is read at once, so `since` is later than it should be */
  readonly isCut: boolean;
}

/** So many are counted; beyond that there are "more than". */
export const MOST_COUNTED = 1000;

export interface ConsoleHome {
  readonly isReady: boolean;
  readonly users: number;
  readonly clients: number;
  /** undefined where no trail is kept */
  readonly unusual: Unusual | undefined;
}

export interface NewUser {
  readonly username: string;
  readonly name: string;
  readonly role: string;
  readonly fhirUser: string;
}

export type Deed =
  | { readonly kind: 'user-add'; readonly user: NewUser }
  | {
      readonly kind:
        'user-disable' | 'user-enable' | 'user-reset' | 'user-end' | 'user-factors' | 'user-remove';
      readonly username: string;
    }
  | {
      readonly kind: 'client-disable' | 'client-enable' | 'client-rotate' | 'client-end' | 'client-remove';
      readonly clientId: string;
    }
  | { readonly kind: 'given-end'; readonly id: string }
  | { readonly kind: 'session-end'; readonly id: string; readonly accountId: string }
  | { readonly kind: 'policy-save'; readonly id: string | undefined; readonly text: string }
  | { readonly kind: 'policy-remove'; readonly id: string };

export type Outcome =
  /** `secret`: told this once */
  | { readonly done: string; readonly secret?: string }
  /** nothing was done */
  | { readonly fault: string };

export interface ConsoleDesk {
  readonly door: () => Promise<Door>;
  /** how strong a sign-in opens the console: one of ACR */
  readonly acr: Acr;
  home(): Promise<ConsoleHome>;
  /** by user name, from the first after `after` */
  users(
    search: string,
    after?: string,
  ): Promise<{ readonly users: readonly UserRow[]; readonly next?: string }>;
  user(username: string): Promise<UserView | undefined>;
  clients(after?: string): Promise<{ readonly clients: readonly ClientRow[]; readonly next?: string }>;
  client(id: string): Promise<ClientView | undefined>;
  policies(): Promise<readonly PolicyRow[]>;
  policy(id: string): Promise<PolicyView | undefined>;
  /** what is wrong with the text of a policy; nothing: it can be used */
  checkPolicy(text: string): Promise<readonly string[]>;
  /** `policy`: as if this text were in force. Undefined: there is no such person or app. */
  explain(who: string, method: string, url: string, policy?: string): Promise<Explained | undefined>;
  /** the search is itself written into the trail */
  trail(visitor: Visitor, query: TrailQuery, after?: string): Promise<TrailPage>;
  unusual(): Promise<Unusual | undefined>;
  act(visitor: Visitor, deed: Deed, reason: string): Promise<Outcome>;
}
