/**
 * The ports: what the record needs of a place to keep it. A store is bound to one tenant, so no call can name another.
 * Version numbers, meta, index values and conflict retries live above this file; one contract suite runs over every adapter.
 */
import type { IndexValue } from '../fhir/search/index-value.ts';
import type { Scope, SearchPlan } from '../fhir/search/plan.ts';
import type { AuditStore, NewAuditPage } from './audit-port.ts';
import type { ConceptStore } from './concept-port.ts';

export interface ResourceKey {
  readonly type: string;
  readonly id: string;
}

export type WriteMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One version of a resource as it is kept. `body` is the exact JSON text in UTF-8; a tombstone (deleted) has none. */
export interface StoredResource extends ResourceKey {
  readonly versionId: number;
  /** place of the version in the one order of all versions of the tenant: 1, 2, 3 …; gaps are allowed */
  readonly seq: number;
  /** meta.lastUpdated, ms since 1970; never falls as seq rises */
  readonly instant: number;
  /** the interaction that made the version */
  readonly method: WriteMethod;
  readonly body: Uint8Array | undefined;
}

/** A new version. */
export interface Write extends ResourceKey {
  /** version that must be the current one at commit; 0: there never was one (a tombstone counts as a version) */
  readonly expected: number;
  /** the number of the new version: expected + 1 */
  readonly versionId: number;
  readonly method: WriteMethod;
  /** absent: the write is a delete and leaves a tombstone */
  readonly content?: WriteContent;
}

export interface WriteContent {
  /** JSON text in UTF-8. The store owns it after the call, and may move it to a thread: the caller must not use it again. */
  readonly body: Uint8Array;
  /**
   * byte offset in `body` of the 24 ASCII characters of meta.lastUpdated (`2026-01-31T00:00:00.000Z`), which the store overwrites with the
   * instant of the commit. So lastUpdated, history order, `_since` and the feed can never disagree. -1: nothing to stamp.
   */
  readonly stampAt: number;
  readonly index: readonly IndexValue[];
}

/** A condition that must hold at commit: the plan (count >= matches + 1) still finds exactly these resources. */
export interface Guard {
  readonly plan: SearchPlan;
  readonly matches: readonly ResourceKey[];
}

/** Everything that happens together or not at all. Conditions are judged against the state before the unit, `present` against that after it. */
export interface UnitOfWork {
  readonly writes: readonly Write[];
  readonly guards?: readonly Guard[];
  /** resources that must exist, not deleted, once the unit is applied */
  readonly present?: readonly ResourceKey[];
  /** refuse a delete that would leave a live resource outside this unit's deletes with a `_reference` to the deleted one (as re-written by this unit) */
  readonly integrity?: boolean;
  readonly jobs?: readonly NewJob[];
  /** goes into the audit trail with the unit, and not at all without it */
  readonly audit?: NewAuditPage;
  /** refuses the unit where a living one of this id is kept already, and keeps it with the unit: so a unit that is sent twice is done once */
  readonly once?: Once;
}

/** Kept as a token record of the model `ONCE`, to be found there by who sends the unit again. */
export interface Once {
  /** a hash */
  readonly id: string;
  /** JSON text without PHI: what became of the unit */
  readonly payload: string;
  /** ms since 1970 */
  readonly expiresAt: number;
}

export const ONCE = 'Once';

export type Conflict =
  | { readonly kind: 'version'; readonly key: ResourceKey; readonly current: number }
  | { readonly kind: 'guard'; readonly guard: number }
  | { readonly kind: 'missing'; readonly key: ResourceKey }
  | { readonly kind: 'referenced'; readonly key: ResourceKey; readonly by: ResourceKey }
  | { readonly kind: 'once' };

export type CommitResult =
  /** writes[i] got seq `firstSeq + i`; all of them got this instant */
  | { readonly ok: true; readonly instant: number; readonly firstSeq: number }
  /** nothing was stored */
  | { readonly ok: false; readonly conflicts: readonly Conflict[] };

export interface SearchPage {
  readonly resources: readonly StoredResource[];
  /** position to go on from; absent on the last page. A string without meaning to the caller. */
  readonly next?: string;
  /** position to go back from; absent on the first page */
  readonly previous?: string;
  /** the position of each resource, when the plan asked for them */
  readonly places?: readonly string[];
  /**
   * the last seq when the page was read (under the order of creation that of its first resource is enough): what was created behind it does not belong to this
   * search any more; given with `next` and `previous`
   */
  readonly until?: number;
  /** there is no way back from it, nor to the last page */
  readonly onlyForward?: true;
  /** number of all matches, when the plan asked for it */
  readonly total?: number;
}

