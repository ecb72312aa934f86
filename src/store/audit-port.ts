/** The port of the audit trail: append-only, hash-chained, each chain proved with the secret of its tenant (docs/adr/0031). */

/** What is appended to the audit trail together. */
export interface NewAuditPage {
  /** ms since 1970 of the oldest and of the newest of it */
  readonly since: number;
  readonly at: number;
  /** text in UTF-8, one JSON object a line; the store never looks into it, and owns it after the call */
  readonly body: Uint8Array;
  /** whom and what it concerns, to find it by: `Patient/1`, `client:growth-chart`, `account:…`; each once */
  readonly keys: readonly string[];
}

/** As it is kept: the store may make one page of several that are appended in the same moment. */
export interface AuditPage extends NewAuditPage {
  /** the chain that it belongs to: one for the embedded store, one for each process and thread that writes to a database server */
  readonly chain: string;
  /** 1, 2, 3 … within the chain, without a gap */
  readonly seq: number;
  /** SHA-256, base64url, over the hash of the page before and all of this one (`audit-chain.ts`) */
  readonly hash: string;
  /** proof that the hash was made with the secret of the tenant */
  readonly mac: string;
}

/** Where a chain ends. */
export interface AuditHead {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
  readonly mac: string;
}

/** The names of all chains that were ever begun, with a proof. */
export interface AuditRegister {
  readonly chains: readonly string[];
  readonly mac: string;
}

export interface AuditQuery {
  /** only pages that carry one of these keys */
  readonly keys?: readonly string[];
  /** ms since 1970, inclusive: only pages that may hold something of this time */
  readonly from?: number;
  readonly to?: number;
  /** at least 1 */
  readonly limit: number;
  /** go on behind this position of a page of before */
  readonly after?: string;
}

/** Append-only and hash-chained: nothing here changes or removes. */
export interface AuditStore {
  /**
   * Survives the end of the process when the promise resolves; what is appended alone (not with a commit) may be lost for the last quarter of a second when
   * the power fails (docs/adr/0031). Throws FhirError `busy` when too much is waiting or the store cannot write.
   */
  append(page: NewAuditPage): Promise<void>;
  /** Newest first. Each page comes with its position, which `after` takes. */
  read(query: AuditQuery): Promise<readonly { readonly page: AuditPage; readonly position: string }[]>;
  /** every page of every chain in order of chain and seq, for verify and export; bounded memory */
  walk(): AsyncIterable<AuditPage>;
  /** where each chain ends, kept apart from the pages themselves: so a tail that was cut off is found */
  heads(): Promise<readonly AuditHead[]>;
  /** kept apart from both: so a chain that was removed with its head is found; undefined before the first page */
  register(): Promise<AuditRegister | undefined>;
}
