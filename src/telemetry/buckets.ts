/** What is counted of requests and commits, and the bounds of the histograms it goes into. */
export interface Counted {
  readonly method: string;
  /** name from the route table */
  readonly interaction: string;
  readonly status: number;
  readonly milliseconds: number;
}

/** One group of commits. */
export interface Committed {
  readonly store: 'sqlite' | 'mongo';
  /** units of work in the group */
  readonly together: number;
  readonly milliseconds: number;
}

/** seconds */
export const LATENCY_BOUNDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** units of work in a group */
export const COMMIT_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] as const;