/** What of the matches of a plan is wanted: it is the inner half of a join. */
export interface KeyQuery {
  /** only its branches count */
  readonly plan: SearchPlan;
  /** the key values of this parameter that begin with `prefix` (all when absent); without `param`: the matches' own names, `Type/id` */
  readonly param?: string;
  readonly prefix?: string;
  /** at least 1 */
  readonly most: number;
}

export interface HistoryQuery {
  /** all types when absent */
  readonly type?: string;
  readonly id?: string;
  /** versions made at or after this instant (ms) */
  readonly since?: number;
  /** versions that were current at some moment between these instants (ms, inclusive) */
  readonly at?: { readonly from: number; readonly to: number };
  /** page size, at least 1 */
  readonly count: number;
  /** only versions with a lower seq than this: the cursor */
  readonly before?: number;
}

export interface HistoryPage {
  /** newest (highest seq) first */
  readonly versions: readonly StoredResource[];
  readonly more: boolean;
}

/** New index values of a version that is kept already. */
export interface Reindexed extends ResourceKey {
  readonly versionId: number;
  readonly index: readonly IndexValue[];
}

export interface ResourceStore {
  /**
   * Current versions, tombstones included, in the order of the keys; undefined where there never was one. With a scope also where the scope does not
   * hold, judged by the index values without reading the text, so that the two cannot be told apart by time. A tombstone has no index values: it is
   * given for any scope but `none`, and who asks must judge it by the version before.
   */
  read(keys: readonly ResourceKey[], scope?: Scope): Promise<readonly (StoredResource | undefined)[]>;
  /**
   * What were the current versions a moment ago, as far as the store has them at hand without asking a database: undefined where it lacks one of them.
   * Only for drafting a write, whose commit tells whether they still are: nobody must be shown or refused anything by them.
   */
  recall(keys: readonly ResourceKey[]): readonly StoredResource[] | undefined;
  vread(key: ResourceKey, versionId: number): Promise<StoredResource | undefined>;
  history(query: HistoryQuery): Promise<HistoryPage>;
  /** Live resources that match, in a total order. An update of a resource between two pages neither hides nor doubles it under the default order. */
  search(plan: SearchPlan): Promise<SearchPage>;
  /** Keys of all live resources that match, each once, in no order; when there are more than `most`, any `most` of them. No text is read. */
  keys(query: KeyQuery): Promise<readonly string[]>;
  /**
   * All or nothing, durable when the promise resolves. Commits of a tenant have one order: guards, versions and seq are judged and given in it.
   * Conflicts are an answer, not an error. Throws FhirError `busy` when the queue of waiting commits is full or the store cannot be reached.
   */
  commit(unit: UnitOfWork): Promise<CommitResult>;
  /**
   * Replaces the index values of these resources, each named once, where the version is still the current one; a newer one brought its own. No version is
   * made and nothing else changes. Durable at the latest with the next commit.
   */
  reindex(resources: readonly Reindexed[]): Promise<void>;
}

/** The feed: committed versions in order of seq. Any number of readers follow from their own cursor; none misses or doubles a version. */
export interface FeedStore {
  /** versions with seq > after, oldest first, whole commits only when limit allows */
  read(after: number, limit: number): Promise<readonly StoredResource[]>;
  /** the last seq committed so far (0 at the start) */
  last(): Promise<number>;
  /** the durable cursor of a named reader (0 when it never moved) */
  cursor(name: string): Promise<number>;
  /** moves the cursor from -> to; false when another holder of the name has moved it meanwhile (nothing changes then) */
  advance(name: string, from: number, to: number): Promise<boolean>;
}

export interface NewJob {
  readonly queue: string;
  /** JSON; ids and settings, never PHI */
  readonly payload: unknown;
  /** not before this instant (ms); at once when absent */
  readonly runAt?: number;
  /** attempts before it becomes a dead letter; 10 when absent */
  readonly maxAttempts?: number;
}

export interface Job {
  readonly id: number;
  readonly queue: string;
  readonly payload: unknown;
  /** 1 on the first try */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** proof of the claim; extend, complete and fail only work with the latest one */
  readonly lease: string;
  readonly leaseUntil: number;
}

