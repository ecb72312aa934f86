/**
 * What the account pages are given to show, and what they can ask to be done. The desk decides whose record a visitor may look after; the pages only show
 * it. Root wiring fills it in (`desk-account.ts`).
 */
import type { AppView, ConsentView, PersonView } from '../../smart/pages.ts';
import type { Door, Visitor } from '../../smart/visitor.ts';
import type { Timeline } from '../timeline.ts';

/** An app that was let in, by all its agreements of one person about one record. */
export interface ConnectedApp {
  /** names the app's agreements in addresses */
  readonly id: string;
  readonly app: AppView;
  /** whose record; absent: all that the person may open */
  readonly record?: PersonView;
  /** who let it in, where that was not the visitor */
  readonly by?: string;
  /** in the form of the consent page: everything ticked */
  readonly permissions: ConsentView['permissions'];
  readonly cannot: ConsentView['cannot'];
  /** ms since 1970 */
  readonly since: number;
  /** absent: until it is stopped */
  readonly until?: number;
  /** ends when the person signs out */
  readonly online: boolean;
  /** absent: not within what is remembered of late */
  readonly lastUsed?: number;
}

/** Who may act for a patient. */
export interface ProxyView {
  readonly id: string;
  readonly name: string;
  /** "mother" */
  readonly relation?: string;
  /** FHIR date */
  readonly since?: string;
  readonly until?: string;
  /** the visitor is this person */
  readonly isVisitor: boolean;
  readonly mayEnd: boolean;
}

/** A record that the visitor looks after: their own, or that of someone whom they act for. */
export interface LookedAfter {
  readonly patient: PersonView;
  readonly isOwn: boolean;
  readonly proxies: readonly ProxyView[];
  /** the newest; undefined where this server keeps no trail */
  readonly looked: Timeline | undefined;
}

export interface AccountView {
  readonly apps: readonly ConnectedApp[];
  readonly records: readonly LookedAfter[];
  /** what was done in the visitor's name: for who looks after no record */
  readonly done: Timeline | undefined;
}

export type RecordFormat = 'bundle' | 'ndjson' | 'page';

/** A resource on its way out: the bytes of its JSON text. */
export interface Copied {
  readonly type: string;
  /** its address below the FHIR base */
  readonly url: string;
  readonly bytes: Uint8Array;
}

export interface AccountDesk {
  readonly door: () => Promise<Door>;
  /** where the form that signs out is posted to */
  readonly signOut: string;
  overview(visitor: Visitor): Promise<AccountView>;
  app(visitor: Visitor, id: string): Promise<ConnectedApp | undefined>;
  /** Cuts the app down to the ticked boxes of its permissions. `nothing`: no box that shows anything of a record was ticked. */
  narrow(visitor: Visitor, id: string, ticked: readonly string[]): Promise<'done' | 'nothing' | 'gone'>;
  /** false: it was not there any more */
  stop(visitor: Visitor, id: string): Promise<boolean>;
  /** who looked at the record of a patient whom the visitor looks after; undefined where they do not */
  looked(
    visitor: Visitor,
    patient: string,
    after?: string,
  ): Promise<(LookedAfter & { looked: Timeline }) | undefined>;
  /** what was done in the visitor's name */
  done(visitor: Visitor, after?: string): Promise<Timeline>;
  /** false: there is no such person, or it is not for the visitor to end it */
  endProxy(visitor: Visitor, id: string, reason: string): Promise<boolean>;
  /** the whole record of a patient whom the visitor looks after */
  copy(
    visitor: Visitor,
    patient: string,
  ): Promise<{ readonly patient: PersonView; readonly resources: AsyncIterable<Copied> } | undefined>;
}
