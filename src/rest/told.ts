/** What a request has told or done so far: handlers say so, and the audit trail is made of it (witness.ts). */

/** A version that a request tells of or makes. */
export interface Told {
  readonly type: string;
  readonly id: string;
  readonly versionId?: number;
  readonly body?: Uint8Array;
  /** the version before: it may concern another patient */
  readonly before?: Uint8Array;
}

/** What one request has told so far. */
export interface Witness {
  readonly told: Told[];
  /** the notes of what it wrote are kept with the commit */
  committed: boolean;
}

export const newWitness = (): Witness => ({ told: [], committed: false });