export interface DeadJob {
  readonly id: number;
  readonly queue: string;
  readonly payload: unknown;
  readonly attempts: number;
  readonly error: string;
  readonly diedAt: number;
}

export interface JobStore {
  /** Takes up to `limit` jobs that are due (or whose lease ran out), oldest first; no two claimers get the same one. */
  claim(queues: readonly string[], limit: number, leaseMs: number, now: number): Promise<readonly Job[]>;
  /** false: the lease was lost, stop working */
  extend(job: Job, leaseMs: number, now: number): Promise<boolean>;
  complete(job: Job): Promise<boolean>;
  /** Gives the job back, due at `retryAt`; after its last attempt it becomes a dead letter. */
  fail(job: Job, error: string, retryAt: number, now: number): Promise<boolean>;
  dead(queue: string, limit: number): Promise<readonly DeadJob[]>;
  /** Makes a dead letter due again with all its attempts. */
  revive(id: number, now: number): Promise<boolean>;
}

/**
 * One thing that the authorization server keeps: a token, a grant, a session, a client, an account, a launch. What is secret is hashed or
 * encrypted before it comes here. The names of the lookup fields are those of oidc-provider's adapter contract.
 */
export interface TokenRecord {
  /** `AccessToken`, `RefreshToken`, `Grant`, `Client`, `Account`, … */
  readonly model: string;
  /** for a secret: its SHA-256, never the secret itself */
  readonly id: string;
  /** JSON text; never changed by the store */
  readonly payload: string;
  /** ms since 1970: from then on it is as if it were not there; absent: it stays */
  readonly expiresAt?: number;
  /** ms since 1970, set by `consume` */
  readonly consumedAt?: number;
  readonly grantId?: string;
  readonly uid?: string;
  readonly userCode?: string;
  readonly accountId?: string;
  readonly clientId?: string;
}

export type TokenLookup = 'grantId' | 'uid' | 'userCode' | 'accountId' | 'clientId';

/**
 * Durable when a promise resolves, and seen by the next call on every thread of the process (by another process of the embedded store some
 * milliseconds later). Records are never changed: what `find` gave may be compared by identity. Every lookup leaves out what has expired at `now` (ms).
 */
export interface TokenStore {
  find(model: string, id: string, now: number): Promise<TokenRecord | undefined>;
  /** The records of a model that carry this value, newest first, at most `limit`; `model` undefined: of all models. */
  findBy(
    by: TokenLookup,
    value: string,
    now: number,
    options?: { readonly model?: string; readonly limit?: number },
  ): Promise<readonly TokenRecord[]>;
  /** All records of a model by id, after the id `after`, at most `limit`. */
  list(model: string, now: number, limit: number, after?: string): Promise<readonly TokenRecord[]>;
  /** Makes or replaces; a replaced record keeps its `consumedAt`. */
  put(record: TokenRecord): Promise<void>;
  /** Makes; false, and nothing happens, where there is a living one of that model and id. Of two racers one gets true. */
  add(record: TokenRecord, now: number): Promise<boolean>;
  /** Marks as used; false where it is not there, has expired or was used before. Of two racers one gets true. */
  consume(model: string, id: string, now: number): Promise<boolean>;
  /** false: there was none */
  remove(model: string, id: string): Promise<boolean>;
  /** Removes every record of the grant, the `Grant` itself (by id) included; gives their number. */
  removeGrant(grantId: string): Promise<number>;
  /** Removes up to `limit` records that expired before `now`; gives their number. */
  purge(now: number, limit: number): Promise<number>;
}

/** All that is kept for one tenant. */
export interface TenantStore {
  readonly resources: ResourceStore;
  readonly feed: FeedStore;
  readonly jobs: JobStore;
  readonly tokens: TokenStore;
  readonly audit: AuditStore;
  /** 32 random bytes made on first open and kept with the data: signs cursors */
  readonly secret: Uint8Array;
  /** resolves when the store answers, rejects otherwise (for /readyz) */
  ping(): Promise<void>;
}

/** One adapter: a database a tenant. */
export interface Stores {
  /** Opens (makes on first use, migrates when needed) the database of a tenant. Names match `[a-z0-9-]{1,40}`. Idempotent. */
  tenant(name: string): Promise<TenantStore>;
  tenants(): Promise<readonly string[]>;
  /** absent: this adapter keeps none */
  readonly concepts?: ConceptStore;
  close(): Promise<void>;
}
