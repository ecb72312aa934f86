/** What is counted of a request, and the bounds (in seconds) of the histogram it goes into. */
export interface Counted {
  readonly method: string;
  readonly interaction: string;
  readonly status: number;
  readonly milliseconds: number;
}

export const LATENCY_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
